public import Base

/// Why a view's projection stands still: what kept its last try from succeeding.
public struct ViewTrouble: Hashable, Sendable {
    public var error: ErrorCode
    /// One sentence: what is wrong.
    public var message: String
    /// What to do about it; nil: nothing, it is tried again.
    public var remedy: String?
    /// The engine's clock when the first of these tries failed; none has succeeded since.
    public var since: EventTime
    public var nextTry: EventTime
    public var tries: Int

    public init(error: ErrorCode, message: String, remedy: String?, since: EventTime, nextTry: EventTime, tries: Int) {
        self.error = error
        self.message = message
        self.remedy = remedy
        self.since = since
        self.nextTry = nextTry
        self.tries = tries
    }
}

/// What a projection does about errors: each is tried again, for ever and with growing pauses, and nothing is skipped. What
/// only a person can mend is tried seldom.
struct ProjectionPatience {
    private(set) var trouble: ViewTrouble?
    private var pause = Limits.retryDelayMin
    /// Monotonic nanoseconds.
    private var retryAt: UInt64 = 0
    private var toldAt: EventTime?

    /// How long it is until the next try; zero: it is due.
    var left: TimeSpan {
        let now = Stopwatch.nanoseconds()
        return trouble == nil || now >= retryAt ? .zero : TimeSpan(microseconds: Int64((retryAt - now) / 1_000))
    }

    var isDue: Bool { left == .zero }

    /// Returns whether it is worth a line: it is another error, or long since the last line.
    mutating func fail(_ error: EngineError, now: EventTime) -> Bool {
        let isOther = trouble?.error != error.code
        let delay = error.isTransient ? pause : Limits.hopelessRetryDelay
        trouble = ViewTrouble(
            error: error.code, message: error.message, remedy: error.remedy, since: trouble?.since ?? now, nextTry: now + delay,
            tries: (trouble?.tries ?? 0) + 1)
        retryAt = Stopwatch.nanoseconds() + UInt64(delay.microseconds) * 1_000
        pause = min(TimeSpan(microseconds: pause.microseconds * 2), Limits.retryDelayMax)
        guard isOther || toldAt.map({ now >= $0 + Limits.noticeInterval }) ?? true else { return false }
        toldAt = now
        return true
    }

    /// Returns the trouble that is over.
    mutating func succeed() -> ViewTrouble? {
        guard let over = trouble else { return nil }
        self = ProjectionPatience()
        return over
    }
}
