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

struct ProjectionFailed: InternalEvent {
    static let name = "projection_failed"
    static let level = EventLevel.error
    var error: EngineError
    var retryIn: TimeSpan?
    var message: String {
        retryIn.map { "Rows could not be projected; tried again in \($0)." } ?? "Rows are projected at the next start."
    }
    var fields: [EventField] { [EventField("code", error.code.text), EventField("error", error.description)] }
    var effects: [MetricEffect] { [.add(1, to: .projectionFailures)] }
}
