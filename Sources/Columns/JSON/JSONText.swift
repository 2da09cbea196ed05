public import Base

/// Writes JSON text into an arena. What is fixed in length is written without checks into reserved room.
public enum JSONText {
    private static let hexDigits: StaticString = "0123456789abcdef"

    /// The most bytes a string of `count` bytes takes with its quotes: each may become `\u00XX`.
    @inlinable
    static func stringBytesMax(_ count: Int) -> Int { 6 * count + 2 }

    /// Appends a string with its quotes, escaping only what JSON demands: quote, backslash, control characters.
    /// - Complexity: O(bytes), eight at a time where nothing is escaped.
    public static func append(string bytes: UnsafeBufferPointer<UInt8>, to arena: ByteArena) {
        let out = arena.reserve(stringBytesMax(bytes.count) + JSONScan.overshoot)
        arena.commit(write(string: bytes.baseAddress, count: bytes.count, to: out) - out)
    }

    public static func append(string text: String, to arena: ByteArena) {
        var text = text
        text.withUTF8 { append(string: $0, to: arena) }
    }

    public static func quoted(_ text: String) -> String {
        let arena = ByteArena(capacity: text.utf8.count + 16)
        append(string: text, to: arena)
        return String(decoding: arena.bytes, as: UTF8.self)
    }

    /// Appends a whole number in decimal.
    public static func append(int value: Int64, to arena: ByteArena) {
        let out = arena.reserve(intBytesMax)
        arena.commit(write(int: value, to: out) - out)
    }

    /// Appends the shortest text that reads back as the same double, always with a point or an exponent (`5.0`, `1e-05`);
    /// what JSON has no number for as a string: `"NaN"`, `"Infinity"`, `"-Infinity"`.
    public static func append(double value: Double, to arena: ByteArena) {
        let out = arena.reserve(doubleBytesMax)
        arena.commit(write(double: value, to: out) - out)
    }

    /// Appends an RFC 3339 string with its quotes.
    public static func append(timestamp: EventTime, to arena: ByteArena) {
        let out = arena.reserve(timestampBytesMax)
        arena.commit(write(timestamp: timestamp, to: out) - out)
    }

    /// Appends seconds as protobuf's JSON has them, with quotes: `"300s"`, `"-1.5s"`.
    public static func append(duration: TimeSpan, to arena: ByteArena) {
        let out = arena.reserve(durationBytesMax)
        arena.commit(write(duration: duration, to: out) - out)
    }

    /// Appends bytes as base64 with padding and quotes.
    public static func append(base64 bytes: UnsafeBufferPointer<UInt8>, to arena: ByteArena) {
        let out = arena.reserve(base64BytesMax(bytes.count))
        arena.commit(write(base64: bytes.baseAddress, count: bytes.count, to: out) - out)
    }

    /// Appends a value as the encoders do. Records have no value of their own: a presence column is written as a boolean.
    public static func append(_ value: Value, to arena: ByteArena) {
        switch value {
        case .null: arena.append("null")
        case .bool(let flag): arena.append(flag ? "true" : "false")
        case .int(let number): append(int: number, to: arena)
        case .double(let number): append(double: number, to: arena)
        case .string(let text): append(string: text, to: arena)
        case .timestamp(let time): append(timestamp: time, to: arena)
        case .duration(let span): append(duration: span, to: arena)
        case .bytes(let bytes): bytes.withUnsafeBufferPointer { append(base64: $0, to: arena) }
        case .map(let map):
            arena.append(byte: JSONScan.openBrace)
            for (index, (key, value)) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }).enumerated() {
                if index > 0 { arena.append(byte: JSONScan.comma) }
                append(string: key, to: arena)
                arena.append(byte: JSONScan.colon)
                append(string: value, to: arena)
            }
            arena.append(byte: JSONScan.closeBrace)
        }
    }

    /// Writes a string with its quotes and returns the place past it; may write `JSONScan.overshoot` bytes more.
    @inline(__always)
    static func write(string bytes: BytePointer?, count: Int, to out: MutableBytePointer) -> MutableBytePointer {
        out.pointee = JSONScan.quote
        var o = out + 1
        if var p = bytes {
            let end = p + count
            while end - p >= 8 {
                let word = JSONScan.load8(p)
                UnsafeMutableRawPointer(o).storeBytes(of: word.littleEndian, as: UInt64.self)
                // Beyond ASCII nothing is escaped: only marks of bytes below 0x80 count.
                if JSONScan.special(word) & ~word == 0 {
                    p += 8
                    o += 8
                } else {
                    for _ in 0..<8 {
                        o = write(character: p.pointee, to: o)
                        p += 1
                    }
                }
            }
            while p < end {
                o = write(character: p.pointee, to: o)
                p += 1
            }
        }
        o.pointee = JSONScan.quote
        return o + 1
    }

    @inline(__always)
    private static func write(character byte: UInt8, to out: MutableBytePointer) -> MutableBytePointer {
        if byte >= 0x20, byte != JSONScan.quote, byte != JSONScan.backslash {
            out.pointee = byte
            return out + 1
        }
        return write(escaped: byte, to: out)
    }

    @inline(never)
    private static func write(escaped byte: UInt8, to out: MutableBytePointer) -> MutableBytePointer {
        out[0] = JSONScan.backslash
        let short: UInt8
        switch byte {
        case JSONScan.quote, JSONScan.backslash: short = byte
        case 0x08: short = 0x62
        case 0x09: short = 0x74
        case 0x0A: short = 0x6E
        case 0x0C: short = 0x66
        case 0x0D: short = 0x72
        default:
            out[1] = 0x75
            out[2] = 48
            out[3] = 48
            out[4] = hexDigits.utf8Start[Int(byte >> 4)]
            out[5] = hexDigits.utf8Start[Int(byte & 15)]
            return out + 6
        }
        out[1] = short
        return out + 2
    }
}
