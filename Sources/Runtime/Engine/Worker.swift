public import Base
import Stores
import Telemetry

/// A thread with the tasks it owns. Tasks share nothing; one after another takes a step, and when none has records the
/// worker waits for an append or for the next second.
final class Worker: @unchecked Sendable {
    private let tasks: [TopologyTask]
    private let log: any EventLog
    private let clock: any WallClock
    private let board: StatusBoard
    private let stop: StopSignal
    private var backoff: Backoff

    init(tasks: [TopologyTask], log: any EventLog, clock: any WallClock, board: StatusBoard, stop: StopSignal) {
        self.tasks = tasks
        self.log = log
        self.clock = clock
        self.board = board
        self.stop = stop
        backoff = Backoff(stop: stop)
    }

    /// Runs until a stop is asked for, then commits what is open. A failure that waiting cannot mend stops the engine.
    func run() {
        var seen = log.appendCount
        while !stop.isStopping {
            do {
                if try !round() {
                    log.waitForAppend(since: seen, timeout: waitSpan)
                    seen = log.appendCount
                }
                backoff.reset()
            } catch {
                backoff.handle(error) { Telemetry.emit(TaskStepFailed(error: $0, retryIn: $1)) }
            }
        }
        finish()
    }

    /// True when any task found records.
    private func round() throws -> Bool {
        var didWork = false
        for task in tasks {
            let before = task.currentStatus.counters
            if try task.step(now: clock.now()) { didWork = true }
            let counters = task.currentStatus.counters
            if (counters.commits, counters.aborts) != (before.commits, before.aborts) { board.publish(task.currentStatus) }
            if stop.isStopping { break }
        }
        return didWork
    }

    /// Until the next clock reading or the next commit, whichever is first.
    private var waitSpan: TimeSpan {
        tasks.map(\.settings.commitInterval).min().map { min($0, Limits.tickInterval) } ?? Limits.tickInterval
    }

    private func finish() {
        guard stop.failure == nil else { return }
        for task in tasks {
            do {
                try task.commit()
                board.publish(task.currentStatus)
            } catch {
                // The epoch is not committed, so nothing of it is visible: the next start does it again.
                Telemetry.emit(TaskStepFailed(error: EngineError(describing: error), retryIn: nil))
            }
        }
    }
}

struct TaskStepFailed: InternalEvent {
    static let name = "task_step_failed"
    static let level = EventLevel.error
    var error: EngineError
    var retryIn: TimeSpan?
    var message: String { retryIn.map { "A task's step failed and is tried again in \($0)." } ?? "The last epoch was not committed." }
    var fields: [EventField] { [EventField("code", error.code.text), EventField("error", error.description)] }
    var effects: [MetricEffect] { [.add(1, to: "pioneer_task_failures_total")] }
}

extension ErrorCode {
    /// Something failed that the engine has no name for.
    public static let unexpected = ErrorCode("engine.unexpected")
}

extension EngineError {
    /// The error itself, or a wrapping of one of another type.
    init(describing error: any Error) {
        self = error as? EngineError ?? EngineError(.unexpected, .internal, "unexpected error: \(error)")
    }
}
