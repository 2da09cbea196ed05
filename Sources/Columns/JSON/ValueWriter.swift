import Base

/// One column as the encoders read it: raw pointers, taken once a batch. Plain data.
struct ColumnReader {
    let type: ValueType
    var storage: UnsafeMutableRawPointer?
    var validity: UnsafeMutablePointer<UInt8>?
    var arenaBase: MutableBytePointer?
    /// The day written last, since 1970, and its text: rows close in time share it.
    private var day = Int64.min
    private var dayText: (UInt64, UInt16) = (0, 0)

    init(_ type: ValueType) { self.type = type }

    mutating func point(at column: Column) {
        precondition(column.type == type, "a column of \(column.type) is encoded as \(type)")
        storage = column.storage
        validity = column.validity
        arenaBase = column.arena?.base
    }

    @inline(__always)
    func isValid(_ row: Int) -> Bool { validity == nil || validity.unsafelyUnwrapped[row] != 0 }

    @inline(__always)
    func word(_ row: Int) -> Int64 { storage.unsafelyUnwrapped.load(fromByteOffset: row &* 8, as: Int64.self) }

    @inline(__always)
    func flag(_ row: Int) -> Bool { storage.unsafelyUnwrapped.load(fromByteOffset: row, as: UInt8.self) != 0 }

    @inline(__always)
    func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let reference = storage.unsafelyUnwrapped.load(fromByteOffset: row &* 8, as: BytesReference.self)
        return UnsafeBufferPointer(start: UnsafePointer(arenaBase.unsafelyUnwrapped) + Int(reference.offset), count: Int(reference.length))
    }

    /// The most bytes that a value of a scalar type takes as JSON.
    static let scalarBytesMax = 48

    /// The most bytes that the row's value takes as JSON.
    @inline(__always)
    func jsonBytesMax(_ row: Int) -> Int {
        // A map's entry header outweighs its punctuation, so its bytes count like a string's.
        type.layout == .reference && isValid(row) ? JSONText.stringBytesMax(bytes(row).count) + Self.scalarBytesMax : Self.scalarBytesMax
    }

    /// Writes the value of a row that is not null; there is room for `jsonBytesMax` and the overshoot.
    @inline(__always)
    mutating func writeJSON(_ row: Int, to out: MutableBytePointer) -> MutableBytePointer {
        switch type {
        case .string:
            let text = bytes(row)
            return JSONText.write(string: text.baseAddress, count: text.count, to: out)
        case .double: return JSONText.write(double: Double(bitPattern: UInt64(bitPattern: word(row))), to: out)
        case .int: return JSONText.write(int: word(row), to: out)
        case .timestamp: return writeTimestamp(EventTime(microseconds: word(row)), to: out)
        default: return writeOther(row, to: out)
        }
    }

    /// A whole second of the day written last takes a few stores; other times go the long way.
    @inline(__always)
    private mutating func writeTimestamp(_ time: EventTime, to out: MutableBytePointer) -> MutableBytePointer {
        let timeDay = time.microseconds / 86_400_000_000
        let rest = time.microseconds &- timeDay &* 86_400_000_000
        let seconds = rest / 1_000_000
        guard timeDay == day, rest >= 0, seconds &* 1_000_000 == rest else { return writeAnyTimestamp(time, to: out) }
        let raw = UnsafeMutableRawPointer(out)
        out[0] = JSONScan.quote
        raw.storeBytes(of: dayText.0, toByteOffset: 1, as: UInt64.self)
        raw.storeBytes(of: dayText.1, toByteOffset: 9, as: UInt16.self)
        out[11] = 0x54
        Self.writeTwoDigits(seconds / 3_600, to: out + 12)
        out[14] = JSONScan.colon
        Self.writeTwoDigits(seconds / 60 % 60, to: out + 15)
        out[17] = JSONScan.colon
        Self.writeTwoDigits(seconds % 60, to: out + 18)
        out[20] = 0x5A
        out[21] = JSONScan.quote
        return out + 22
    }

    @inline(__always)
    private static func writeTwoDigits(_ value: Int64, to out: MutableBytePointer) {
        out[0] = UInt8(truncatingIfNeeded: 48 &+ value / 10)
        out[1] = UInt8(truncatingIfNeeded: 48 &+ value % 10)
    }

    @inline(never)
    private mutating func writeAnyTimestamp(_ time: EventTime, to out: MutableBytePointer) -> MutableBytePointer {
        let end = JSONText.write(timestamp: time, to: out)
        // Only days from 1970 to 9999: before and after, division and text do not go by the same day.
        guard time.microseconds >= 0, time.microseconds <= JSONRecordDecoder.timeRange.upperBound else { return end }
        day = time.microseconds / 86_400_000_000
        let raw = UnsafeRawPointer(out)
        dayText = (raw.loadUnaligned(fromByteOffset: 1, as: UInt64.self), raw.loadUnaligned(fromByteOffset: 9, as: UInt16.self))
        return end
    }

    @inline(never)
    private func writeOther(_ row: Int, to out: MutableBytePointer) -> MutableBytePointer {
        switch type {
        case .bool, .record: return Self.write(flag(row) ? "true" : "false", to: out)
        case .duration: return JSONText.write(duration: TimeSpan(microseconds: word(row)), to: out)
        case .bytes:
            let value = bytes(row)
            return JSONText.write(base64: value.baseAddress, count: value.count, to: out)
        default: return Self.writeMap(bytes(row), to: out)
        }
    }

    @inline(__always)
    static func write(_ text: StaticString, to out: MutableBytePointer) -> MutableBytePointer {
        out.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        return out + text.utf8CodeUnitCount
    }

    private static func writeMap(_ map: UnsafeBufferPointer<UInt8>, to out: MutableBytePointer) -> MutableBytePointer {
        out.pointee = JSONScan.openBrace
        var o = out + 1
        StringMap.forEach(map) { key, value in
            if o > out + 1 {
                o.pointee = JSONScan.comma
                o += 1
            }
            o = JSONText.write(string: key.baseAddress, count: key.count, to: o)
            o.pointee = JSONScan.colon
            o = JSONText.write(string: value.baseAddress, count: value.count, to: o + 1)
        }
        o.pointee = JSONScan.closeBrace
        return o + 1
    }
}
