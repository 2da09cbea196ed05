import Base

/// A progress line that is renewed a few times a second, with the time since the start.
final class RateLine {
    private let line = ProgressLine()
    private let stopwatch = Stopwatch()
    private var lastShown: UInt64 = 0
    private static let interval: UInt64 = 200_000_000

    var elapsedSeconds: Double { stopwatch.elapsedSeconds }

    /// Shows the text that `make` gives of the seconds elapsed, unless the last one is too young.
    func show(_ make: (_ elapsedSeconds: Double) -> String) {
        let now = stopwatch.elapsedNanoseconds
        guard now >= lastShown + Self.interval else { return }
        lastShown = now
        line.show(make(Double(now) / 1e9))
    }

    func clear() {
        if lastShown > 0 { line.clear() }
    }
}
