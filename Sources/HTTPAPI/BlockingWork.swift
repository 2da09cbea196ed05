import Base
import NIOPosix
import Stores
import Synchronization

/// Threads for what blocks: calls of the log and of view stores. They never run on the threads that carry requests, of
/// which there are as many as cores, so that a slow disk slows the answers that need it and no others.
///
/// Queries have threads of their own, as many as stores have connections for them: more would wait for each other, and what
/// appends and follows does not wait for people's queries. Beyond a number that waits, and after a time, they are refused.
final class BlockingWork: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: APILimits.blockingThreads)
    private let queryThreads: NIOThreadPool
    private let queriesMax: Int
    private let queryWait: TimeSpan
    private let queries = Atomic(0)

    /// - Parameters:
    ///   - queryThreads: queries that run at once.
    ///   - queriesWaitingMax: queries that wait beside them.
    ///   - queryWait: how long one waits.
    init(
        queryThreads: Int, queriesWaitingMax: Int = APILimits.queriesWaitingMax, queryWait: TimeSpan = APILimits.queryWait
    ) {
        self.queryThreads = NIOThreadPool(numberOfThreads: queryThreads)
        queriesMax = queryThreads + queriesWaitingMax
        self.queryWait = queryWait
        threads.start()
        self.queryThreads.start()
    }

    /// Queries that run or wait.
    var queryCount: Int { queries.load(ordering: .relaxed) }

    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await threads.runIfActive(body)
    }

    /// Throws `view.busy` where too many wait, or this one waited for too long.
    func query<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try admitQuery()
        defer { endQuery() }
        let watch = Stopwatch()
        return try await queryThreads.runIfActive { [self] in
            if let error = waitedTooLong(watch) { throw error }
            return try body()
        }
    }

    /// Counts a query that is to run or wait. Throws `view.busy` where too many do.
    func admitQuery() throws {
        guard queries.add(1, ordering: .relaxed).newValue <= queriesMax else {
            queries.subtract(1, ordering: .relaxed)
            throw Self.busy("\(queriesMax) queries run or wait")
        }
    }

    func endQuery() { queries.subtract(1, ordering: .relaxed) }

    /// What a query is told that came to its turn after longer than it may wait.
    func waitedTooLong(_ watch: Stopwatch) -> EngineError? {
        guard watch.elapsedNanoseconds > UInt64(queryWait.microseconds) * 1_000 else { return nil }
        return Self.busy("the query has waited for others for more than \(queryWait)")
    }

    /// Runs the body in turn with the queries; false: at once, because the threads have ended.
    func submitQuery(_ body: @escaping @Sendable (_ isRunning: Bool) -> Void) {
        queryThreads.submit { body($0 == .active) }
    }

    private static func busy(_ what: String) -> EngineError {
        EngineError(
            .viewBusy, .environment, what, remedy: "Ask again later, or ask for less at once.", isTransient: true)
    }

    func shutdown() async throws {
        try await threads.shutdownGracefully()
        try await queryThreads.shutdownGracefully()
    }
}
