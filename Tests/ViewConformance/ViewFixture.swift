public import Base
public import Columns
public import Stores

/// A row of the fixture's view: flattened name → value; names left out are null.
public typealias FixtureRow = [String: Value]

/// The view that the suite works on: a column of every type, a nullable record, a key of two columns.
public enum ViewFixture {
    public static let log = LogID("log-of-the-suite")

    public static let type = RowType([
        .init("id", .string),
        .init("window.start", .timestamp),
        .init("flag", .bool, isNullable: true),
        .init("count", .int, isNullable: true),
        .init("mean", .double, isNullable: true),
        .init("label", .string, isNullable: true),
        .init("raw", .bytes, isNullable: true),
        .init("seen", .timestamp, isNullable: true),
        .init("span", .duration, isNullable: true),
        .init("tags", .map, isNullable: true),
        .init("machine", .record),
        .init("machine.sku", .string),
        .init("machine.cores", .int, isNullable: true),
    ])

    public static func definition(
        _ name: String = "usage", type: RowType = type, key: [String] = ["id", "window_start"], indexes: [[String]] = [],
        keep: TimeSpan? = .hours(1)
    ) -> ViewDefinition {
        ViewDefinition(name: name, topology: "suite", type: type, key: key, indexes: indexes, keep: keep, path: nil, description: nil)
    }

    /// A batch of the rows. Where the record `machine` is absent its leaves are null.
    public static func batch(_ rows: [FixtureRow], type: RowType = type, eventTimes: [EventTime]) -> Batch {
        let columns = type.columns.indices.map { index in
            let described = type.columns[index]
            let arena = described.type.layout == .reference ? ByteArena() : nil
            let column = Column(
                described.type, capacity: rows.count, isNullable: type.isNullable(at: index) && described.type != .record, arena: arena)
            for row in rows { column.append(row[described.flatName] ?? (described.type == .record ? .bool(false) : .null)) }
            return column
        }
        let times = Column(.timestamp, capacity: rows.count), watermarks = Column(.timestamp, capacity: rows.count)
        for time in eventTimes {
            times.append(.timestamp(time))
            watermarks.append(.timestamp(.earliest))
        }
        return Batch(type: type, count: rows.count, columns: columns, eventTimes: times, watermarks: watermarks, origins: nil)
    }

    /// A change that moves partition `partition` of `usage` from `from` to `to`. Event times default to `window_start`.
    public static func change(
        _ rows: [FixtureRow] = [], deletes: [[Value]] = [], expireBefore: EventTime? = nil, from: Int64, to: Int64,
        partition: Int = 0, view: String = "usage", type: RowType = type, log: LogID = log,
        watermark: EventTime = EventTime(seconds: 0), eventTimes: [EventTime]? = nil, startsOver: [PartitionNumber: Offset]? = nil,
        rebuild: Int64? = nil
    ) -> ViewChange {
        let times = eventTimes ?? rows.map { row in
            guard case .timestamp(let time) = row["window_start"] else { return .earliest }
            return time
        }
        return ViewChange(
            view: view, partition: PartitionNumber(partition), log: log, expected: Offset(from),
            position: ViewPosition(next: Offset(to), watermark: watermark), upserts: batch(rows, type: type, eventTimes: times),
            deletes: deletes, expireBefore: expireBefore, startsOver: startsOver, rebuild: rebuild)
    }

    public static func row(_ id: String, at seconds: Int64, _ rest: FixtureRow = [:]) -> FixtureRow {
        var row: FixtureRow = ["id": .string(id), "window_start": .timestamp(EventTime(seconds: seconds)), "machine": .bool(false)]
        row.merge(rest) { $1 }
        return row
    }

    public static func query(
        _ view: ViewDefinition = definition(), select: [String]? = nil, filter: ViewQuery.Filter = .all([]), order: [ViewQuery.Order] = [],
        limit: Int = 10_000, offset: Int = 0
    ) -> ViewQuery {
        ViewQuery(
            view: view, select: (select ?? view.type.columns.map(\.flatName)).map { .init($0) }, filter: filter, order: order,
            limit: limit, offset: offset)
    }
}
