public import Base
import Columns
import TopologyFile

extension ErrorCode {
    public static let windowTooLong = ErrorCode("topology.window_too_long")
    public static let tooMany = ErrorCode("topology.too_many")
}

/// What a topology may ask for; each far beyond what a person writes, and small enough to be held many times over.
public enum PlanLimits {
    /// Longer ones are calendars, which windows of fixed length do not follow.
    public static let windowMax = TimeSpan.days(366)
    /// Sources and streams each have their own operator and buffers in every task.
    public static let streamsMax = 256
    /// SQLite takes 2,000 columns, PostgreSQL 1,600; some are the store's own.
    public static let columnsMax = 1_000
    /// Each is written with every row of its view.
    public static let viewIndexesMax = 16
    /// PostgreSQL takes 32; what a query holds equal and orders by is fewer.
    public static let indexColumnsMax = 8
}

extension Planner {
    /// Pass 6: lengths and numbers are within bounds.
    static func checkTimeAndResources(_ specification: TopologySpecification, _ typed: TypedStreams, _ findings: FindingCollector) {
        for operation in specification.streams.map(\.operation) + specification.fragments.compactMap(\.operation) {
            guard case .window(let window, _) = operation, window.tumbling.value > PlanLimits.windowMax else { continue }
            findings.add(
                .windowTooLong, "a window of \(window.tumbling.value) is too long", remedy: "At most \(PlanLimits.windowMax).",
                at: window.tumbling.location)
        }
        let count = specification.sources.count + specification.tables.count + specification.streams.count
            + specification.fragments.count
        if count > PlanLimits.streamsMax {
            findings.add(
                .tooMany, "the topology has \(count) sources, tables and streams",
                    remedy: "At most \(PlanLimits.streamsMax): split it into several.",
                at: specification.name.location)
        }
        checkHops(specification, typed, findings)
        for stream in typed.streams where stream.type.columns.count > PlanLimits.columnsMax {
            guard let specified = specification.streams.first(where: { $0.name.value == stream.name }) else { continue }
            findings.add(
                .tooMany, "stream '\(stream.name)' has \(stream.type.columns.count) fields", remedy: "At most \(PlanLimits.columnsMax).",
                at: specified.name.location)
        }
    }

    /// A renamed stream takes its rows from the internal topic of its former name, which is nobody else's then.
    private static func checkHops(_ specification: TopologySpecification, _ typed: TypedStreams, _ findings: FindingCollector) {
        var owners: [TopicName: String] = [:]
        for hop in typed.hops {
            guard let other = owners.updateValue(hop.name, forKey: hop.topic) else { continue }
            let former = specification.streams.lazy.compactMap(\.renamedFrom).first { hop.topic == .hop(to: $0.value, of: typed.topology) }
            findings.add(
                .hopClash, "'\(other)' and '\(hop.name)' would both take their rows from topic '\(hop.topic)'",
                remedy: "A renamed stream keeps the internal topic of its former name: give the other one another name.",
                at: former?.location ?? specification.name.location)
        }
    }
}
