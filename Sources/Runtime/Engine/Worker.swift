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
    /// One a task, in their order.
    private var reporters: [TaskReporter]

    init(tasks: [TopologyTask], log: any EventLog, clock: any WallClock, board: StatusBoard, stop: StopSignal) {
        self.tasks = tasks
        self.log = log
        self.clock = clock
        self.board = board
        self.stop = stop
        backoff = Backoff(stop: stop)
        reporters = tasks.map { TaskReporter($0.id) }
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
        for (index, task) in tasks.enumerated() {
            let before = ended(task), now = clock.now()
            if try task.step(now: now) { didWork = true }
            if ended(task) != before { publish(index, now: now) }
            reporters[index].tellWaiting(now: now)
            if stop.isStopping { break }
        }
        return didWork
    }

    /// Epochs of a task that came to their end, well or not.
    private func ended(_ task: TopologyTask) -> Int { task.currentStatus.counters.commits + task.currentStatus.counters.aborts }

    private func publish(_ index: Int, now: EventTime) {
        let status = tasks[index].currentStatus
        board.publish(status)
        reporters[index].tell(status, now: now)
    }

    /// Until the next clock reading or the next commit, whichever is first.
    private var waitSpan: TimeSpan {
        tasks.map(\.settings.commitInterval).min().map { min($0, Limits.tickInterval) } ?? Limits.tickInterval
    }

    private func finish() {
        guard stop.failure == nil else { return }
        for (index, task) in tasks.enumerated() {
            do {
                try task.commit()
                publish(index, now: clock.now())
                reporters[index].tellWaiting(now: nil)
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
    var effects: [MetricEffect] { [.add(1, to: .taskFailures)] }
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
