import Base
import Stores

extension ChangelogFollower {
    /// Decides what becomes of the process's copy, drops it if it is of no use, and follows the changelog from where it stands.
    ///
    /// - Parameters:
    ///   - log: a reader of its own.
    ///   - end: one past the changelog's last record, uncommitted ones included.
    /// - Returns: nil when it depends on records that are not to be read yet: ask again.
    /// - Throws: `task.changelog_lost`, and what log and local state throw; then the call may be repeated.
    static func open(
        _ task: TaskID, log: any EventLog, local: any LocalState, end: Offset, groupHasOffsets: Bool, now: EventTime,
        settings: TaskLedger.Settings
    ) throws -> (follower: ChangelogFollower, rebuild: RebuildReason?)? {
        let dropped = try local.adopt(log.id)
        let changelog = Changelog.partition(of: task)
        let first = try log.range(of: changelog).first
        let position = try local.position(of: task)
        func follower(_ position: LocalPosition?, from next: Offset) -> ChangelogFollower {
            ChangelogFollower(task, log: log, local: local, position: position, from: next, chunkBytes: settings.chunkBytes)
        }
        let copy = position.map { follower($0, from: $0.changelog) }
        let isWithin = copy.map { $0.next >= first && $0.next <= end } ?? false
        let hasTail = isWithin ? try copy?.peek(end: end) : false
        let facts = LocalStateFacts(
            position: position, wasOtherLog: dropped.contains(task), first: first, end: end, hasTail: hasTail ?? true,
            groupHasOffsets: groupHasOffsets, now: now, tombstonesKept: settings.tombstonesKept)
        switch LocalStateDecision.decide(facts) {
        // Whether the rest of its last epoch is there is not known yet.
        case .useWithTail where hasTail == nil && position?.epoch == nil: return nil
        case .use, .useWithTail:
            guard let copy else { preconditionFailure("a copy that is used is there") }
            return (copy, nil)
        // A long silence is no age: an old copy without a tail is as good as new.
        case .rebuild(.tombstonesGone) where hasTail == nil: return nil
        case .rebuild(let reason):
            // Also where nothing is here: a drop that was cut short leaves entries without a position.
            try local.drop(task)
            return (follower(nil, from: first), reason)
        case .refuse: throw OwnershipErrors.changelogLost(task, changelog)
        }
    }
}
