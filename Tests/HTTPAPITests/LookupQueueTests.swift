import Base
import Columns
import Dispatch
import NIOCore
import Stores
import Synchronization
import Testing

@testable import HTTPAPI

/// The fake engine's views, which answer lookups together once the gate lets them.
private final class JoinedViews: ViewStore {
    let views: any ViewStore
    let gate = DispatchSemaphore(value: 0)
    /// How many lookups each call was for.
    let calls = Mutex<[Int]>([])

    init(_ views: any ViewStore) { self.views = views }

    var lookups: (together: Int, calls: Int) { (4, 1) }

    func pages(_ requests: [ViewPageRequest]) -> [Result<ViewPage, any Error>] {
        calls.withLock { $0.append(requests.count) }
        gate.wait()
        return views.pages(requests)
    }

    var queriesMax: Int { views.queriesMax }
    func prepare(_ view: ViewDefinition) throws { try views.prepare(view) }
    func positions(of view: String, log: LogID) throws -> [PartitionNumber: ViewPosition] { try views.positions(of: view, log: log) }
    func apply(_ change: ViewChange) throws -> ViewOutcome { try views.apply(change) }
    func rebuild(of view: String) throws -> ViewRebuild? { try views.rebuild(of: view) }
    func beginRebuild(of view: String, at now: EventTime) throws -> ViewRebuild { try views.beginRebuild(of: view, at: now) }
    func finishRebuild(of view: String, number: Int64, at now: EventTime) throws -> RebuildOutcome {
        try views.finishRebuild(of: view, number: number, at: now)
    }
    func cancelRebuild(of view: String, at now: EventTime) throws -> Bool { try views.cancelRebuild(of: view, at: now) }
    func rowCount(of view: String) throws -> Int { try views.rowCount(of: view) }
    func query(_ query: ViewQuery) throws -> ViewRows { try views.query(query) }
    func page(_ query: ViewQuery, to writer: RowWriter) throws -> ViewPage { try views.page(query, to: writer) }
}

@Suite struct LookupQueueTests {
    private let engine: FakeEngine
    private let views: JoinedViews

    init() throws {
        engine = try FakeEngine()
        views = JoinedViews(engine.sqlite)
        engine.joined.withLock { [views] in $0 = views }
    }

    /// The engine's `n`th row.
    private func output(_ n: Int) -> RowsOutput {
        let filter = ViewQuery.Filter.all([
            .compare(column: "id", .equal, .string("i-\(n % 3)")),
            .compare(column: "window_start", .equal, .timestamp(EventTime(seconds: Int64(n) * 300))),
        ])
        let query = ViewQuery(view: FakeEngine.usage, select: [.init("id")], filter: filter, order: [], limit: 1, offset: 0)
        return RowsOutput(query: query, pages: PageScope(query, conditions: [], now: EventTime(seconds: 1_000)))
    }

    private func pause(until isSo: () -> Bool) async throws {
        while !isSo() { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func `lookups that come while one is under way go to the store together, and each has its own answer`() async throws {
        let work = BlockingWork(queryThreads: 2, queryWait: .hours(1)), queue = LookupQueue(engine, work)
        let outputs = (0..<7).map { output($0) }
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for (index, output) in outputs.enumerated() {
                group.addTask { (index, String(buffer: try await queue.page(output, as: .lines).body)) }
                try await pause { work.queryCount == index + 1 && views.calls.withLock { !$0.isEmpty } }
            }
            for _ in 0..<7 { views.gate.signal() }
            for try await (index, text) in group {
                let alone = try outputs[index].page(as: .lines, from: engine.sqlite, partitionCount: 1)
                #expect(text == String(buffer: alone.body) && text == "{\"id\":\"i-\(index % 3)\"}\n")
            }
        }
        #expect(views.calls.withLock { $0 } == [1, 4, 2])
        #expect(work.queryCount == 0)
        try await work.shutdown()
    }

    @Test func `lookups beyond those that may wait are refused, and those that waited for too long`() async throws {
        let work = BlockingWork(queryThreads: 1, queriesWaitingMax: 1, queryWait: TimeSpan(microseconds: 0))
        let queue = LookupQueue(engine, work), output = output(1)
        let late = await #expect(throws: EngineError.self) { _ = try await queue.page(output, as: .json) }
        #expect(late?.code == .viewBusy && views.calls.withLock { $0.isEmpty })
        try work.admitQuery()
        try work.admitQuery()
        let refused = await #expect(throws: EngineError.self) { _ = try await queue.page(output, as: .json) }
        #expect(refused?.code == .viewBusy)
        #expect(work.queryCount == 2)
        try await work.shutdown()
    }

    @Test func `lookups that wait when the server ends are let go`() async throws {
        let work = BlockingWork(queryThreads: 1, queryWait: .hours(1)), queue = LookupQueue(engine, work)
        let output = output(1)
        async let first = Result { try await queue.page(output, as: .lines) }
        try await pause { views.calls.withLock { !$0.isEmpty } }
        async let second = Result { try await queue.page(output, as: .lines) }
        try await pause { work.queryCount == 2 }
        async let ended: Void = work.shutdown()
        try await Task.sleep(for: .milliseconds(50))
        views.gate.signal()
        views.gate.signal()
        let answers = await (first, second)
        #expect((try? answers.0.get()) != nil)
        try await ended
        #expect(work.queryCount == 0)
    }
}

extension Result where Failure == any Error, Success: Sendable {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
