public import Base

/// How long to wait before trying again: twice as long each time, up to a bound, and by chance somewhere between nothing
/// and that ("full jitter"), so that a thousand agents do not come back in the same moment.
public struct Backoff: Hashable, Sendable {
    public var first: TimeSpan
    public var longest: TimeSpan
    private var attempts = 0

    public init(first: TimeSpan = .milliseconds(200), longest: TimeSpan = .seconds(10)) {
        self.first = first
        self.longest = longest
    }

    /// The wait before the next attempt.
    public mutating func next(_ random: inout SeededRandom) -> TimeSpan {
        let doubled = first.microseconds.multipliedReportingOverflow(by: 1 << Int64(min(attempts, 40)))
        let bound = doubled.overflow ? longest.microseconds : min(doubled.partialValue, longest.microseconds)
        attempts += 1
        return TimeSpan(microseconds: Int64(random.unit() * Double(bound)))
    }

    /// After a success.
    public mutating func reset() { attempts = 0 }
}
