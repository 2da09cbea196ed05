import Base

/// Counts of a task at its latest commits, from which a reader tells how many there are a second.
///
/// A rate is taken over whole epochs: from a commit about `span` ago to the last one. Where there was silence before or
/// after, the time counts instead of the commits, so that a burst is not spread over the hours before it, and the rate of
/// a task that stands still falls to 0.
struct RateSamples {
    struct Sample {
        /// Monotonic.
        var nanoseconds: UInt64
        var records: Int
        var rowsOut: Int
    }

    /// How far back a rate looks.
    static let span = TimeSpan.seconds(10)
    /// Samples nearer to each other than this are one: an engine that commits all the time would else keep hundreds.
    private static let distanceMin: UInt64 = 200_000_000

    private(set) var samples: [Sample] = []
    /// Two commit intervals: no commit for longer is silence.
    private let slack: UInt64
    private let span: UInt64

    init(commitInterval: TimeSpan) {
        slack = UInt64(max(commitInterval.microseconds, 500_000)) * 2_000
        span = UInt64(Self.span.microseconds) * 1_000
    }

    mutating func append(_ sample: Sample) {
        if samples.count > 1, sample.nanoseconds - samples[samples.count - 2].nanoseconds < Self.distanceMin { samples.removeLast() }
        samples.append(sample)
        let start = sample.nanoseconds - min(sample.nanoseconds, span + slack)
        // One older than what is looked at stays: what was counted up to then.
        while samples.count > 2, samples[1].nanoseconds <= start { samples.removeFirst() }
    }

    /// Records and rows a second, as of `now`. - Complexity: O(samples), some dozens.
    func rates(now: UInt64) -> TaskRates {
        guard let first = samples.first, let last = samples.last else { return TaskRates() }
        let start = now - min(now, span)
        let base = samples.last { $0.nanoseconds <= start } ?? first
        let from = max(base.nanoseconds, start - min(start, slack))
        let to = max(last.nanoseconds, now - min(now, slack))
        guard to > from else { return TaskRates() }
        let seconds = Double(to - from) / 1e9
        return TaskRates(
            recordsPerSecond: Double(last.records - base.records) / seconds,
            rowsOutPerSecond: Double(last.rowsOut - base.rowsOut) / seconds)
    }
}

/// What a task does in a second, over the last ten or so.
public struct TaskRates: Hashable, Sendable {
    public var recordsPerSecond: Double
    public var rowsOutPerSecond: Double

    public init(recordsPerSecond: Double = 0, rowsOutPerSecond: Double = 0) {
        self.recordsPerSecond = recordsPerSecond
        self.rowsOutPerSecond = rowsOutPerSecond
    }

    public static func + (a: TaskRates, b: TaskRates) -> TaskRates {
        TaskRates(
            recordsPerSecond: a.recordsPerSecond + b.recordsPerSecond, rowsOutPerSecond: a.rowsOutPerSecond + b.rowsOutPerSecond)
    }
}
