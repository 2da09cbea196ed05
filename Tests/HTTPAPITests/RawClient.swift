import HTTPTypes
import HummingbirdTesting

/// One request over a connection of its own.
enum RawClient {
    static func get(port: Int, _ path: String) async throws {
        let client = TestClient(host: "localhost", port: port)
        client.connect()
        _ = try? await client.execute(.init(path, method: .get, authority: "localhost:\(port)"))
        try? await client.shutdown()
    }
}
