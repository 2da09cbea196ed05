import Base

/// One column as the encoders read it: raw pointers, taken once a batch. Plain data.
struct ColumnReader {
    let type: ValueType
    var storage: UnsafeMutableRawPointer?
    var validity: UnsafeMutablePointer<UInt8>?
    var arenaBase: MutableBytePointer?

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
    func writeJSON(_ row: Int, to out: MutableBytePointer) -> MutableBytePointer {
        switch type {
        case .string:
            let text = bytes(row)
            return JSONText.write(string: text.baseAddress, count: text.count, to: out)
        case .double: return JSONText.write(double: Double(bitPattern: UInt64(bitPattern: word(row))), to: out)
        case .int: return JSONText.write(int: word(row), to: out)
        case .timestamp: return JSONText.write(timestamp: EventTime(microseconds: word(row)), to: out)
        default: return writeOther(row, to: out)
        }
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
