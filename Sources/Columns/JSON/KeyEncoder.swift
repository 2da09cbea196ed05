public import Base

/// The bytes of a record's key: what partitions are chosen by, what compaction compares, what state is kept under.
///
/// - One column of type string: its UTF-8 bytes as they are, which is what other clients write.
/// - Anything else: the compact JSON array of the values in the order of the columns, each as `JSONRowEncoder` writes it:
///   `["i-1",42,true,"2026-01-05T00:00:00Z"]`, `[42]`. Text is escaped only where JSON demands it, times have a fraction of three
///   or six digits only where there is one, so equal keys are equal bytes.
///
/// The form is part of the format of topics and of state: it never changes. One thread uses an encoder.
public final class KeyEncoder {
    private let indices: [Int]
    private let readers: UnsafeMutablePointer<ColumnReader>
    private let isPlainString: Bool
    private var columns: [Column] = []

    /// - Parameters:
    ///   - columns: The key's columns as indices into `type`, at least one, none a record's presence.
    public init(columns: [Int], type: RowType) {
        precondition(!columns.isEmpty, "a key has at least one column")
        precondition(columns.allSatisfy { type.columns[$0].type != .record }, "a record is no part of a key, its fields may be")
        indices = columns
        isPlainString = columns.count == 1 && type.columns[columns[0]].type == .string
        readers = .allocate(capacity: columns.count)
        for (place, index) in columns.enumerated() { (readers + place).initialize(to: ColumnReader(type.columns[index].type)) }
    }

    deinit { readers.deallocate() }

    /// Takes the columns of the whole row type that `encode(row:into:)` reads: once a batch. They and their arenas must not
    /// change until the next call; they are kept alive until then.
    public func begin(_ columns: [Column]) {
        self.columns = columns
        for (place, index) in indices.enumerated() { readers[place].point(at: columns[index]) }
    }

    /// Lets go of the columns.
    public func end() { columns = [] }

    /// Appends the row's key to `arena`, which is none of the columns'; false, and nothing appended, when a part is null.
    /// - Complexity: O(bytes written).
    public func encode(row: Int, into arena: ByteArena) -> Bool {
        if isPlainString {
            guard readers.pointee.isValid(row) else { return false }
            let text = readers.pointee.bytes(row)
            arena.append(UnsafeRawBufferPointer(text))
            return true
        }
        var room = 2 + 2 * JSONScan.overshoot
        for place in 0..<indices.count {
            guard readers[place].isValid(row) else { return false }
            room += readers[place].jsonBytesMax(row) + 1
        }
        let start = arena.reserve(room)
        start.pointee = JSONScan.openBracket
        var o = start + 1
        for place in 0..<indices.count {
            if place > 0 {
                o.pointee = JSONScan.comma
                o += 1
            }
            o = readers[place].writeJSON(row, to: o)
        }
        o.pointee = JSONScan.closeBracket
        arena.commit(o + 1 - start)
        return true
    }

    /// Appends what says which group a row belongs to where parts may be null: the key, with null parts as `null`, and zero
    /// without a sign. Rows of one group have the same bytes; those of others nearly always have others.
    /// - Complexity: O(bytes written).
    public func encodeGroup(row: Int, into arena: ByteArena) {
        if isPlainString, readers.pointee.isValid(row) {
            arena.append(UnsafeRawBufferPointer(readers.pointee.bytes(row)))
            return
        }
        arena.append(byte: JSONScan.openBracket)
        for place in 0..<indices.count {
            if place > 0 { arena.append(byte: JSONScan.comma) }
            if !readers[place].isValid(row) {
                arena.append("null")
            } else if readers[place].type == .double, readers[place].word(row) == Int64(bitPattern: (-0.0).bitPattern) {
                arena.append("0.0")
            } else {
                let start = arena.reserve(readers[place].jsonBytesMax(row) + 2 * JSONScan.overshoot)
                arena.commit(readers[place].writeJSON(row, to: start) - start)
            }
        }
        arena.append(byte: JSONScan.closeBracket)
    }

    /// Takes the columns and appends one row's key.
    public func encode(row: Int, of columns: [Column], into arena: ByteArena) -> Bool {
        begin(columns)
        return encode(row: row, into: arena)
    }
}
