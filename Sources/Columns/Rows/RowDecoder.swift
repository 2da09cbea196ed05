import Base

/// Reads rows that `RowEncoder` wrote back into columns. What is read is checked, as it comes from a log: bytes that are no
/// such row, texts that are not UTF-8, maps that are not canonical are refused, and nothing of them stays. One thread uses
/// a decoder.
public final class RowDecoder {
    public let layout: RowLayout
    /// Rows decoded since `begin`.
    public private(set) var count = 0
    private var capacity = 0
    private var arena = ByteArena(capacity: 16)
    private var arenaHint = 4_096
    /// Of the whole row type; those that are not in the layout are nil.
    private var columns: [Column?] = []

    public init(_ layout: RowLayout) { self.layout = layout }

    /// Starts a batch of at most `capacity` rows.
    public func begin(capacity: Int) {
        count = 0
        self.capacity = capacity
        arena = ByteArena(capacity: arenaHint)
        columns = Array(repeating: nil, count: layout.type.columns.count)
        for part in layout.parts {
            columns[part.column] = Column(
                part.type, capacity: capacity, isNullable: part.isNullable, arena: part.type.layout == .reference ? arena : nil)
        }
    }

    /// Reads a row into the next place; false, and no row, when the bytes are not exactly one.
    /// - Precondition: fewer rows than the batch's capacity are filled.
    /// - Complexity: O(bytes).
    public func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        precondition(count < capacity, "the batch is full")
        let written = arena.count
        var reader = ByteReader(bytes)
        guard read(&reader), reader.isAtEnd else {
            arena.truncate(to: written)
            return false
        }
        count += 1
        return true
    }

    private func read(_ reader: inout ByteReader) -> Bool {
        for part in layout.parts {
            guard let column = columns[part.column] else { continue }
            if let validity = column.validity {
                guard let flag = reader.littleEndian(UInt8.self), flag <= 1 else { return false }
                validity[count] = flag
                if flag == 0 {
                    if part.type.layout == .byte { column.flags[count] = 0 } else { column.words[count] = 0 }
                    continue
                }
            }
            switch part.type.layout {
            case .byte:
                guard let flag = reader.littleEndian(UInt8.self), flag <= 1 else { return false }
                column.flags[count] = flag
            case .word:
                guard let word = reader.littleEndian(Int64.self) else { return false }
                column.words[count] = word
            case .reference:
                guard let length = reader.littleEndian(UInt32.self), let bytes = reader.take(Int(length)), Self.isValid(bytes, part.type)
                else { return false }
                column.references[count] = BytesReference(offset: arena.append(bytes), length: bytes.count)
            }
        }
        return true
    }

    private static func isValid(_ bytes: UnsafeRawBufferPointer, _ type: ValueType) -> Bool {
        switch type {
        case .string: isText(bytes)
        case .map: isMap(bytes)
        default: true
        }
    }

    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }

    /// Whether the bytes are `StringMap`'s: whole entries, in ascending order of their keys, none twice.
    private static func isMap(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var reader = ByteReader(bytes)
        var last: UnsafeRawBufferPointer?
        while !reader.isAtEnd {
            guard let keyLength = reader.littleEndian(UInt32.self), let valueLength = reader.littleEndian(UInt32.self),
                let key = reader.take(Int(keyLength)), let value = reader.take(Int(valueLength)), isText(key), isText(value)
            else { return false }
            if let last, !last.lexicographicallyPrecedes(key) { return false }
            last = key
        }
        return true
    }

    /// The batch's columns in the order of the row type, `count` rows each; those that are not in the layout are null
    /// everywhere. The next batch starts with `begin`.
    public func finish() -> [Column] {
        arenaHint = max(4_096, arena.count + arena.count / 8)
        let result = zip(columns, layout.type.columns).map { column, declared in
            guard let column else { return Column.allNull(declared.type, count: count) }
            column.count = count
            return column
        }
        columns = []
        capacity = 0
        count = 0
        return result
    }
}
