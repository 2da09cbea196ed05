/// RFC 3339 text of event times, written and read byte by byte: the JSON decoder and encoder use it once a record,
/// so it neither allocates nor touches Foundation.
///
/// Civil dates follow H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (`days_from_civil`, `civil_from_days`).
public struct CivilDate: Hashable, Sendable {
    public var year: Int
    public var month: Int
    public var day: Int

    @inlinable
    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    @inlinable
    public init(daysSinceEpoch: Int) {
        let z = daysSinceEpoch + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    @inlinable
    public var daysSinceEpoch: Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    @inlinable
    public static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension EventTime {
    /// Reads RFC 3339: `2026-01-05T00:00:00Z`, a fraction of up to nine digits (cut to microseconds), an offset
    /// `+01:00`; `t`, `z` and a space for `T` as the RFC allows. Nil for anything else, impossible dates included.
    @inlinable
    public init?(rfc3339 text: UnsafeBufferPointer<UInt8>) {
        func digits(_ at: Int, _ count: Int) -> Int? {
            guard at + count <= text.count else { return nil }
            var value = 0
            for i in at..<at + count {
                let digit = Int(text[i]) - 48
                guard digit >= 0, digit <= 9 else { return nil }
                value = value * 10 + digit
            }
            return value
        }
        func byte(_ at: Int) -> UInt8 { at < text.count ? text[at] : 0 }
        guard text.count >= 20,
            let year = digits(0, 4), byte(4) == 45, let month = digits(5, 2), byte(7) == 45, let day = digits(8, 2),
            byte(10) | 0x20 == 116 || byte(10) == 32,
            let hour = digits(11, 2), byte(13) == 58, let minute = digits(14, 2), byte(16) == 58, let second = digits(17, 2),
            year >= 1, month >= 1, month <= 12, day >= 1, day <= CivilDate.daysIn(month: month, year: year),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var at = 19
        var fraction = 0
        if byte(at) == 46 {
            at += 1
            let start = at
            while at < text.count, text[at] &- 48 < 10 {
                if at - start < 6 { fraction = fraction * 10 + Int(text[at] - 48) }
                at += 1
            }
            guard at > start, at - start <= 9 else { return nil }
            for _ in 0..<max(0, 6 - (at - start)) { fraction *= 10 }
        }
        var offsetMinutes = 0
        switch byte(at) {
        case 90, 122: at += 1
        case 43, 45:
            guard let hours = digits(at + 1, 2), byte(at + 3) == 58, let minutes = digits(at + 4, 2), hours < 24, minutes < 60
            else { return nil }
            offsetMinutes = (hours * 60 + minutes) * (byte(at) == 45 ? -1 : 1)
            at += 6
        default: return nil
        }
        guard at == text.count else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offsetMinutes * 60
        self.init(microseconds: Int64(seconds) * 1_000_000 + Int64(fraction))
    }

    public init?(_ text: String) {
        var text = text
        guard let time = text.withUTF8({ EventTime(rfc3339: $0) }) else { return nil }
        self = time
    }

    /// What the text initialisers accept, for error messages.
    public static let allowedForm = "RFC 3339 date and time, for example 2026-01-05T00:00:00Z or 2026-01-05T01:00:00.250+01:00"

    /// The most bytes that `write(to:)` writes.
    public static let textBytesMax = 32

    /// Writes `2026-01-05T00:00:00Z`, with a fraction of three or six digits only where there is one; years outside
    /// 1...9999 are clamped. Returns the number of bytes written.
    @inlinable
    public func write(to out: UnsafeMutablePointer<UInt8>) -> Int {
        let clamped = min(max(microseconds, -62_135_596_800_000_000), 253_402_300_799_999_999)
        var days = clamped / 86_400_000_000
        var rest = clamped % 86_400_000_000
        if rest < 0 {
            days -= 1
            rest += 86_400_000_000
        }
        let date = CivilDate(daysSinceEpoch: Int(days))
        var at = 0
        func put(_ value: Int, digits: Int, then separator: UInt8) {
            var divisor = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                out[at] = UInt8(48 + value / divisor % 10)
                at += 1
                divisor /= 10
            }
            out[at] = separator
            at += 1
        }
        let seconds = Int(rest / 1_000_000)
        let fraction = Int(rest % 1_000_000)
        put(date.year, digits: 4, then: 45)
        put(date.month, digits: 2, then: 45)
        put(date.day, digits: 2, then: 84)
        put(seconds / 3_600, digits: 2, then: 58)
        put(seconds / 60 % 60, digits: 2, then: 58)
        put(seconds % 60, digits: 2, then: fraction == 0 ? 90 : 46)
        if fraction != 0 {
            if fraction % 1_000 == 0 {
                put(fraction / 1_000, digits: 3, then: 90)
            } else {
                put(fraction, digits: 6, then: 90)
            }
        }
        return at
    }
}

extension EventTime: CustomStringConvertible {
    public var description: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        default: withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textBytesMax) { buffer in
            let count = write(to: buffer.baseAddress!)
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
        }
    }
}
