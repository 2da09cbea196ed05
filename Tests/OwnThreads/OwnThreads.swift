import Dispatch
public import Testing

/// Runs tests that block, as those do that wait for processes and servers, or that compute for seconds, on threads of their
/// own. The pool of Swift's concurrency has a thread for each processor and no more, and what is ready waits in one line: a
/// test that keeps a thread holds up each step of all the others, also of those that have other threads.
///
/// Suites of such tests are serialized as well: how many run at once is then the number of suites.
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
