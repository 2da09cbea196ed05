import NIOPosix

/// Threads for what blocks: calls of the log and of view stores. They never run on the threads that carry requests, of
/// which there are as many as cores, so that a slow disk slows the answers that need it and no others.
final class BlockingWork: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: APILimits.blockingThreads)

    init() { threads.start() }

    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await threads.runIfActive(body)
    }

    func shutdown() async throws { try await threads.shutdownGracefully() }
}
