public import Base
public import Stores

/// Keeps this process's copy of a task's state close to the changelog's end while another process owns the task, so that
/// taking it over is a matter of the last records.
///
/// Nothing is fenced and nothing is told to the group. Handing over needs no word: the `TaskLedger` that is made for the task
/// goes on from the copy's position. Nobody may step the copy once that ledger restores. One thread owns it.
public final class StandbyCopy {
    /// What a step came to.
    public struct Step: Hashable, Sendable {
        /// Records that were applied.
        public var records: Int
        /// Whether there was nothing more to read: the next step may wait a little.
        public var isAtEnd: Bool
        /// The changelog's first offset that is not in the copy yet; nil: it is not known yet.
        public var next: Offset?
        /// Why the copy was made anew in this step; nil: it was not.
        public var rebuild: RebuildReason?
    }

    public let task: TaskID
    private let cluster: any TaskCluster
    private let log: any EventLog
    private let local: any LocalState
    private let settings: TaskLedger.Settings
    private var reader: (any EventLog)?
    private var follower: ChangelogFollower?
    /// When records came last, or the copy was opened.
    private var readAt = EventTime.earliest

    public init(
        _ task: TaskID, cluster: any TaskCluster, log: any EventLog, local: any LocalState,
        settings: TaskLedger.Settings = TaskLedger.Settings()
    ) {
        self.task = task
        self.cluster = cluster
        self.log = log
        self.local = local
        self.settings = settings
    }

    /// One read of the changelog and the writes of what it brought, up to the last epoch record in it; the first step decides
    /// about the copy that is there. Throws `task.changelog_damaged`, and what cluster, log and local state throw: the call
    /// may be repeated.
    public func step(now: EventTime) throws -> Step {
        guard let follower else {
            let end = try cluster.uncommittedEnd(of: Changelog.partition(of: task))
            // An empty changelog behind a copy: the copy may be all that is left of the state, so it is not given up for one.
            let reader = try reader ?? log.reader()
            self.reader = reader
            let opened = try ChangelogFollower.open(
                task, log: reader, local: local, end: end, groupHasOffsets: true, now: now, settings: settings)
            guard let opened else { return Step(records: 0, isAtEnd: true, next: nil) }
            follower = opened.follower
            readAt = now
            return Step(records: 0, isAtEnd: false, next: opened.follower.next, rebuild: opened.rebuild)
        }
        // Who reads on after a long silence may find tombstones gone: only opening anew looks at the copy's age.
        if now > readAt + TimeSpan(microseconds: settings.tombstonesKept.microseconds / 2) {
            self.follower = nil
            return try step(now: now)
        }
        let before = follower.appliedRecords
        switch try follower.step() {
        case .applied:
            readAt = now
            return Step(records: follower.appliedRecords - before, isAtEnd: false, next: follower.next)
        case .atEnd: return Step(records: 0, isAtEnd: true, next: follower.next)
        case .lost(let reason):
            try local.drop(task)
            self.follower = nil
            return Step(records: 0, isAtEnd: false, next: nil, rebuild: reason)
        }
    }
}
