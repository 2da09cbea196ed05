import Base
import Columns
import CPostgres
import Stores

/// The rows that a statement yields; from `PostgresConnection.query` in binary.
final class PostgresResult {
    private let result: OpaquePointer

    init(taking result: OpaquePointer) { self.result = result }
    deinit { PQclear(result) }

    var rowCount: Int { Int(PQntuples(result)) }
    /// Rows that a statement touched, or that a COPY took.
    var rowsTouched: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The object id of a column's type.
    func type(_ column: Int) -> Oid { PQftype(result, Int32(column)) }

    func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(result, Int32(row), Int32(column)) != 0 }

    /// The cell's bytes, which live as long as the result.
    func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: PQgetvalue(result, Int32(row), Int32(column)), count: Int(PQgetlength(result, Int32(row), Int32(column))))
    }

    /// A text, whatever the format.
    func string(_ row: Int, _ column: Int) -> String { String(decoding: bytes(row, column), as: UTF8.self) }

    /// A bigint; 0 where the cell is no eight bytes.
    func int64(_ row: Int, _ column: Int) -> Int64 { word(bytes(row, column)) ?? 0 }
    func bool(_ row: Int, _ column: Int) -> Bool { bytes(row, column).first == 1 }
    func time(_ row: Int, _ column: Int) -> EventTime { PostgresTime.time(int64(row, column)) }

    /// The cell read as `type`; nil when it holds something that the engine does not write (an interval with months, a map
    /// with numbers).
    func value(_ row: Int, _ column: Int, as type: ValueType) -> Value? {
        if isNull(row, column) { return .null }
        let cell = bytes(row, column)
        switch type {
        case .bool, .record: return cell.count == 1 ? .bool(cell[0] == 1) : nil
        case .int: return word(cell).map(Value.int)
        case .double: return word(cell).map { .double(Double(bitPattern: UInt64(bitPattern: $0))) }
        case .timestamp: return word(cell).map { .timestamp(PostgresTime.time($0)) }
        case .duration: return span(cell).map(Value.duration)
        case .string: return .string(String(decoding: cell, as: UTF8.self))
        case .bytes: return .bytes(Array(cell))
        case .map:
            guard cell.first == PostgresType.jsonbVersion else { return nil }
            return UnsafeRawBufferPointer(rebasing: cell[1...]).withMemoryRebound(to: UInt8.self) { MapJSON.decode($0) }.map(Value.map)
        }
    }

    /// Writes the cell as the writer's next one; false, and nothing is written, where `value` would be nil.
    func write(_ row: Int, _ column: Int, as type: ValueType, to writer: RowWriter) -> Bool {
        if isNull(row, column) {
            writer.null()
            return true
        }
        let cell = bytes(row, column)
        switch type {
        case .string: cell.withMemoryRebound(to: UInt8.self) { writer.string($0) }
        case .bytes: cell.withMemoryRebound(to: UInt8.self) { writer.bytes($0) }
        case .int:
            guard let number = word(cell) else { return false }
            writer.int(number)
        case .double:
            guard let bits = word(cell) else { return false }
            writer.double(Double(bitPattern: UInt64(bitPattern: bits)))
        case .timestamp:
            guard let stored = word(cell) else { return false }
            writer.timestamp(PostgresTime.time(stored))
        case .bool, .record, .duration, .map:
            guard let value = value(row, column, as: type) else { return false }
            writer.value(value)
        }
        return true
    }

    private func word(_ cell: UnsafeRawBufferPointer) -> Int64? {
        cell.count == 8 ? Int64(bigEndian: cell.loadUnaligned(as: Int64.self)) : nil
    }

    /// Days are of 24 hours, months of no certain length.
    private func span(_ cell: UnsafeRawBufferPointer) -> TimeSpan? {
        guard cell.count == 16, let time = word(UnsafeRawBufferPointer(rebasing: cell[..<8])) else { return nil }
        let days = Int32(bigEndian: cell.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        guard cell.loadUnaligned(fromByteOffset: 12, as: Int32.self) == 0 else { return nil }
        let (sum, overflow) = time.addingReportingOverflow(Int64(days) * 86_400_000_000)
        return overflow ? nil : TimeSpan(microseconds: sum)
    }
}
