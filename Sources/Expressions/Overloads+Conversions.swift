import Base
import Columns

/// `int()`, `double()`, `string()`, `bytes()`, `bool()`, `timestamp()`, `duration()`. A value that has no counterpart
/// fails with `conversion`. Reading numbers from strings makes a Swift string a row; the others stay in buffers.
extension Overload {
    static let conversions: [Overload] =
        identities + [
            Overload("int", .function, [.double], .int, .fallible(IntFromDouble.self)),
            Overload("int", .function, [.string], .int, .fallible(IntFromString.self)),
            Overload("int", .function, [.timestamp], .int, .plain(SecondsOfTimestamp.self)),
            Overload("double", .function, [.int], .double, .plain(DoubleFromInt.self)),
            Overload("double", .function, [.string], .double, .fallible(DoubleFromString.self)),
            Overload("bool", .function, [.string], .bool, .fallible(BoolFromString.self)),
            Overload("string", .function, [.int], .string, .appending(StringFromInt.self)),
            Overload("string", .function, [.double], .string, .appending(StringFromDouble.self)),
            Overload("string", .function, [.bool], .string, .appending(StringFromBool.self)),
            Overload("string", .function, [.bytes], .string, .appending(StringFromBytes.self)),
            Overload("string", .function, [.timestamp], .string, .appending(StringFromTimestamp.self)),
            Overload("string", .function, [.duration], .string, .appending(StringFromDuration.self)),
            Overload("bytes", .function, [.string], .bytes, .appending(BytesFromString.self)),
            Overload("timestamp", .function, [.string], .timestamp, .fallible(TimestampFromString.self)),
            Overload("timestamp", .function, [.int], .timestamp, .fallible(TimestampFromInt.self)),
            Overload("duration", .function, [.string], .duration, .fallible(DurationFromString.self)),
        ]

    /// A conversion to the type that the value has.
    private static let identities: [Overload] = [
        ValueType.int, .double, .bool, .string, .bytes, .timestamp, .duration,
    ].map { type in Overload(type.description, .function, [type], type) { $0[0] } }
}

private let conversionFault = ExpressionFault.conversion.rawValue

private enum IntFromDouble: FallibleRowOperation {
    @inline(__always)
    static func apply(_ number: Double, _: Double) -> (Int64, UInt8) {
        // Exclusive at both ends, as CEL has it: the doubles there stand for ints beyond the range too.
        number > -0x1p63 && number < 0x1p63 ? (Int64(number), 0) : (0, conversionFault)
    }
}

private enum IntFromString: FallibleRowOperation {
    static func apply(_ text: ByteRun, _: ByteRun) -> (Int64, UInt8) {
        Int64(text.text).map { ($0, 0) } ?? (0, conversionFault)
    }
}

private enum SecondsOfTimestamp: RowOperation {
    @inline(__always)
    static func apply(_ microseconds: Int64, _: Int64) -> Int64 {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return rest < 0 ? seconds - 1 : seconds
    }
}

private enum DoubleFromInt: RowOperation {
    @inline(__always) static func apply(_ number: Int64, _: Int64) -> Double { Double(number) }
}

private enum DoubleFromString: FallibleRowOperation {
    static func apply(_ text: ByteRun, _: ByteRun) -> (Double, UInt8) {
        Double(text.text).map { ($0, 0) } ?? (0, conversionFault)
    }
}

private enum BoolFromString: FallibleRowOperation {
    static func apply(_ text: ByteRun, _: ByteRun) -> (UInt8, UInt8) {
        switch text.text {
        case "1", "t", "true", "T", "TRUE", "True": (1, 0)
        case "0", "f", "false", "F", "FALSE", "False": (0, 0)
        default: (0, conversionFault)
        }
    }
}

private enum StringFromInt: AppendingRowOperation {
    static func append(_ number: Int64, _: Int64, to arena: ByteArena) -> UInt8 {
        arena.append(number.description)
        return 0
    }
}

private enum StringFromDouble: AppendingRowOperation {
    /// The shortest digits that read back as the same double, without a trailing `.0`.
    static func append(_ number: Double, _: Double, to arena: ByteArena) -> UInt8 {
        let text = number.description
        arena.append(number.isNaN ? "NaN" : text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
        return 0
    }
}

private enum StringFromBool: AppendingRowOperation {
    static func append(_ flag: UInt8, _: UInt8, to arena: ByteArena) -> UInt8 {
        arena.append(flag != 0 ? "true" : "false")
        return 0
    }
}

private enum StringFromBytes: AppendingRowOperation {
    static func append(_ bytes: ByteRun, _: ByteRun, to arena: ByteArena) -> UInt8 {
        guard String(validating: bytes.buffer, as: UTF8.self) != nil else { return conversionFault }
        arena.append(bytes.start, count: bytes.count)
        return 0
    }
}

private enum BytesFromString: AppendingRowOperation {
    static func append(_ text: ByteRun, _: ByteRun, to arena: ByteArena) -> UInt8 {
        arena.append(text.start, count: text.count)
        return 0
    }
}

private enum StringFromTimestamp: AppendingRowOperation {
    static func append(_ microseconds: Int64, _: Int64, to arena: ByteArena) -> UInt8 {
        arena.commit(EventTime(microseconds: microseconds).write(to: arena.reserve(EventTime.textBytesMax)))
        return 0
    }
}

private enum StringFromDuration: AppendingRowOperation {
    static func append(_ microseconds: Int64, _: Int64, to arena: ByteArena) -> UInt8 {
        arena.append(DurationText.text(microseconds))
        return 0
    }
}

private enum TimestampFromString: FallibleRowOperation {
    static func apply(_ text: ByteRun, _: ByteRun) -> (Int64, UInt8) {
        guard let time = EventTime(rfc3339: text.buffer), TimestampRange.fault(time.microseconds) == 0 else {
            return (0, conversionFault)
        }
        return (time.microseconds, 0)
    }
}

private enum TimestampFromInt: FallibleRowOperation {
    @inline(__always)
    static func apply(_ seconds: Int64, _: Int64) -> (Int64, UInt8) {
        let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return (microseconds, TimestampRange.fault(microseconds, overflow: overflow))
    }
}

private enum DurationFromString: FallibleRowOperation {
    static func apply(_ text: ByteRun, _: ByteRun) -> (Int64, UInt8) {
        DurationText.microseconds(text.buffer).map { ($0, 0) } ?? (0, conversionFault)
    }
}

/// CEL's text of durations: `1h30m`, `-1.5s`, `250ms`.
enum DurationText {
    /// What `microseconds(_:)` reads, for messages.
    static let allowedForm = "numbers with a unit of h, m, s, ms, us or ns: 90s, 1h30m, -1.5s"

    /// Nil for what is no duration or lies outside of `DurationRange`; below a microsecond digits are cut off.
    static func microseconds(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var at = 0
        let isNegative = text.first == 45
        if isNegative || text.first == 43 { at = 1 }
        if text.count == at + 1, text[at] == 48 { return 0 }
        var nanoseconds: Int64 = 0
        guard at < text.count else { return nil }
        while at < text.count {
            guard let (part, end) = component(text, at) else { return nil }
            let (sum, overflow) = nanoseconds.addingReportingOverflow(part)
            if overflow { return nil }
            nanoseconds = sum
            at = end
        }
        let total = nanoseconds / 1_000
        return isNegative ? -total : total
    }

    /// A number and its unit from `start`, in nanoseconds, and where they end.
    private static func component(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (Int64, Int)? {
        var at = start
        var whole: Int64 = 0
        var fraction: Int64 = 0, scale: Int64 = 1
        var digits = 0
        var isFraction = false
        while at < text.count {
            let byte = text[at]
            if byte == 46, !isFraction {
                isFraction = true
            } else if byte &- 48 < 10 {
                digits += 1
                if !isFraction {
                    let (product, tooLarge) = whole.multipliedReportingOverflow(by: 10)
                    let (sum, tooLong) = product.addingReportingOverflow(Int64(byte - 48))
                    if tooLarge || tooLong { return nil }
                    whole = sum
                } else if scale < 1_000_000_000 {
                    fraction = fraction * 10 + Int64(byte - 48)
                    scale *= 10
                }
            } else {
                break
            }
            at += 1
        }
        let unitStart = at
        while at < text.count, text[at] &- 48 >= 10, text[at] != 46 { at += 1 }
        guard digits > 0, let unit = units[String(decoding: text[unitStart..<at], as: UTF8.self)] else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        // Below one the product of a fraction and its unit fits: 10^9 times 3.6 * 10^12 would not, so scale first.
        let part = unit >= scale ? fraction * (unit / scale) : fraction * unit / scale
        let (sum, tooLong) = product.addingReportingOverflow(part)
        return overflow || tooLong ? nil : (sum, at)
    }

    private static let units: [String: Int64] = [
        "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "µs": 1_000,
        "μs": 1_000, "ns": 1,
    ]

    /// Seconds with as many decimals as there are: `5400s`, `-1.5s`.
    static func text(_ microseconds: Int64) -> String {
        let magnitude = microseconds.magnitude
        var text = (microseconds < 0 ? "-" : "") + String(magnitude / 1_000_000)
        let rest = magnitude % 1_000_000
        if rest != 0 {
            var decimals = String(rest)
            decimals = String(repeating: "0", count: 6 - decimals.count) + decimals
            while decimals.hasSuffix("0") { decimals.removeLast() }
            text += "." + decimals
        }
        return text + "s"
    }
}
