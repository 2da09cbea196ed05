import Base
import Columns
import Dispatch
import HTTPTypes
import SQLiteViews
import Stores
import Synchronization
import Testing

@testable import HTTPAPI

/// Queries beside each other, and beside everything else that blocks.
@Suite struct BlockingWorkTests {
    @Test func `a query beyond those that may wait is told that all are busy, and others are not held up`() async throws {
        let work = BlockingWork(queryThreads: 1, queriesWaitingMax: 1, queryWait: .hours(1)), gate = DispatchSemaphore(value: 0)
        async let running: Void = work.query { gate.wait() }
        async let waiting: Void = work.query { gate.wait() }
        while work.queryCount < 2 { await Task.yield() }
        let error = await #expect(throws: EngineError.self) { try await work.query {} }
        #expect(error?.code == .viewBusy)
        let answer = error.map { APIError($0) }
        #expect(answer?.status == .serviceUnavailable && answer?.headers[.retryAfter] == "1")
        try await work.run {}
        gate.signal()
        gate.signal()
        _ = try await (running, waiting)
        try await work.query {}
        #expect(work.queryCount == 0)
        try await work.shutdown()
    }

    @Test func `a query that has waited for longer than it may is told that all are busy`() async throws {
        let work = BlockingWork(queryThreads: 1, queryWait: TimeSpan(microseconds: 0))
        let error = await #expect(throws: EngineError.self) { try await work.query {} }
        #expect(error?.code == .viewBusy)
        try await work.shutdown()
    }

    @Test func `followers and a rebuild's watchers go on while the database does not`() async throws {
        try await withAPI { api, engine async throws in
            let path = "/api/v1/views/usage/rebuild"
            #expect(try await api.get(path).json?["rebuild"]?.isNull == true)
            #expect(try await api.send(.post, path).json?["rebuild"]?["state"]?.string == "running")
            for n in 0..<12 { try engine.change("i-\(n)", "\"samples\":\(n)") }
            try engine.sqlite.close()
            #expect(try await api.get(path).json?["rebuild"]?["state"]?.string == "running")
            let reader = EventReader(try await api.get(FakeEngine.changesPath + "?from=earliest&limit=12").text)
            #expect(reader.events.map(\.name) == Array(repeating: "upsert", count: 12) + ["watermark"])
        }
    }
}
