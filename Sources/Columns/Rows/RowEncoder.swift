public import Base

/// Some columns of a row type as bytes, exactly: what tasks send each other. Another schema's rows are told by
/// `fingerprint`.
///
/// For each column, in order: where it may be null a byte, 0 null and 1 not; then, unless it is null,
/// - bool, and a record's presence: one byte, 0 or 1
/// - int, double, timestamp, duration: eight bytes, little-endian; a double's bits as they are
/// - string, bytes, map: `[length u32 LE][bytes]`
public struct RowLayout: Sendable {
    struct Part: Sendable {
        let column: Int
        let type: ValueType
        let isNullable: Bool
    }

    let parts: [Part]
    let type: RowType
    /// The same for equal layouts, and hardly ever for others: over the columns' paths, types and whether they may be null.
    public let fingerprint: UInt32

    /// - Parameter columns: those that are written, as indices into `type`.
    public init(columns: [Int], of type: RowType) {
        self.type = type
        parts = columns.map { Part(column: $0, type: type.columns[$0].type, isNullable: type.isNullable(at: $0)) }
        var text = parts.map { "\(type.columns[$0.column].path) \($0.type)\($0.isNullable ? "?" : "")" }.joined(separator: ", ")
        let hash = text.withUTF8 { bytes in bytes.baseAddress.map { Hashing.table($0, count: bytes.count) } ?? 0 }
        fingerprint = UInt32(truncatingIfNeeded: hash ^ hash >> 32)
    }
}

/// Writes rows in a `RowLayout`. One thread uses an encoder.
public final class RowEncoder {
    public let layout: RowLayout
    private let readers: UnsafeMutablePointer<ColumnReader>
    /// Keeps the memory alive that the readers point to.
    private var columns: [Column] = []

    public init(_ layout: RowLayout) {
        self.layout = layout
        readers = .allocate(capacity: max(1, layout.parts.count))
        for (place, part) in layout.parts.enumerated() { (readers + place).initialize(to: ColumnReader(part.type)) }
    }

    deinit { readers.deallocate() }

    /// Takes the columns of the whole row type that `encode` reads: once a batch. They and their arenas must not change until
    /// the next call; they are kept alive until then.
    public func begin(_ columns: [Column]) {
        self.columns = columns
        for (place, part) in layout.parts.enumerated() { readers[place].point(at: columns[part.column]) }
    }

    /// Lets go of the columns.
    public func end() { columns = [] }

    /// Appends a row to `arena`, which is none of the columns'. - Complexity: O(bytes written).
    public func encode(row: Int, into arena: ByteArena) {
        layout.parts.withUnsafeBufferPointer { parts in
            for (place, part) in parts.enumerated() {
                let reader = readers + place
                if part.isNullable {
                    let isValid = reader.pointee.isValid(row)
                    arena.append(byte: isValid ? 1 : 0)
                    if !isValid { continue }
                }
                switch part.type.layout {
                case .byte: arena.append(byte: reader.pointee.flag(row) ? 1 : 0)
                case .word: arena.append(littleEndian: reader.pointee.word(row))
                case .reference:
                    let bytes = reader.pointee.bytes(row)
                    arena.append(littleEndian: UInt32(bytes.count))
                    arena.append(UnsafeRawBufferPointer(bytes))
                }
            }
        }
    }
}
