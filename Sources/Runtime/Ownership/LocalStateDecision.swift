import Base
import Stores

/// Why a process makes its copy of a task's state anew from the changelog.
public enum RebuildReason: String, Hashable, Sendable, CaseIterable {
    /// There is no copy, or one that was being dropped.
    case nothingHere = "nothing_here"
    /// The copy followed another log.
    case otherLog = "other_log"
    /// The copy stands beyond the end of the changelog, which was made anew or has lost records.
    case beyondEnd = "beyond_end"
    /// The records that come next are no longer in the changelog.
    case beforeFirst = "before_first"
    /// The copy is older than the changelog keeps tombstones: it may miss deletes.
    case tombstonesGone = "tombstones_gone"
    /// The copy ends in the midst of an epoch, and the changelog has nothing more.
    case unfinished
}

/// What is known when a task's restore has found the changelog's end.
struct LocalStateFacts: Hashable {
    /// Where the copy stands; nil: there is none.
    var position: LocalPosition?
    /// The copy was another log's, and is gone.
    var wasOtherLog = false
    /// The oldest offset of the changelog.
    var first: Offset
    /// One past its last record, uncommitted ones included.
    var end: Offset
    /// Whether there are records at or after the position. Where a log has places without records, offsets do not tell.
    var hasTail: Bool
    /// Whether the topology's group stands anywhere in the task's inputs.
    var groupHasOffsets: Bool
    var now: EventTime
    var tombstonesKept: TimeSpan
}

/// What becomes of a process's copy of a task's state: facts in, decision out.
enum LocalStateDecision: Hashable {
    /// The copy is of the changelog's end.
    case use
    /// The copy, and the changelog's records from there on.
    case useWithTail(from: Offset)
    /// The copy goes, and the changelog is read from its first record.
    case rebuild(RebuildReason)
    /// The changelog is empty, while copy and group know of epochs: the copy may be all that is left of the state.
    case refuse

    static func decide(_ facts: LocalStateFacts) -> LocalStateDecision {
        guard let position = facts.position else { return .rebuild(facts.wasOtherLog ? .otherLog : .nothingHere) }
        if position.changelog > facts.end {
            return facts.first == facts.end && facts.groupHasOffsets ? .refuse : .rebuild(.beyondEnd)
        }
        if position.changelog < facts.first { return .rebuild(.beforeFirst) }
        guard facts.hasTail else { return position.epoch == nil ? .rebuild(.unfinished) : .use }
        // Clocks differ a little, and reading takes time: a part of the span is left for that.
        let margin = TimeSpan(microseconds: facts.tombstonesKept.microseconds / 8)
        if facts.now > position.appliedAt + facts.tombstonesKept - margin { return .rebuild(.tombstonesGone) }
        return .useWithTail(from: position.changelog)
    }
}
