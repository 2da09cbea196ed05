import Base
import Columns
import Expressions

/// The rows that most tests evaluate over.
enum Fixture {
    static let row = RowType([
        .init("metric", .string), .init("value", .double), .init("count", .int), .init("ok", .bool),
        .init("at", .timestamp), .init("span", .duration), .init("raw", .bytes), .init("tags", .map),
        .init("maybe", .double, isNullable: true), .init("label", .string, isNullable: true),
        .init("hint", .map, isNullable: true), .init("window.hours", .double), .init("window.start", .timestamp),
        .init("machines", .record), .init("machines.sku", .string), .init("machines.cores", .int, isNullable: true),
        .init("machines.tags", .map),
    ])

    static let clock = EventTime("2026-01-05T12:00:00Z")!

    /// A row in which nothing is null, with some values replaced.
    static func values(_ changes: [String: Value] = [:]) -> [String: Value] {
        let base: [String: Value] = [
            "metric": .string("cpu_utilization"), "value": .double(2.5), "count": .int(7), "ok": .bool(true),
            "at": .timestamp(EventTime("2026-01-05T00:00:00Z")!), "span": .duration(.minutes(90)), "raw": .bytes([1, 255]),
            "tags": .map(["timezone": "Europe/Berlin", "team": "web"]), "maybe": .double(4), "label": .string("hé"),
            "hint": .map(["a": "b"]), "window.hours": .double(0.25), "window.start": .timestamp(EventTime(seconds: 60)),
            "machines": .bool(true), "machines.sku": .string("m5.large"), "machines.cores": .int(2),
            "machines.tags": .map(["os": "linux"]),
        ]
        return base.merging(changes) { $1 }
    }

    /// The same row with everything null that may be.
    static let nulls = values([
        "maybe": .null, "label": .null, "hint": .null, "machines": .bool(false), "machines.sku": .null,
        "machines.cores": .null, "machines.tags": .null,
    ])

    static func batch(_ rows: [[String: Value]], _ type: RowType = row) -> Batch {
        let columns = type.columns.indices.map { index in
            let column = Column(
                type.columns[index].type, capacity: rows.count,
                isNullable: type.isNullable(at: index) && type.columns[index].type != .record,
                arena: type.columns[index].type.layout == .reference ? ByteArena() : nil)
            for row in rows { column.append(row[type.columns[index].path] ?? .null) }
            return column
        }
        let times = Column(.timestamp, capacity: rows.count)
        for _ in rows { times.append(.timestamp(clock)) }
        return Batch(type: type, count: rows.count, columns: columns, eventTimes: times, watermarks: times, origins: nil)
    }

    /// What an expression gives on one row, as text: `int: 3`, `double?: null`, `int: fault integer overflow`, or its
    /// issues: `expression.type @0..<3`.
    static func outcome(_ text: String, _ values: [String: Value] = values()) -> String {
        let (compiled, issues) = Expression.compile(text, over: row)
        guard let compiled else { return issues.map { "\($0.code) @\($0.range)" }.joined(separator: "; ") }
        let result = compiled.evaluate(batch([values]), EvaluationContext(clock: clock))
        let type = "\(compiled.type.value.map { "\($0)" } ?? "null")\(compiled.type.isNullable ? "?" : "")"
        if let fault = result.faults.flatMap({ ExpressionFault(rawValue: $0.base[0]) }) { return "\(type): fault \(fault.message)" }
        return "\(type): \(describe(result.column.value(at: 0), compiled.type))"
    }

    private static func describe(_ value: Value, _ type: ExpressionType) -> String {
        switch value {
        case .null: "null"
        case .bool(let x): "\(x)"
        case .int(let x): "\(x)"
        case .double(let x): "\(x)"
        case .string(let x): x
        case .bytes(let x): "\(x)"
        case .timestamp(let x): "\(x)"
        case .duration(let x): "\(x)"
        case .map(let x): "\(x.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })"
        }
    }
}
