import NIOPosix

/// Threads for what blocks: calls of the log and of view stores. They never run on the threads that carry requests, of
/// which there are as many as cores, so that a slow disk slows the answers that need it and no others.
///
/// Queries have threads of their own, as many as stores have connections for them: more would wait for each other, and what
/// appends and follows does not wait for people's queries.
final class BlockingWork: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: APILimits.blockingThreads)
    private let queryThreads = NIOThreadPool(numberOfThreads: APILimits.queryThreads)

    init() {
        threads.start()
        queryThreads.start()
    }

    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await threads.runIfActive(body)
    }

    func query<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await queryThreads.runIfActive(body)
    }

    func shutdown() async throws {
        try await threads.shutdownGracefully()
        try await queryThreads.shutdownGracefully()
    }
}
