import Dispatch
public import Testing

/// Runs tests that block, as those do that wait for processes and servers, on threads of their own. The pool of Swift's
/// concurrency has a thread for each processor and no more: one that waits is one less for all other tests.
///
/// Suites of such tests are serialized as well: how many wait at once is then the number of suites.
public struct OwnThreadsTrait: SuiteTrait, TestTrait, TestScoping {
    /// For the tests within, not for the suite.
    public var isRecursive: Bool { true }

    private static let threads = Threads()

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(Self.threads) { try await function() }
    }

    private final class Threads: TaskExecutor {
        private let queue = DispatchQueue(label: "tests.blocking", attributes: .concurrent)

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}

extension Trait where Self == OwnThreadsTrait {
    public static var ownThreads: Self { Self() }
}
