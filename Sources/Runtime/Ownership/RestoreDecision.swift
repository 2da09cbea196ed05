import Base
import Stores

/// What is known when a task's copy of its state is at the changelog's end.
struct RestoreFacts {
    /// The last epoch record of the changelog.
    var recorded: EpochRecord?
    /// The offsets of the topology's group.
    var group: [TopicPartition: Offset]
    /// The inputs whose offsets the task commits.
    var inputs: [TopicPartition]
    /// Whether the topology's journal holds an epoch of the task. Asked for only where the changelog holds none.
    var journalHasEpochs = false
    /// Since the offsets were first seen to differ.
    var waited = TimeSpan.zero
    var waitMax: TimeSpan
}

/// Where record and group disagree.
struct OffsetDifference: Hashable {
    var input: TopicPartition
    var recorded: Offset
    var group: Offset
}

/// Whether and where a restored task goes on: facts in, decision out.
enum RestoreDecision: Hashable {
    /// At the last epoch. The group has no offset of the inputs in `missing`: it has forgotten them (Kafka lets the offsets of
    /// a group without members expire), and the record of the same transaction is the truth.
    case goOn(missing: [TopicPartition])
    /// The task has never committed: every input from its first offset.
    case begin
    /// The task has never committed, but somebody has set the group's offsets: from there.
    case beginAtGroup
    /// Part of a transaction may not have come into sight yet.
    case wait(OffsetDifference)
    case refuse(OffsetDifference)
    /// Epochs were committed, and the changelog does not have them any more.
    case refuseLostChangelog

    static func decide(_ facts: RestoreFacts) -> RestoreDecision {
        guard let recorded = facts.recorded else {
            if facts.journalHasEpochs { return .refuseLostChangelog }
            return facts.inputs.contains { facts.group[$0] != nil } ? .beginAtGroup : .begin
        }
        var missing: [TopicPartition] = []
        for position in recorded.positions where facts.inputs.contains(position.input) {
            guard let group = facts.group[position.input] else {
                missing.append(position.input)
                continue
            }
            guard group != position.next else { continue }
            let difference = OffsetDifference(input: position.input, recorded: position.next, group: group)
            return facts.waited < facts.waitMax ? .wait(difference) : .refuse(difference)
        }
        return .goOn(missing: missing)
    }
}
