/// A point in event time: microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian, without leap seconds.
///
/// One integer, so that columns of times are plain `Int64` buffers. The range covers the years 1...9999, which is
/// what CEL's `timestamp` allows.
@frozen
public struct EventTime: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    @inlinable
    public init(microseconds: Int64) { self.microseconds = microseconds }

    @inlinable
    public init(milliseconds: Int64) { microseconds = milliseconds * 1_000 }

    @inlinable
    public init(seconds: Int64) { microseconds = seconds * 1_000_000 }

    /// Before every event: the watermark of a source that has not seen one.
    public static let earliest = EventTime(microseconds: .min)
    /// After every event: what a bounded input's watermark becomes at its end.
    public static let latest = EventTime(microseconds: .max)

    @inlinable
    public static func < (a: EventTime, b: EventTime) -> Bool { a.microseconds < b.microseconds }

    /// Saturates at `earliest` and `latest` instead of trapping: a watermark may be either.
    @inlinable
    public static func + (time: EventTime, span: TimeSpan) -> EventTime {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(span.microseconds)
        return overflow ? (span.microseconds < 0 ? .earliest : .latest) : EventTime(microseconds: sum)
    }

    @inlinable
    public static func - (time: EventTime, span: TimeSpan) -> EventTime {
        let (sum, overflow) = time.microseconds.subtractingReportingOverflow(span.microseconds)
        return overflow ? (span.microseconds > 0 ? .earliest : .latest) : EventTime(microseconds: sum)
    }

    /// - Precondition: the difference fits 64 bits, which it does for all times that a decoder lets in.
    @inlinable
    public static func - (a: EventTime, b: EventTime) -> TimeSpan {
        TimeSpan(microseconds: a.microseconds - b.microseconds)
    }
}

/// A length of time in microseconds; negative spans point backwards.
@frozen
public struct TimeSpan: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    @inlinable
    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static let zero = TimeSpan(microseconds: 0)
    public static func milliseconds(_ n: Int64) -> TimeSpan { TimeSpan(microseconds: n * 1_000) }
    public static func seconds(_ n: Int64) -> TimeSpan { TimeSpan(microseconds: n * 1_000_000) }
    public static func minutes(_ n: Int64) -> TimeSpan { .seconds(n * 60) }
    public static func hours(_ n: Int64) -> TimeSpan { .seconds(n * 3_600) }
    public static func days(_ n: Int64) -> TimeSpan { .seconds(n * 86_400) }

    @inlinable
    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.microseconds < b.microseconds }

    /// The span in seconds, for display and for interfaces that take floating-point seconds.
    public var seconds: Double { Double(microseconds) / 1e6 }

    private static let units: [(suffix: String, microseconds: Int64)] = [
        ("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
    ]

    /// What `init(_:)` accepts, for error messages.
    public static let allowedForm = "a whole number and a unit: 500ms, 30s, 5m, 1h, 7d, or several in a row: 1h30m"

    /// Parses `500ms`, `30s`, `5m`, `1h`, `7d` and sums such as `1h30m`; nil for anything else, overflow included.
    public init?(_ text: String) {
        var rest = Substring(text)
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let suffix = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(suffix.count)
            guard let number = Int64(digits), let unit = Self.units.first(where: { $0.suffix == suffix }) else { return nil }
            let (product, tooLarge) = number.multipliedReportingOverflow(by: unit.microseconds)
            let (sum, tooLong) = total.addingReportingOverflow(product)
            guard !tooLarge, !tooLong else { return nil }
            total = sum
        }
        self.init(microseconds: total)
    }
}

extension TimeSpan: CustomStringConvertible {
    /// The form that `init(_:)` reads, largest unit first: `1h30m`, `250ms`, `0s`.
    public var description: String {
        guard microseconds != 0 else { return "0s" }
        var rest = microseconds.magnitude
        var text = microseconds < 0 ? "-" : ""
        for unit in Self.units.reversed() where rest >= UInt64(unit.microseconds) {
            text += "\(rest / UInt64(unit.microseconds))\(unit.suffix)"
            rest %= UInt64(unit.microseconds)
        }
        return text
    }
}
