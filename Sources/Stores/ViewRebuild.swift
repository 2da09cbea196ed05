public import Base

extension ErrorCode {
    /// A view is asked about a rebuild that is over, or was never begun.
    public static let viewNotRebuilding = ErrorCode("view.not_rebuilding")
}

/// A table that is filled anew from its view's topic while the old one serves, and takes its place in the end.
///
/// The database holds it, so that every process that projects the view follows it, and so that it outlives them.
///
/// ```
///            begin          finish: it is not behind the old one
///   (nothing) ─────▶ running ────────────────────────────────▶ done
///                       │ cancel
///                       ▼
///                   cancelled        begin: a rebuild with the next number
/// ```
public struct ViewRebuild: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case running, done, cancelled
    }

    /// Tells the rebuilds of a view apart: 1 for its first.
    public var number: Int64
    public var state: State
    public var startedAt: EventTime
    /// Nil while it runs.
    public var endedAt: EventTime?
    /// How far the new table has followed the topic; empty once it is over.
    public var positions: [PartitionNumber: ViewPosition]

    public init(
        number: Int64, state: State, startedAt: EventTime, endedAt: EventTime? = nil, positions: [PartitionNumber: ViewPosition] = [:]
    ) {
        self.number = number
        self.state = state
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.positions = positions
    }

    public var isRunning: Bool { state == .running }
}

public enum RebuildOutcome: Hashable, Sendable {
    /// The new table has taken the old one's place, and its positions with it.
    case done
    /// A partition of the new table is behind the old one's.
    case behind
    /// It is over already: somebody has finished or cancelled it.
    case over
}

/// Whether a new table may take an old one's place: no reader may see rows, or the promise of a watermark, go back.
public enum RebuildRule {
    public static func isCaughtUp(
        new: [PartitionNumber: ViewPosition], old: [PartitionNumber: ViewPosition]
    ) -> Bool {
        old.allSatisfy { partition, position in
            let reached = new[partition] ?? .start
            return reached.next >= position.next && reached.watermark >= position.watermark
        }
    }
}
