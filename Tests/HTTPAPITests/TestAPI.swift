import Base
import Columns
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Stores
import Testing

@testable import HTTPAPI

/// An answer, with its body read as JSON.
struct Answer {
    var status: Int
    var headers: HTTPFields
    var text: String

    var json: JSONValue? { try? JSONValue.parse(text) }
    var errorCode: String? { json?["error"]?["code"]?.string }
    var errorText: String { (json?["error"]?["message"]?.string ?? "") + " " + (json?["error"]?["remedy"]?.string ?? "") }
    var allowed: [String] { json?["error"]?["allowed"]?.elements?.compactMap(\.string) ?? [] }
    var rows: [JSONValue] { json?["rows"]?.elements ?? [] }
    var lines: [JSONValue] { text.split(separator: "\n").compactMap { try? JSONValue.parse(String($0)) } }
}

/// Sends requests to the interface's router.
struct TestAPI: Sendable {
    let client: any TestClientProtocol
    let signal: AppendSignal

    func send(
        _ method: HTTPRequest.Method, _ uri: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields: HTTPFields = [:]
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        let response = try await client.executeRequest(
            uri: uri, method: method, headers: fields, body: body.map { ByteBuffer(string: $0) })
        return Answer(status: response.status.code, headers: response.headers, text: String(buffer: response.body))
    }

    func get(_ uri: String, headers: [String: String] = [:]) async throws -> Answer { try await send(.get, uri, headers: headers) }

    func post(_ uri: String, _ body: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send(.post, uri, body, headers: headers)
    }
}

/// Returns when what is ready to run does so soon. At first all tests stand in one line for the few threads there are, and a
/// client of `.live` gives up after 20 s.
private func poolToBeFree() async throws {
    let clock = ContinuousClock()
    while await clock.measure({ await Task.yield() }) > .milliseconds(100) { try await Task.sleep(for: .milliseconds(100)) }
}

/// Runs `body` against the interface of a new fake engine.
func withAPI(
    _ setup: TestingSetup = .router, pace: ChangePace = ChangePace(), _ body: @escaping @Sendable (TestAPI, FakeEngine) async throws -> Void
) async throws {
    try await poolToBeFree()
    let engine = try FakeEngine()
    let work = BlockingWork(queryThreads: engine.views.queriesMax)
    let server = try HTTPServer(engine: engine, clock: ManualClock(EventTime(seconds: 1_000)), address: .init(port: 0))
    let signal = AppendSignal(log: engine.log, work: work)
    do {
        try await server.application(work, signal: signal, pace: pace).test(setup) { client in
            try await body(TestAPI(client: client, signal: signal), engine)
        }
    } catch {
        try await work.shutdown()
        throw error
    }
    try await work.shutdown()
}
