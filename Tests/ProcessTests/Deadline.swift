import Base

/// A moment after which something takes too long.
struct Deadline {
    private let watch = Stopwatch()
    private let seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    var isOver: Bool { watch.elapsedSeconds >= seconds }

    /// What is left, for `poll`; never below zero.
    var milliseconds: Int32 { Int32(max(0, (seconds - watch.elapsedSeconds) * 1_000).rounded(.up)) }
}
