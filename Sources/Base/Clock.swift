import Synchronization

/// Where wall-clock time comes from. Only the composition root and the edge of the runtime hold one; operators get
/// time as an argument, so that a replay sees the same readings.
public protocol WallClock: Sendable {
    /// The current time. May step backwards: callers that need order keep the greatest reading.
    func now() -> EventTime
}

/// A clock that only its owner moves: tests, `pioneer test`, and replays.
public final class ManualClock: WallClock {
    private let time: Mutex<EventTime>
    public init(_ start: EventTime) { time = Mutex(start) }
    public func now() -> EventTime { time.withLock { $0 } }
    public func set(_ new: EventTime) { time.withLock { $0 = new } }
    public func advance(by span: TimeSpan) { time.withLock { $0 = $0 + span } }
}
