import Base

/// Waiting times between tries of something that fails: doubled each time, up to a bound.
struct Backoff {
    private var next = Limits.retryDelayMin

    mutating func reset() { next = Limits.retryDelayMin }

    mutating func delay() -> TimeSpan {
        defer { next = min(TimeSpan(microseconds: next.microseconds * 2), Limits.retryDelayMax) }
        return next
    }
}
