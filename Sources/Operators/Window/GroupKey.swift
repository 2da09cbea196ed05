import Base
import Columns

/// Group keys as bytes: equal exactly when all parts are equal, and sorted as the parts sort, one after another. Used in
/// memory and, behind the operator's prefix, as keys of the state store.
///
/// Each part: for a nullable column a byte, 0 null and 1 not; then
/// - bool: one byte
/// - int, timestamp, duration: eight bytes, big-endian, sign bit flipped
/// - double: eight bytes of its bits, big-endian, sign bit flipped, all bits flipped when negative; −0 as 0, one NaN
/// - string, bytes, map: its bytes, with 0x00 as 0x00 0xFF, ended by 0x00 0x01; the last part is written as it is
///
/// (The string form is FoundationDB's tuple layer's.)
struct GroupKeyCodec {
    struct Part {
        let type: ValueType
        let isNullable: Bool
        let isLast: Bool
    }

    /// A column's buffers, so that encoding a row touches no reference counts.
    struct Source {
        let layout: ValueType.Layout
        let isDouble: Bool
        let isNullable: Bool
        let isLast: Bool
        let storage: UnsafeRawPointer
        let validity: UnsafePointer<UInt8>?
        let bytes: UnsafePointer<UInt8>?
    }

    let parts: [Part]

    init(_ columns: [RowType.Column]) {
        parts = columns.enumerated().map { Part(type: $1.type, isNullable: $1.isNullable, isLast: $0 == columns.count - 1) }
    }

    /// Whether a key is one non-null string: then its bytes are the column's, and nothing need be copied.
    var isPlainString: Bool { parts.count == 1 && !parts[0].isNullable && parts[0].type.layout == .reference }

    func sources(_ columns: [Column]) -> [Source] {
        zip(parts, columns).map { part, column in
            Source(
                layout: part.type.layout, isDouble: part.type == .double, isNullable: part.isNullable, isLast: part.isLast,
                storage: UnsafeRawPointer(column.storage), validity: column.validity.map { UnsafePointer($0) },
                bytes: column.arena.map { UnsafePointer($0.base) })
        }
    }

    /// The most bytes that `encode` writes for the row.
    @inline(__always)
    static func bytesMax(_ row: Int, _ sources: UnsafeBufferPointer<Source>) -> Int {
        var total = 0
        for source in sources {
            total &+= 11
            if source.layout == .reference {
                total &+= 2 &* Int(source.storage.load(fromByteOffset: row &* 8, as: BytesReference.self).length)
            }
        }
        return total
    }

    /// Writes the row's key and returns its length. - Precondition: `out` has room for `bytesMax`.
    @inline(__always)
    static func encode(_ row: Int, _ sources: UnsafeBufferPointer<Source>, to out: UnsafeMutablePointer<UInt8>) -> Int {
        var at = 0
        for source in sources {
            if source.isNullable {
                let isValid = source.validity.map { $0[row] } ?? 1
                out[at] = isValid
                at &+= 1
                if isValid == 0 { continue }
            }
            switch source.layout {
            case .byte:
                out[at] = source.storage.load(fromByteOffset: row, as: UInt8.self)
                at &+= 1
            case .word:
                let word = source.storage.load(fromByteOffset: row &* 8, as: UInt64.self)
                let ordered = source.isDouble ? orderedBits(Double(bitPattern: word)) : word ^ (1 << 63)
                UnsafeMutableRawPointer(out + at).storeBytes(of: ordered.bigEndian, as: UInt64.self)
                at &+= 8
            case .reference:
                let reference = source.storage.load(fromByteOffset: row &* 8, as: BytesReference.self)
                let length = Int(reference.length)
                let start = source.bytes.unsafelyUnwrapped + Int(reference.offset)
                if source.isLast {
                    (out + at).update(from: start, count: length)
                    at &+= length
                } else {
                    at &+= escape(start, length, to: out + at)
                }
            }
        }
        return at
    }

    @inline(__always)
    private static func escape(_ start: UnsafePointer<UInt8>, _ length: Int, to out: UnsafeMutablePointer<UInt8>) -> Int {
        var at = 0
        for i in 0..<length {
            out[at] = start[i]
            at &+= 1
            if start[i] == 0 {
                out[at] = 0xFF
                at &+= 1
            }
        }
        out[at] = 0
        out[at &+ 1] = 1
        return at &+ 2
    }

    @inline(__always)
    private static func orderedBits(_ value: Double) -> UInt64 {
        let bits = value.isNaN ? Double.nan.bitPattern : (value == 0 ? 0 : value.bitPattern)
        return bits >> 63 == 1 ? ~bits : bits | (1 << 63)
    }

    /// Reads a key back into the next row of `columns`, in order. - Precondition: `encode` of the same codec wrote the key.
    func decode(_ key: UnsafeBufferPointer<UInt8>, into columns: [Column]) {
        var at = 0
        let raw = UnsafeRawBufferPointer(key)
        for (part, column) in zip(parts, columns) {
            let row = column.count
            column.count += 1
            if part.isNullable {
                at += 1
                column.validity![row] = key[at - 1]
                if key[at - 1] == 0 {
                    if part.type.layout == .byte { column.flags[row] = 0 } else { column.words[row] = 0 }
                    continue
                }
            }
            switch part.type.layout {
            case .byte:
                column.flags[row] = key[at]
                at += 1
            case .word:
                let ordered = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let isNegative = ordered >> 63 == 0
                let bits = part.type == .double ? (isNegative ? ~ordered : ordered ^ (1 << 63)) : ordered ^ (1 << 63)
                column.words[row] = Int64(bitPattern: bits)
                at += 8
            case .reference:
                let arena = column.arena!
                let start = arena.count
                if part.isLast {
                    arena.append(UnsafeRawBufferPointer(rebasing: raw[at...]))
                    at = key.count
                } else {
                    while !(key[at] == 0 && key[at + 1] == 1) {
                        arena.append(byte: key[at])
                        at += key[at] == 0 ? 2 : 1
                    }
                    at += 2
                }
                column.references[row] = BytesReference(offset: start, length: arena.count - start)
            }
        }
    }
}
