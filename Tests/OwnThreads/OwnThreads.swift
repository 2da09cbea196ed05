import Dispatch
import Synchronization
public import Testing

/// Runs tests that block, as those do that wait for processes and servers, or that compute for seconds, on threads of their
/// own. The pool of Swift's concurrency has a thread for each processor and no more, and what is ready waits in one line: a
/// test that keeps a thread holds up each step of all the others, also of those that have other threads.
public struct OwnThreadsTrait: SuiteTrait, TestTrait, TestScoping {
    fileprivate let turns: Turns?

    /// For the tests within, not for the suite.
    public var isRecursive: Bool { true }

    private static let threads = Threads()

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        await turns?.take()
        defer { turns?.giveBack() }
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

/// So many tests at once; others wait in line.
private final class Turns: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free == 0 { state.waiting.append(continuation) } else { state.free -= 1 }
                return state.waiting.isEmpty
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack() {
        let next = state.withLock { state in
            if state.waiting.isEmpty { state.free += 1 }
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }
        next?.resume()
    }
}

extension Trait where Self == OwnThreadsTrait {
    /// On a thread of its own at once: for suites, each serialized, that mostly wait.
    public static var ownThreads: Self { Self(turns: nil) }

    /// On a thread of its own when it is its turn: for what computes. Two such tests run at once: on a machine that is any
    /// busier, what other tests wait for does not come in time.
    public static var ownThreadsInTurn: Self { Self(turns: inTurn) }
}

private let inTurn = Turns(2)
