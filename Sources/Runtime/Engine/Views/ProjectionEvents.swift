import Base
import Telemetry

struct ProjectionApplied: InternalEvent {
    static let name = "projection_applied"
    static let level = EventLevel.debug
    var view: String
    var partition: PartitionNumber
    var records: Int
    var rows: Int
    var next: Offset
    var nanoseconds: UInt64
    var message: String { "Rows are in the view." }
    var fields: [EventField] {
        [
            EventField("view", view), EventField("partition", partition.number), EventField("records", records),
            EventField("rows", rows), EventField("next_offset", next.number), EventField("milliseconds", Double(nanoseconds) / 1e6),
        ]
    }
    var effects: [MetricEffect] {
        [.time(.projectionSeconds, nanoseconds: nanoseconds, ["view": view]), .add(records, to: .projectedRecords, ["view": view])]
    }
}

struct ProjectionConflicted: InternalEvent {
    static let name = "projection_conflicted"
    static let level = EventLevel.warning
    var view: String
    var partition: PartitionNumber
    var expected: Offset
    var message: String { "The view's table had moved on; the projection was rolled back and goes on from there." }
    var fields: [EventField] {
        [EventField("view", view), EventField("partition", partition.number), EventField("expected_offset", expected.number)]
    }
    var effects: [MetricEffect] { [.add(1, to: .projectionConflicts, ["view": view])] }
}

/// A line when it begins and now and then while it lasts; `ProjectionTried` counts.
struct ProjectionFailed: InternalEvent {
    static let name = "projection_failed"
    static let level = EventLevel.error
    var view: String
    var error: EngineError
    var retryIn: TimeSpan?
    var message: String {
        retryIn.map { "The view stands still; tried again in \($0), and until it goes on." } ?? "Rows are projected at the next start."
    }
    var fields: [EventField] {
        [EventField("view", view), EventField("code", error.code.text), EventField("error", error.description)]
    }
}

struct ProjectionTried: InternalEvent {
    static let name = "projection_tried"
    static let level = EventLevel.debug
    var view: String
    var code: ErrorCode
    var message: String { "A try to project rows has failed." }
    var fields: [EventField] { [EventField("view", view), EventField("code", code.text)] }
    var effects: [MetricEffect] { [.add(1, to: .projectionFailures)] }
}

struct ProjectionRecovered: InternalEvent {
    static let name = "projection_recovered"
    static let level = EventLevel.info
    var view: String
    var trouble: ViewTrouble
    var now: EventTime
    var message: String { "The view goes on where it stood." }
    var fields: [EventField] {
        [
            EventField("view", view), EventField("code", trouble.error.text), EventField("tries", trouble.tries),
            EventField("seconds", (now - trouble.since).seconds),
        ]
    }
}

struct ProjectionLeft: InternalEvent {
    static let name = "projection_left"
    static let level = EventLevel.info
    var view: String
    var partition: PartitionNumber
    var message: String { "Another process projects this partition into the same table; this one looks on." }
    var fields: [EventField] { [EventField("view", view), EventField("partition", partition.number)] }
}

struct ProjectionTakenUp: InternalEvent {
    static let name = "projection_taken_up"
    static let level = EventLevel.info
    var view: String
    var partition: PartitionNumber
    var next: Offset
    var message: String { "This process projects the partition from here on." }
    var fields: [EventField] {
        [EventField("view", view), EventField("partition", partition.number), EventField("next_offset", next.number)]
    }
}

struct RebuildJoined: InternalEvent {
    static let name = "view_rebuild_joined"
    static let level = EventLevel.info
    var view: String
    var number: Int64
    var message: String { "The view's table is filled anew from its topic, while the old one serves." }
    var fields: [EventField] { [EventField("view", view), EventField("number", number)] }
}

struct RebuildFailed: InternalEvent {
    static let name = "view_rebuild_failed"
    static let level = EventLevel.error
    var view: String
    var error: EngineError
    var retryIn: TimeSpan
    var message: String { "The view's new table stands still, the old one goes on; tried again in \(retryIn)." }
    var fields: [EventField] {
        [EventField("view", view), EventField("code", error.code.text), EventField("error", error.description)]
    }
}

struct ViewRebuilt: InternalEvent {
    static let name = "view_rebuilt"
    static let level = EventLevel.info
    var view: String
    var number: Int64
    var message: String { "The view's new table has taken the old one's place." }
    var fields: [EventField] { [EventField("view", view), EventField("number", number)] }
}
