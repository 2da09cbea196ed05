import Base
import Synchronization

/// Tells threads to stop, and keeps the first reason.
final class StopSignal: Sendable {
    private struct State {
        var isStopping = false
        var failure: EngineError?
    }

    private let state = Monitor(State())
    private let flag = Atomic<Bool>(false)

    /// Cheap enough to be asked once a batch.
    var isStopping: Bool { flag.load(ordering: .relaxed) }

    /// Asks everybody to stop; a failure that came first stays.
    func stop(because failure: EngineError? = nil) {
        state.withLock {
            $0.isStopping = true
            if $0.failure == nil { $0.failure = failure }
        }
        flag.store(true, ordering: .relaxed)
        state.wakeAll()
    }

    var failure: EngineError? { state.withLock { $0.failure } }

    /// Blocks until a stop is asked for; nil at once when the time is over first.
    @discardableResult
    func wait(timeout: TimeSpan? = nil) -> Bool {
        state.wait(timeout: timeout) { $0.isStopping ? true : nil } ?? false
    }
}
