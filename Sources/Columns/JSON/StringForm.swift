/// Strings that stand for something else: checked, and rewritten in place.
enum StringForm {
    /// Whether the bytes are a UUID in its text form (RFC 9562, section 4); letters become lower case, so that equal
    /// UUIDs are equal strings.
    static func lowercaseUUID(_ bytes: MutableBytePointer, _ count: Int) -> Bool {
        guard count == 36 else { return false }
        for i in 0..<36 {
            switch i {
            case 8, 13, 18, 23: guard bytes[i] == JSONScan.minus else { return false }
            default:
                guard JSONScan.hexDigit(bytes[i]) != nil else { return false }
                if bytes[i] >= 65 { bytes[i] |= 0x20 }
            }
        }
        return true
    }

    /// Decodes base64 in place and returns the number of bytes; nil unless it is canonical: the standard alphabet,
    /// padded, unused bits zero (RFC 4648, sections 3.5 and 4), so that every byte string has one text.
    static func decodeBase64(_ bytes: MutableBytePointer, _ count: Int) -> Int? {
        guard count % 4 == 0 else { return nil }
        var written = 0
        var i = 0
        while i < count {
            let isLast = i + 4 == count
            let padding = !isLast || bytes[i + 3] != 0x3D ? 0 : bytes[i + 2] != 0x3D ? 1 : 2
            var group: UInt32 = 0
            for j in 0..<(4 - padding) {
                guard let digit = base64Digit(bytes[i + j]) else { return nil }
                group |= digit << UInt32(18 - 6 * j)
            }
            guard padding == 0 || group & (padding == 1 ? 0xFF : 0xFFFF) == 0 else { return nil }
            bytes[written] = UInt8(truncatingIfNeeded: group >> 16)
            if padding < 2 { bytes[written + 1] = UInt8(truncatingIfNeeded: group >> 8) }
            if padding < 1 { bytes[written + 2] = UInt8(truncatingIfNeeded: group) }
            written += 3 - padding
            i += 4
        }
        return written
    }

    private static func base64Digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 65...90: UInt32(byte) - 65
        case 97...122: UInt32(byte) - 71
        case 48...57: UInt32(byte) + 4
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }

    /// Microseconds of `1.5s`, as protobuf's JSON writes a duration: whole seconds, up to nine digits of a fraction, cut
    /// to microseconds.
    static func duration(_ bytes: MutableBytePointer, _ count: Int) -> Int64? {
        var i = 0
        let isNegative = count > 0 && bytes[0] == JSONScan.minus
        if isNegative { i = 1 }
        let start = i
        var magnitude: UInt64 = 0
        func take() -> Bool {
            let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, tooLong) = product.addingReportingOverflow(UInt64(bytes[i] - 48))
            magnitude = sum
            i += 1
            return !tooLarge && !tooLong
        }
        while i < count, bytes[i] &- 48 < 10 { guard take() else { return nil } }
        guard i > start else { return nil }
        var places = 0
        if i < count, bytes[i] == JSONScan.point {
            i += 1
            let fractionStart = i
            while i < count, bytes[i] &- 48 < 10 {
                if places < 6 {
                    guard take() else { return nil }
                    places += 1
                } else {
                    i += 1
                }
            }
            guard i > fractionStart, i - fractionStart <= 9 else { return nil }
        }
        guard i == count - 1, bytes[i] == 0x73 else { return nil }
        for _ in places..<6 {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            magnitude = product
        }
        if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }
}
