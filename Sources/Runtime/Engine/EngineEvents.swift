import Base
import Telemetry

struct TaskRestored: InternalEvent {
    static let name = "task_restored"
    static let level = EventLevel.debug
    var status: TaskStatus
    var nanoseconds: UInt64
    var message: String { "A task stands where its last epoch left it." }
    var fields: [EventField] {
        [
            EventField("task", status.task), EventField("epoch", status.epoch.number), EventField("watermark", status.watermark),
            EventField("milliseconds", Double(nanoseconds) / 1e6),
        ]
    }
    var effects: [MetricEffect] { [.time(.restoreSeconds, nanoseconds: nanoseconds, ["topology": status.task.topology])] }
}

struct TaskFenced: InternalEvent {
    static let name = "task_fenced"
    static let level = EventLevel.warning
    var task: TaskID
    var error: EngineError
    var wasRestoring: Bool
    var message: String { "Another process has taken a task over; it is taken up again if it is still this one's." }
    var fields: [EventField] {
        [EventField("task", task), EventField("code", error.code.text), EventField("error", error.message),
         EventField("was_restoring", wasRestoring)]
    }
}

struct TaskStepFailed: InternalEvent {
    static let name = "task_step_failed"
    static let level = EventLevel.error
    var task: TaskID
    var error: EngineError
    var retryIn: TimeSpan?
    var message: String { retryIn.map { "A task's step failed and is tried again in \($0)." } ?? "The last epoch was not committed." }
    var fields: [EventField] {
        [EventField("task", task), EventField("code", error.code.text), EventField("error", error.description)]
    }
    var effects: [MetricEffect] { [.add(1, to: .taskFailures)] }
}

/// What a group has decided about this process's tasks.
struct TasksMoved: InternalEvent {
    static let name = "tasks_moved"
    static let level = EventLevel.info
    enum Change: String {
        case assigned, revoked, lost
    }
    var topology: String
    var change: Change
    var partitions: [PartitionNumber]
    var message: String {
        switch change {
        case .assigned: "Tasks are this process's from now on."
        case .revoked: "Tasks go to another process; what was open is committed."
        case .lost: "Tasks are another process's; what was open is dropped."
        }
    }
    var fields: [EventField] {
        [
            EventField("topology", topology), EventField("change", change.rawValue),
            EventField("tasks", partitions.map(\.description).joined(separator: ",")),
        ]
    }
}

/// A worker has not let go of tasks in time.
struct WithdrawalTimedOut: InternalEvent {
    static let name = "withdrawal_timed_out"
    static let level = EventLevel.warning
    var topology: String
    var message: String { "A commit hangs while its task goes to another process; it will be fenced there." }
    var fields: [EventField] { [EventField("topology", topology)] }
}

struct MembershipFailed: InternalEvent {
    static let name = "membership_failed"
    static let level = EventLevel.error
    var topology: String
    var error: EngineError
    var retryIn: TimeSpan?
    var message: String {
        retryIn.map { "The group of a topology cannot be reached; tried again in \($0)." } ?? "The group of a topology was not left."
    }
    var fields: [EventField] {
        [EventField("topology", topology), EventField("code", error.code.text), EventField("error", error.message)]
    }
}

struct JournalsFailed: InternalEvent {
    static let name = "journals_failed"
    static let level = EventLevel.error
    var error: EngineError
    var retryIn: TimeSpan
    var message: String { "What other processes do cannot be read; tried again in \(retryIn)." }
    var fields: [EventField] { [EventField("code", error.code.text), EventField("error", error.message)] }
}

struct EngineStarted: InternalEvent {
    static let name = "engine_started"
    static let level = EventLevel.info
    var topologies: [String]
    var tasks: Int
    var message: String { "The engine runs." }
    var fields: [EventField] { [EventField("topologies", topologies.joined(separator: ",")), EventField("tasks", tasks)] }
}

struct EngineStopped: InternalEvent {
    static let name = "engine_stopped"
    static let level = EventLevel.info
    var failure: EngineError?
    var message: String {
        failure == nil ? "The engine stopped; everything is committed." : "The engine stopped because of a failure."
    }
    var fields: [EventField] { failure.map { [EventField("code", $0.code.text), EventField("error", $0.message)] } ?? [] }
}
