import Base
public import Telemetry

/// Values of rows that PostgreSQL cannot hold as they came (`StorableValues`).
struct ViewValuesAdjusted: InternalEvent {
    static let name = "view_values_adjusted"
    static let level = EventLevel.warning
    var view: String
    var values: Int
    var message: String { "PostgreSQL cannot hold some values as they came; the table has what is nearest to them." }
    var fields: [EventField] { [EventField("view", view), EventField("values", values)] }
    var effects: [MetricEffect] { [.add(values, to: .viewAdjustedValues, ["view": view])] }
}

struct ViewPartitionDropped: InternalEvent {
    static let name = "view_partition_dropped"
    static let level = EventLevel.debug
    var view: String
    var table: String
    var message: String { "All rows of a partition were over, and it was dropped." }
    var fields: [EventField] { [EventField("view", view), EventField("table", table)] }
}

/// Partitions or rows that are over could not be removed; no answer shows them.
struct ViewMaintenanceFailed: InternalEvent {
    static let name = "view_maintenance_failed"
    static let level = EventLevel.warning
    var view: String
    var error: EngineError
    var message: String { "Rows that are over could not be removed; tried again as event time goes on." }
    var fields: [EventField] { [EventField("view", view), EventField("code", error.code.text), EventField("error", error.description)] }
}

extension MetricDeclaration {
    static let viewAdjustedValues = MetricDeclaration(
        "pioneer_view_adjusted_values_total", .counter, labels: ["view"],
        "Values that PostgreSQL cannot hold as they came, and that its tables hold changed.")
}

/// Every metric of views on PostgreSQL, for the registry.
public enum PostgresMetrics {
    public static let all: [MetricDeclaration] = [.viewAdjustedValues]
}
