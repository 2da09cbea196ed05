import Base

/// Numbers, times and byte strings as text; each returns the place past what it wrote.
extension JSONText {
    static let intBytesMax = 20
    static let doubleBytesMax = 32
    static let timestampBytesMax = EventTime.textBytesMax + 2
    static let durationBytesMax = 32
    static func base64BytesMax(_ count: Int) -> Int { (count + 2) / 3 * 4 + 2 }

    private static let base64Digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    @inline(__always)
    static func write(int value: Int64, to out: MutableBytePointer) -> MutableBytePointer {
        var o = out
        if value < 0 {
            o.pointee = JSONScan.minus
            o += 1
        }
        return write(magnitude: value.magnitude, to: o)
    }

    static func write(magnitude value: UInt64, to out: MutableBytePointer) -> MutableBytePointer {
        var length = 1
        var bound: UInt64 = 10
        while value >= bound {
            length += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        var rest = value
        var i = length
        while i > 0 {
            i -= 1
            let quotient = rest / 10
            out[i] = UInt8(truncatingIfNeeded: 48 + rest - quotient * 10)
            rest = quotient
        }
        return out + length
    }

    /// Shortest text of a double.
    ///
    /// A decimal of at most 15 digits is the only one of that length that reads as its double. So where scaling by 10^k
    /// gives a whole number of at most 15 digits that scales back to the same double, the least such k gives the shortest
    /// text, and no library is asked. Other doubles (those with 16 or 17 digits, very large and very small ones) take the
    /// standard library's text.
    static func write(double value: Double, to out: MutableBytePointer) -> MutableBytePointer {
        let magnitude = value.magnitude
        guard magnitude < 1e15, magnitude >= 1e-4 || magnitude == 0 else { return writeRare(double: value, to: out) }
        var power = 1.0
        var divisor: UInt64 = 1
        for places in 0...decimalPlacesMax {
            let scaled = (magnitude * power).rounded()
            guard scaled < 1e15 else { break }
            if scaled / power == magnitude {
                var o = out
                if value.sign == .minus {
                    o.pointee = JSONScan.minus
                    o += 1
                }
                let digits = UInt64(scaled)
                o = write(magnitude: digits / divisor, to: o)
                o.pointee = JSONScan.point
                return write(fraction: digits % divisor, places: max(1, places), to: o + 1)
            }
            power *= 10
            divisor *= 10
        }
        return writeRare(double: value, to: out)
    }

    /// Powers of ten up to this are exact doubles and exact 64-bit integers.
    private static let decimalPlacesMax = 18

    private static func write(fraction: UInt64, places: Int, to out: MutableBytePointer) -> MutableBytePointer {
        var rest = fraction
        var i = places
        while i > 0 {
            i -= 1
            out[i] = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        }
        return out + places
    }

    @inline(never)
    private static func writeRare(double value: Double, to out: MutableBytePointer) -> MutableBytePointer {
        var text = value.isFinite ? value.description : value.isNaN ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\""
        return text.withUTF8 { bytes in
            out.update(from: bytes.baseAddress!, count: bytes.count)
            return out + bytes.count
        }
    }

    static func write(timestamp: EventTime, to out: MutableBytePointer) -> MutableBytePointer {
        out.pointee = JSONScan.quote
        let end = out + 1 + timestamp.write(to: out + 1)
        end.pointee = JSONScan.quote
        return end + 1
    }

    /// Seconds as protobuf's JSON has them: `"300s"`, `"-1.5s"`.
    static func write(duration: TimeSpan, to out: MutableBytePointer) -> MutableBytePointer {
        out.pointee = JSONScan.quote
        var o = out + 1
        if duration.microseconds < 0 {
            o.pointee = JSONScan.minus
            o += 1
        }
        let magnitude = duration.microseconds.magnitude
        o = write(magnitude: magnitude / 1_000_000, to: o)
        var fraction = magnitude % 1_000_000
        if fraction != 0 {
            var places = 6
            while fraction % 10 == 0 {
                fraction /= 10
                places -= 1
            }
            o.pointee = JSONScan.point
            o = write(fraction: fraction, places: places, to: o + 1)
        }
        o[0] = 0x73
        o[1] = JSONScan.quote
        return o + 2
    }

    /// Base64 with padding (RFC 4648, section 4) and quotes.
    static func write(base64 bytes: BytePointer?, count: Int, to out: MutableBytePointer) -> MutableBytePointer {
        let digits = base64Digits.utf8Start
        out.pointee = JSONScan.quote
        var o = out + 1
        var i = 0
        while i < count, let bytes {
            let left = count - i
            let group = UInt32(bytes[i]) << 16 | (left > 1 ? UInt32(bytes[i + 1]) << 8 : 0) | (left > 2 ? UInt32(bytes[i + 2]) : 0)
            o[0] = digits[Int(group >> 18)]
            o[1] = digits[Int(group >> 12 & 63)]
            o[2] = left > 1 ? digits[Int(group >> 6 & 63)] : 0x3D
            o[3] = left > 2 ? digits[Int(group & 63)] : 0x3D
            o += 4
            i += 3
        }
        o.pointee = JSONScan.quote
        return o + 1
    }
}
