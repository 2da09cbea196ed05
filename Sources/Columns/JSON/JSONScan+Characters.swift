/// Escapes and characters beyond ASCII.
extension JSONScan {
    /// The length of the well-formed UTF-8 sequence of a character beyond ASCII at `p`, or 0 (Unicode 15, table 3-7: no
    /// overlong forms, no surrogates, nothing beyond U+10FFFF).
    static func utf8Length(_ p: BytePointer, _ end: BytePointer) -> Int {
        func follows(_ index: Int, _ low: UInt8 = 0x80, _ high: UInt8 = 0xBF) -> Bool {
            end - p > index && p[index] >= low && p[index] <= high
        }
        switch p.pointee {
        case 0xC2...0xDF: return follows(1) ? 2 : 0
        case 0xE0: return follows(1, 0xA0) && follows(2) ? 3 : 0
        case 0xED: return follows(1, 0x80, 0x9F) && follows(2) ? 3 : 0
        case 0xE1...0xEF: return follows(1) && follows(2) ? 3 : 0
        case 0xF0: return follows(1, 0x90) && follows(2) && follows(3) ? 4 : 0
        case 0xF1...0xF3: return follows(1) && follows(2) && follows(3) ? 4 : 0
        case 0xF4: return follows(1, 0x80, 0x8F) && follows(2) && follows(3) ? 4 : 0
        default: return 0
        }
    }

    /// Reads the escape at the backslash `p`; of a surrogate pair both halves.
    static func escape(_ p: BytePointer, _ end: BytePointer, _ scalar: inout UInt32, _ stop: inout JSONStop) -> BytePointer? {
        guard end - p >= 2 else { return stop.set(.unterminatedString, end) }
        switch p[1] {
        case quote, backslash, 0x2F: scalar = UInt32(p[1])
        case 0x62: scalar = 0x08
        case 0x66: scalar = 0x0C
        case 0x6E: scalar = 0x0A
        case 0x72: scalar = 0x0D
        case 0x74: scalar = 0x09
        case 0x75:
            guard let unit = hexUnit(p + 2, end) else { return stop.set(.badEscape, p) }
            scalar = unit
            if unit & 0xF800 != 0xD800 { return p + 6 }
            // Half a pair: only a high half followed by the escape of a low one makes a character.
            guard unit < 0xDC00, end - p >= 12, p[6] == backslash, p[7] == 0x75, let low = hexUnit(p + 8, end), low & 0xFC00 == 0xDC00
            else { return stop.set(.loneSurrogate, p) }
            scalar = 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
            return p + 12
        default: return stop.set(.badEscape, p)
        }
        return p + 2
    }

    private static func hexUnit(_ p: BytePointer, _ end: BytePointer) -> UInt32? {
        guard end - p >= 4 else { return nil }
        var unit: UInt32 = 0
        for i in 0..<4 {
            guard let digit = hexDigit(p[i]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// Writes a character as UTF-8 and returns the number of bytes.
    static func encode(_ scalar: UInt32, to out: MutableBytePointer) -> Int {
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (scalar >> shift) & 0x3F) }
        switch scalar {
        case 0..<0x80:
            out[0] = UInt8(scalar)
            return 1
        case 0x80..<0x800:
            out[0] = UInt8(0xC0 | scalar >> 6)
            out[1] = continuation(0)
            return 2
        case 0x800..<0x10000:
            out[0] = UInt8(0xE0 | scalar >> 12)
            out[1] = continuation(6)
            out[2] = continuation(0)
            return 3
        default:
            out[0] = UInt8(0xF0 | scalar >> 18)
            out[1] = continuation(12)
            out[2] = continuation(6)
            out[3] = continuation(0)
            return 4
        }
    }
}
