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
