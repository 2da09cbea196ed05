import Base
import Columns

/// Writes a batch as `COPY … (FORMAT binary)` has it, from the columns' buffers into one buffer, without an allocation a row.
///
/// Bytes, big-endian: a header of 19; a row is the number of its fields (i16), each with its length (i32, -1 for null) and
/// its value as the type's send function writes it; at the end -1 (i16).
///
/// Holds raw pointers: the batch must live, and its arenas must not grow, while it is in use.
struct RowEncoder {
    private struct Cell {
        let type: ValueType
        let storage: UnsafeMutableRawPointer
        let arena: UnsafeMutablePointer<UInt8>?
        let validity: UnsafeMutablePointer<UInt8>?
        let bytesMax: Int

        init(_ column: Column, bytesMax: Int?) {
            type = column.type
            storage = column.storage
            arena = column.arena?.base
            validity = column.validity
            self.bytesMax = bytesMax ?? .max
        }

        @inline(__always)
        func word(_ row: Int) -> Int64 { storage.load(fromByteOffset: row &* 8, as: Int64.self) }

        @inline(__always)
        func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8> {
            let reference = storage.load(fromByteOffset: row &* 8, as: BytesReference.self)
            return UnsafeBufferPointer(start: arena.unsafelyUnwrapped + Int(reference.offset), count: Int(reference.length))
        }
    }

    /// Whether texts are looked through for what PostgreSQL refuses. It looks itself, so this is done where it found some.
    private let isCareful: Bool
    private let out: ByteArena
    private let cells: [Cell]
    /// Values that the table holds otherwise than they came.
    private(set) var adjusted = 0

    init(_ batch: Batch, storable: StorableValues, isCareful: Bool, to out: ByteArena) {
        self.isCareful = isCareful
        self.out = out
        cells = zip(batch.columns, storable.bytesMax).map { Cell($0, bytesMax: $1) } + [Cell(batch.eventTimes, bytesMax: nil)]
    }

    private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF] + Array("\r\n\0".utf8)

    mutating func encode(rows: Int) {
        out.removeAll()
        Self.signature.withUnsafeBytes { _ = out.append($0) }
        // Flags, and the length of the header's extension.
        out.append(bigEndian: Int64(0))
        cells.withUnsafeBufferPointer { cells in
            for row in 0..<rows {
                out.append(bigEndian: Int16(truncatingIfNeeded: cells.count))
                for cell in cells { encode(cell, row) }
            }
        }
        out.append(bigEndian: Int16(-1))
    }

    @inline(__always)
    private mutating func encode(_ cell: Cell, _ row: Int) {
        if let validity = cell.validity, validity[row] == 0 { return out.append(bigEndian: Int32(-1)) }
        switch cell.type {
        case .int: field(cell.word(row))
        case .double:
            let bits = cell.word(row)
            let number = Double(bitPattern: UInt64(bitPattern: bits))
            // SQL's NaN is greater than all numbers and equal to itself: none is stored. Nor is a zero with a sign: which of
            // two equal values a group shows would be chance.
            if number.isNaN { out.append(bigEndian: Int32(-1)) } else { field(number == 0 ? 0 : bits) }
        case .timestamp:
            let time = EventTime(microseconds: cell.word(row))
            if time.microseconds < PostgresTime.earliest, time != .earliest { adjusted += 1 }
            field(PostgresTime.stored(time))
        case .duration:
            out.append(bigEndian: Int32(16))
            out.append(bigEndian: cell.word(row))
            out.append(bigEndian: Int64(0))
        case .bool, .record:
            out.append(bigEndian: Int32(1))
            out.append(byte: cell.storage.load(fromByteOffset: row, as: UInt8.self) == 0 ? 0 : 1)
        case .string: text(cell.bytes(row), cell)
        case .bytes:
            let value = cell.bytes(row)
            if value.count <= cell.bytesMax { field(value) } else { cut(value, to: cell.bytesMax) }
        case .map: map(cell.bytes(row))
        }
    }

    @inline(__always)
    private func field(_ word: Int64) {
        out.append(bigEndian: Int32(8))
        out.append(bigEndian: word)
    }

    @inline(__always)
    private func field(_ bytes: UnsafeBufferPointer<UInt8>) {
        out.append(bigEndian: Int32(truncatingIfNeeded: bytes.count))
        if let start = bytes.baseAddress { out.append(start, count: bytes.count) }
    }

    @inline(__always)
    private mutating func text(_ bytes: UnsafeBufferPointer<UInt8>, _ cell: Cell) {
        if isCareful || bytes.count > cell.bytesMax { return adjustedText(bytes, bytesMax: cell.bytesMax) }
        field(bytes)
    }

    @inline(never)
    private mutating func adjustedText(_ bytes: UnsafeBufferPointer<UInt8>, bytesMax: Int) {
        var text = PostgresText.storable(String(decoding: bytes, as: UTF8.self))
        if text.utf8.count > bytesMax { text = text.withUTF8 { StorableValues.cut($0, to: bytesMax) } }
        text.withUTF8 { stored in
            if !stored.elementsEqual(bytes) { adjusted += 1 }
            field(stored)
        }
    }

    @inline(never)
    private mutating func cut(_ bytes: UnsafeBufferPointer<UInt8>, to limit: Int) {
        adjusted += 1
        StorableValues.cut(bytes, to: limit).withUnsafeBufferPointer { field($0) }
    }

    private mutating func map(_ bytes: UnsafeBufferPointer<UInt8>) {
        let start = out.count
        // The length is known at the end.
        out.append(bigEndian: Int32(0))
        out.append(byte: PostgresType.jsonbVersion)
        MapJSON.write(bytes, to: out)
        if isCareful {
            let plain = String(decoding: UnsafeBufferPointer(start: out.base + start + 5, count: out.count - start - 5), as: UTF8.self)
            let stored = PostgresText.storableJSON(StringMap.dictionary(bytes))
            if !stored.utf8.elementsEqual(plain.utf8) { adjusted += 1 }
            out.truncate(to: start + 5)
            out.append(stored)
        }
        let length = Int32(truncatingIfNeeded: out.count - start - 4)
        UnsafeMutableRawPointer(out.base + start).storeBytes(of: length.bigEndian, as: Int32.self)
    }
}
