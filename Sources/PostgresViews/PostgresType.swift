import Base
import Columns
import CPostgres

/// How the engine's types are stored, and what PostgreSQL calls them.
///
/// | engine | column | |
/// | --- | --- | --- |
/// | string | `text COLLATE "C"` | ordered by bytes; U+0000 becomes U+FFFD |
/// | int | `bigint` | |
/// | double | `double precision` | NaN becomes NULL, as on every store |
/// | bool, record | `boolean` | of a record: whether it is there |
/// | timestamp | `timestamptz` | `EventTime.earliest` and `.latest` are `-infinity` and `infinity` |
/// | duration | `interval` | its microseconds; days and months are 0 |
/// | bytes | `bytea` | |
/// | map | `jsonb` | an object of strings |
enum PostgresType {
    /// The first byte of a jsonb in binary.
    static let jsonbVersion: UInt8 = 1

    /// As a table is made with it.
    static func sql(_ type: ValueType) -> String { type == .string ? "text COLLATE \"C\"" : name(of: type) }

    /// As `format_type` says it.
    static func name(of type: ValueType) -> String {
        switch type {
        case .bool, .record: "boolean"
        case .int: "bigint"
        case .double: "double precision"
        case .string: "text"
        case .bytes: "bytea"
        case .timestamp: "timestamp with time zone"
        case .duration: "interval"
        case .map: "jsonb"
        }
    }

    /// With what topologies call it, where they do by another name: `interval (duration)`.
    static func described(_ name: String) -> String {
        let all: [ValueType] = [.bool, .int, .double, .bytes, .timestamp, .duration, .map]
        return all.first { self.name(of: $0) == name }.map { "\(name) (\($0))" } ?? name
    }

    /// `pg_type.oid`, which is the same in every PostgreSQL.
    static func id(of type: ValueType) -> Oid {
        switch type {
        case .bool, .record: 16
        case .bytes: 17
        case .int: 20
        case .string: 25
        case .double: 701
        case .timestamp: 1184
        case .duration: 1186
        case .map: 3802
        }
    }

    /// The same of arrays.
    static func arrayID(of type: ValueType) -> Oid {
        switch type {
        case .bool, .record: 1000
        case .bytes: 1001
        case .int: 1016
        case .string: 1009
        case .double: 1022
        case .timestamp: 1185
        case .duration: 1187
        case .map: 3807
        }
    }
}

/// Times: PostgreSQL counts microseconds from 2000 on, and none before 4713 BC.
enum PostgresTime {
    /// 2000-01-01, µs since 1970.
    static let epoch: Int64 = 946_684_800_000_000
    /// 4714-11-24 BC, µs since 1970. `EventTime.latest` is within PostgreSQL's range, the engine's earliest times are not.
    static let earliest: Int64 = -211_813_488_000_000_000 + epoch

    /// `.earliest` and all times before 4714 BC, which no decoder lets in, are `-infinity`; `.latest` is `infinity`.
    @inline(__always)
    static func stored(_ time: EventTime) -> Int64 {
        if time == .latest { return .max }
        return time.microseconds < earliest ? .min : time.microseconds - epoch
    }

    @inline(__always)
    static func time(_ stored: Int64) -> EventTime {
        if stored == .min { return .earliest }
        let (sum, overflow) = stored.addingReportingOverflow(epoch)
        return overflow ? .latest : EventTime(microseconds: sum)
    }
}

/// Texts: PostgreSQL holds every character but U+0000.
enum PostgresText {
    /// What stands in the table for U+0000: the character for what could not be represented.
    static let replacement = "\u{FFFD}"

    /// The text as a table holds it; rows are found by what they were stored as.
    static func storable(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: replacement) : text
    }

    static func storableJSON(_ map: [String: String]) -> String {
        guard map.contains(where: { $0.key.utf8.contains(0) || $0.value.utf8.contains(0) }) else { return MapJSON.text(map) }
        return MapJSON.text(Dictionary(map.map { (storable($0.key), storable($0.value)) }) { _, last in last })
    }
}
