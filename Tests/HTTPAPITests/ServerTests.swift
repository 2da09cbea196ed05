import Base
import Columns
import HTTPTypes
import HummingbirdTesting
import Logging
import ServiceLifecycle
import Stores
import Synchronization
import Telemetry
import Testing

@testable import HTTPAPI

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func append(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

@Suite struct ServerTests {
    @Test func `health says what runs, and 503 once it stops`() async throws {
        try await withAPI { api, engine async throws in
            let answer = try await api.get("/health")
            #expect(answer.status == 200)
            #expect(answer.text == """
                {"status":"running","version":"1.2.3","uptime_s":90,"topologies":[{"topology":"usage","tasks":[{"partition":0,"epoch":7,\
                "watermark":"1970-01-01T00:00:50Z","clock":null,"records":3,"late":1,"late_by_stream":{"usage_5m":1},\
                "dead_letters":2,"dead_letters_by_code":{"decode.syntax":2},"positions":[{"topic":"events",\
                "partition":0,"next_offset":3,"max_event_time":"1970-01-01T00:01:00Z","idle":false}]}],"standing_views":[]}]}

                """)
            engine.status.withLock { $0 = .stopping }
            #expect(try await api.get("/health").status == 503)
        }
    }

    @Test func `the status says how far each task is, what it lags behind and what holds its watermark`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/status")
            #expect(answer.status == 200)
            let figures = """
                "lag_records":12,"lag_s":2.5,"records_per_s":100.5,"rows_out_per_s":2.0,\
                "state":{"bytes":4096,"open_windows":2,"groups":5},"records":3,"rows_out":0,"windows_closed":4,"late":1,\
                "late_by_stream":{"minutes":1},"dead_letters":2,"dead_letters_by_code":{"decode.wrong_type":2},"commits":0,"aborts":0
                """
            let source = """
                "kind":"source","source":"readings","topic":"events","partition":0,"max_event_time":"1970-01-01T00:01:00Z","out_of_order_s":10.0,"idle_after_s":60.0,\
                "still_since":"1970-01-01T00:01:10Z","still_s":30.0,"idle":false
                """
            let watermark = #""watermark":"1970-01-01T00:00:50Z","watermark_age_s":50.0,"held_by":{\#(source)}"#
            #expect(answer.text == """
                {"status":"running","version":"1.2.3","uptime_s":90.0,"read_at":"1970-01-01T00:01:40Z",\
                "process":{"resident_bytes":1048576,"cpu_s":1.5,"disk_bytes":2097152},\
                "topologies":[{"topology":"usage",\(watermark),\(figures),\
                "tasks":[{"partition":0,"phase":"running","epoch":7,\(watermark),"clock":"1970-01-01T00:01:39Z",\
                "last_commit":{"at":"1970-01-01T00:01:39Z","age_s":1.0,"took_s":0.0125},\(figures),\
                "inputs":[{\(source),"watermark":"1970-01-01T00:00:50Z","read_at":"1970-01-01T00:01:30Z",\
                "next_offset":3,"lag_records":12,"lag_s":2.5}]}],\
                "views":[{"view":"usage","rows":12,"lag_records":1,"watermark":"1970-01-01T00:00:40Z","watermark_age_s":60.0,\
                "partitions":[{"partition":0,"next_offset":12,"lag_records":1,"watermark":"1970-01-01T00:00:40Z"}]}]}]}

                """)
            #expect(try await api.get("/api/v1/status?x=1").status == 400)
        }
    }

    @Test func `an unknown path is 404 and names the paths there are`() async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.get("/api/v1/veiws")
            #expect(answer.status == 404 && answer.errorCode == "api.unknown_path" && answer.errorText.contains("/api/v1/views"))
        }
    }

    @Test(arguments: [
        ("/health", "GET, HEAD"), ("/api/v1/status", "GET, HEAD"), ("/api/v1/topics", "GET, HEAD"), ("/api/v1/topics/events/records", "GET, HEAD, POST"),
        ("/api/v1/producers/a", "GET, HEAD"), ("/api/v1/views", "GET, HEAD"), ("/api/v1/views/usage", "GET, HEAD"),
    ])
    func `a wrong method is 405 with those that do`(_ path: String, _ allow: String) async throws {
        try await withAPI { api, _ async throws in
            let answer = try await api.send(.put, path)
            #expect(answer.status == 405 && answer.headers[.allow] == allow && answer.errorCode == "api.method_not_allowed")
        }
    }

    @Test func `an error of the surroundings is 503, and says when to come again`() async throws {
        try await withAPI { api, engine async throws in
            engine.failure.withLock { $0 = EngineError(ErrorCode("store.disk_full"), .environment, "full", remedy: "free", isTransient: true) }
            let answer = try await api.post("/api/v1/topics/events/records", "{}")
            #expect(answer.status == 503 && answer.errorCode == "store.disk_full" && answer.headers[.retryAfter] == "1")
        }
    }

    @Test func `an error that nobody foresaw is 500 with an id, and tells nothing of its inside`() async throws {
        struct Secret: Error {}
        let log = Lines()
        try await withAPI { api, engine async throws in
            Telemetry.start(level: .error, format: .json, clock: ManualClock(.earliest), output: LineOutput(log.append))
            engine.failure.withLock { $0 = Secret() }
            let answer = try await api.post("/api/v1/topics/events/records", "{}")
            #expect(answer.status == 500 && answer.errorCode == "api.unexpected" && !answer.text.contains("Secret"))
            let id = try #require(answer.json?["error"]?["request_id"]?.string)
            let line = try #require(log.all.first { $0.contains(id) })
            #expect(line.contains("request_failed") && line.contains("error") && line.contains("Secret"))
        }
    }

    @Test func `a request that a web page makes is refused, and one from here is not`() async throws {
        try await withAPI { api, _ async throws in
            #expect(try await api.get("/health", headers: ["Origin": "https://evil.example"]).errorCode == "api.foreign_host")
            #expect(try await api.get("/health", headers: ["Origin": "null"]).status == 403)
            #expect(try await api.get("/health", headers: ["Origin": "http://localhost:3000"]).status == 200)
            #expect(try await api.get("/health", headers: ["Origin": "http://localhost.evil.example"]).status == 403)
        }
    }

    @Test(arguments: ["0.0.0.0", "192.168.1.4", "::", "example.com", "127.evil.example", "", "localhost.example"])
    func `an address that others can reach is refused`(_ host: String) throws {
        let error = #expect(throws: EngineError.self) {
            _ = try HTTPServer(engine: FakeEngine(), clock: ManualClock(.earliest), address: .init(host: host, port: 0))
        }
        #expect(error?.code == .apiNotLoopback && error?.remedy != nil)
    }

    @Test func `the server tells its port, ends on shutdown, and a second one on the port is refused`() async throws {
        let engine = try FakeEngine()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = try HTTPServer(engine: engine, clock: ManualClock(.earliest), address: .init(port: 0)) { port.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [server], logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var bound = ports.makeAsyncIterator()
            let number = try #require(await bound.next())
            #expect(number > 0)
            let second = try HTTPServer(engine: engine, clock: ManualClock(.earliest), address: .init(port: number))
            let error = await #expect(throws: EngineError.self) { try await second.run() }
            #expect(error?.code == .apiPortInUse && error?.message.contains("\(number)") == true)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func `a follower gets records as they arrive, until it has its limit`() async throws {
        try await withAPI(.live) { api, engine async throws in
            try engine.append(key: nil, value: Array("0".utf8))
            async let followed = api.get("/api/v1/topics/single/records?follow=true&offset=0&limit=4")
            for n in 1...3 {
                try await Task.sleep(for: .milliseconds(30))
                try engine.append(key: nil, value: Array("\(n)".utf8))
            }
            #expect(try await followed.lines.compactMap { $0["value"]?.int } == [0, 1, 2, 3])
        }
    }

    private static let followed = ["/api/v1/topics/single/records?follow=true", "/api/v1/views/usage/changes"]

    @Test(.timeLimit(.minutes(5)), arguments: followed) func `a follower ends with the server`(_ path: String) async throws {
        let engine = try FakeEngine()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = try HTTPServer(engine: engine, clock: ManualClock(.earliest), address: .init(port: 0)) { port.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [server], logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var bound = ports.makeAsyncIterator()
            let number = try #require(await bound.next())
            tasks.addTask { try await RawClient.get(port: number, path) }
            try await Task.sleep(for: .milliseconds(200))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test(arguments: followed)
    func `a follower that goes gives its place back, and places are counted`(_ path: String) async throws {
        try await withAPI(.live) { api, _ async throws in
            let port = try #require(api.client.port)
            let client = TestClient(host: "localhost", port: port)
            client.connect()
            try await client.executeAndDontWaitForResponse(.init(path, method: .get, authority: "localhost:\(port)"))
            try await Self.wait { api.signal.followerCount == 1 }
            try await client.close()
            try await Self.wait { api.signal.followerCount == 0 }
            try? await client.shutdown()
            let places = try (0..<APILimits.followersMax).map { _ in try api.signal.enter() }
            let answer = try await api.get(path)
            #expect(answer.status == 503 && answer.errorCode == "api.too_many_followers")
            #expect(try await api.send(.head, "/api/v1/topics/single/records").status == 200)
            withExtendedLifetime(places) {}
        }
    }

    private static func wait(_ condition: () -> Bool) async throws {
        for _ in 0..<500 where !condition() { try await Task.sleep(for: .milliseconds(20)) }
        try #require(condition())
    }
}
