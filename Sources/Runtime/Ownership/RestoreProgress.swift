public import Base

/// What a step of a task's restore came to.
public enum Restoring: Hashable, Sendable {
    /// There is more to do. In the phase `waiting` only time helps, so that the next step may come a little later.
    case restoring(RestoreProgress)
    /// The state is exactly of the last epoch, and the task may run.
    case ready
}

/// How far a task's restore has come.
public struct RestoreProgress: Hashable, Sendable {
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        /// Ending the transactions of earlier owners.
        case fencing
        /// Asking where the group stands and where the changelog ends.
        case asking
        /// Applying the changelog to the process's copy of the state.
        case reading
        /// For a transaction of an earlier owner to come into sight.
        case waiting
    }

    public var phase = Phase.fencing
    /// Of the changelog, so far.
    public var appliedRecords = 0
    public var appliedBytes = 0
    /// Changelog offsets: where reading began, where it stands, and the end it goes to.
    public var from = Offset.zero
    public var next = Offset.zero
    public var to = Offset.zero
    public var startedAt = EventTime.earliest
    /// Nil: not known yet.
    public var timeLeft: TimeSpan?
    /// Why the copy is made anew; nil: it is used, or nothing is decided yet.
    public var rebuild: RebuildReason?

    public init() {}

    /// What is left if reading goes on at the pace it had since `began`. Nil before the first records.
    static func timeLeft(from: Offset, next: Offset, to: Offset, began: EventTime, now: EventTime) -> TimeSpan? {
        guard to > next else { return .zero }
        guard next > from, now > began else { return nil }
        let pace = Double((now - began).microseconds) / Double(next.number - from.number)
        return TimeSpan(microseconds: Int64(pace * Double(to.number - next.number)))
    }
}
