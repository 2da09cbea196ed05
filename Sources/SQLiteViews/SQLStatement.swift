import Base
import Columns
import GRDB
import GRDBSQLite
import Stores

/// A prepared statement used through SQLite's C interface.
///
/// GRDB gives connections, transactions and the statement itself; binding and reading go past its value types, which
/// box each cell and cut strings at a NUL.
struct SQLStatement {
    private let statement: Statement
    private let database: Database
    let handle: OpaquePointer

    /// The prepared statement is kept with the connection, for texts that come again and again.
    init(_ sql: String, in database: Database) throws {
        statement = try database.cachedStatement(sql: sql)
        self.database = database
        handle = statement.sqliteStatement
    }

    /// Must be called before the statement goes out of use, and before memory bound to it does.
    func finish() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Runs the statement to its next row; false when there is none.
    func step() throws -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw failure(code) }
        return false
    }

    /// Runs a statement that yields no rows, so that it can be bound anew.
    @inline(__always)
    func run() throws {
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE else { throw failure(code) }
        sqlite3_reset(handle)
    }

    func check(_ code: Int32) throws { if code != SQLITE_OK { throw failure(code) } }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: database.lastErrorMessage, sql: statement.sql)
    }

    func bind(_ value: Value, at parameter: Int32) throws {
        switch value {
        case .null: try check(sqlite3_bind_null(handle, parameter))
        case .bool(let flag): try check(sqlite3_bind_int64(handle, parameter, flag ? 1 : 0))
        case .int(let number): try check(sqlite3_bind_int64(handle, parameter, number))
        case .timestamp(let time): try check(sqlite3_bind_int64(handle, parameter, time.microseconds))
        case .duration(let span): try check(sqlite3_bind_int64(handle, parameter, span.microseconds))
        case .double(let number): try check(sqlite3_bind_double(handle, parameter, number))
        case .string(let text): try bind(text, at: parameter)
        case .map(let map): try bind(MapJSON.text(map), at: parameter)
        case .bytes(let bytes):
            // An empty array has no address, and SQLite takes a nil address for NULL.
            let code = bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, parameter, 0)
                : bytes.withUnsafeBytes { sqlite3_bind_blob64(handle, parameter, $0.baseAddress, UInt64($0.count), transient) }
            try check(code)
        }
    }

    private func bind(_ text: String, at parameter: Int32) throws {
        try check(text.withCString { sqlite3_bind_text64(handle, parameter, $0, UInt64(text.utf8.count), transient, UInt8(SQLITE_UTF8)) })
    }

    /// The cell of the current row, read as `type`; nil when it holds something else.
    func value(at column: Int32, as type: ValueType) -> Value? {
        let stored = sqlite3_column_type(handle, column)
        if stored == SQLITE_NULL { return .null }
        switch type {
        case .bool, .record: return stored == SQLITE_INTEGER ? .bool(sqlite3_column_int64(handle, column) != 0) : nil
        case .int: return stored == SQLITE_INTEGER ? .int(sqlite3_column_int64(handle, column)) : nil
        case .timestamp: return stored == SQLITE_INTEGER ? .timestamp(EventTime(microseconds: sqlite3_column_int64(handle, column))) : nil
        case .duration: return stored == SQLITE_INTEGER ? .duration(TimeSpan(microseconds: sqlite3_column_int64(handle, column))) : nil
        case .double: return stored == SQLITE_FLOAT ? .double(sqlite3_column_double(handle, column)) : nil
        case .string: return stored == SQLITE_TEXT ? .string(String(decoding: text(at: column), as: UTF8.self)) : nil
        case .map: return stored == SQLITE_TEXT ? MapJSON.decode(text(at: column)).map(Value.map) : nil
        case .bytes:
            guard stored == SQLITE_BLOB else { return nil }
            let start = sqlite3_column_blob(handle, column)
            return .bytes(Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))))
        }
    }

    /// Writes the cell of the current row as the writer's next one; false, and nothing is written, when it holds something
    /// else than `type`.
    func write(_ column: Int32, as type: ValueType, to writer: RowWriter) -> Bool {
        let stored = sqlite3_column_type(handle, column)
        if stored == SQLITE_NULL {
            writer.null()
            return true
        }
        switch type {
        case .bool, .record, .int, .timestamp, .duration:
            guard stored == SQLITE_INTEGER else { return false }
            write(sqlite3_column_int64(handle, column), as: type, to: writer)
        case .double:
            guard stored == SQLITE_FLOAT else { return false }
            writer.double(sqlite3_column_double(handle, column))
        case .string:
            guard stored == SQLITE_TEXT else { return false }
            writer.string(text(at: column))
        case .map:
            guard stored == SQLITE_TEXT else { return false }
            let json = text(at: column)
            if !writer.map(json: json) {
                guard let map = MapJSON.decode(json) else { return false }
                writer.value(.map(map))
            }
        case .bytes:
            guard stored == SQLITE_BLOB else { return false }
            let start = sqlite3_column_blob(handle, column)?.assumingMemoryBound(to: UInt8.self)
            writer.bytes(UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
        }
        return true
    }

    private func write(_ number: Int64, as type: ValueType, to writer: RowWriter) {
        switch type {
        case .bool, .record: writer.bool(number != 0)
        case .timestamp: writer.timestamp(EventTime(microseconds: number))
        case .duration: writer.duration(TimeSpan(microseconds: number))
        default: writer.int(number)
        }
    }

    func int64(at column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func string(at column: Int32) -> String { String(decoding: text(at: column), as: UTF8.self) }

    private func text(at column: Int32) -> UnsafeBufferPointer<UInt8> {
        let start = sqlite3_column_text(handle, column)
        return UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }
}
