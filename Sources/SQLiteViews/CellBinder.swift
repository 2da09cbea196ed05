import Base
import Columns
import GRDBSQLite

/// Binds one column's cells to one parameter of a statement, straight from the column's buffers.
///
/// Holds raw pointers: the batch must live, and its arenas must not grow, while binders of it are in use. Strings and
/// bytes are bound without a copy, so bindings are cleared before the batch goes.
struct CellBinder {
    private enum Kind {
        case word, double, flag, text, blob, map
    }

    private let kind: Kind
    private let parameter: Int32
    private let storage: UnsafeMutableRawPointer
    private let arena: UnsafeMutablePointer<UInt8>?
    private let validity: UnsafeMutablePointer<UInt8>?

    init(_ column: Column, parameter: Int32) {
        self.parameter = parameter
        storage = column.storage
        arena = column.arena?.base
        validity = column.validity
        switch column.type {
        case .bool, .record: kind = .flag
        case .int, .timestamp, .duration: kind = .word
        case .double: kind = .double
        case .string: kind = .text
        case .bytes: kind = .blob
        case .map: kind = .map
        }
    }

    /// Binds the cell at `row`; returns SQLite's result code. `scratch` is for the JSON of maps.
    @inline(__always)
    func bind(_ row: Int, to statement: OpaquePointer, scratch: ByteArena) -> Int32 {
        if let validity, validity[row] == 0 { return sqlite3_bind_null(statement, parameter) }
        switch kind {
        case .word:
            return sqlite3_bind_int64(statement, parameter, storage.load(fromByteOffset: row &* 8, as: Int64.self))
        case .double:
            return sqlite3_bind_double(statement, parameter, storage.load(fromByteOffset: row &* 8, as: Double.self))
        case .flag:
            return sqlite3_bind_int64(statement, parameter, storage.load(fromByteOffset: row, as: UInt8.self) == 0 ? 0 : 1)
        case .text:
            let bytes = cell(row)
            return bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text64(statement, parameter, $0.baseAddress, UInt64($0.count), nil, UInt8(SQLITE_UTF8))
            }
        case .blob:
            let bytes = cell(row)
            return sqlite3_bind_blob64(statement, parameter, bytes.baseAddress, UInt64(bytes.count), nil)
        case .map:
            scratch.removeAll()
            MapJSON.write(cell(row), to: scratch)
            return scratch.bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text64(statement, parameter, $0.baseAddress, UInt64($0.count), transient, UInt8(SQLITE_UTF8))
            }
        }
    }

    @inline(__always)
    private func cell(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let reference = storage.load(fromByteOffset: row &* 8, as: BytesReference.self)
        return UnsafeBufferPointer(start: arena.unsafelyUnwrapped + Int(reference.offset), count: Int(reference.length))
    }
}

/// `SQLITE_TRANSIENT`, a macro that Swift does not import: SQLite copies the bytes.
let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
