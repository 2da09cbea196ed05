import Base

/// When something that failed is tried again: after twice the time of the try before, up to a bound. Nobody waits in it.
struct RetryPause {
    private var next = Limits.retryDelayMin
    /// Monotonic; 0: at once.
    private var until: UInt64 = 0

    /// What a failure now would wait for.
    var span: TimeSpan { next }

    var isOver: Bool { until == 0 || Stopwatch.nanoseconds() >= until }

    mutating func reset() {
        next = Limits.retryDelayMin
        until = 0
    }

    mutating func begin() {
        until = Stopwatch.nanoseconds() + UInt64(next.microseconds) * 1_000
        next = min(TimeSpan(microseconds: next.microseconds * 2), Limits.retryDelayMax)
    }
}
