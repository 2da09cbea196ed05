public import Base
import Stores

extension ErrorCode {
    /// Another owner has taken the task over.
    public static let taskFenced = ErrorCode("task.fenced")
    /// The log does not say whether an epoch was committed.
    public static let taskCommitUnknown = ErrorCode("task.commit_unknown")
    /// The log will never take a record that an epoch cannot do without.
    public static let taskRecordRefused = ErrorCode("task.record_refused")
    /// The group stands elsewhere than the last epoch record.
    public static let taskOffsetsDiffer = ErrorCode("task.offsets_differ")
    /// A task has committed epochs, and the changelog does not have them.
    public static let taskChangelogLost = ErrorCode("task.changelog_lost")
    /// The changelog holds what is no part of one.
    public static let taskChangelogDamaged = ErrorCode("task.changelog_damaged")
    /// A changelog or journal is not to be read up to its end.
    public static let taskChangelogBlocked = ErrorCode("task.changelog_blocked")
}

/// The faults of owning a task, each with its remedy.
enum OwnershipErrors {
    private static func startOver(_ task: TaskID) -> String { "start the topology over: pioneer run --rebuild \(task.topology) …" }

    static func fenced(_ task: TaskID) -> EngineError {
        EngineError(
            .taskFenced, .environment, "task \(task) was taken over by another owner",
            remedy: "On a shared log the task goes on there, and nothing is to be done. A data directory belongs to one engine: "
                + "stop the other one.")
    }

    static func commitUnknown(_ task: TaskID, _ epoch: Epoch, _ cause: EngineError, isLeft: Bool) -> EngineError {
        EngineError(
            .taskCommitUnknown, .environment,
            "the log does not say whether epoch \(epoch) of task \(task) was committed: \(cause.message)",
            remedy: isLeft
                ? "Nothing is lost: the task's next owner finds out, and goes on after it or does it again."
                : "It is asked again until it answers; check the log's servers and the way to them.",
            isTransient: !isLeft)
    }

    static func refused(_ task: TaskID, _ record: TransactionFault.RefusedRecord) -> EngineError {
        EngineError(
            .taskRecordRefused, .environment,
            "the log will not take a record of task \(task) for \(record.partition): \(record.reason)",
            remedy: "The epoch cannot be committed without it. Raise the topic's limit (on Kafka max.message.bytes, with the client's "
                + "message.max.bytes), or check the rights to write it, and start again.")
    }

    static func offsetsDiffer(_ task: TaskID, _ difference: OffsetDifference) -> EngineError {
        let (topic, partition) = (difference.input.topic, difference.input.partition)
        return EngineError(
            .taskOffsetsDiffer, .environment,
            "task \(task) has processed \(difference.input) up to offset \(difference.recorded), but the group "
                + "'pioneer.\(task.topology)' stands at \(difference.group)",
            remedy: "Somebody has set the group's offsets, or the log has lost what was committed. Set them back (kafka-consumer-groups "
                + "--reset-offsets --group pioneer.\(task.topology) --topic \(topic):\(partition) --to-offset \(difference.recorded) "
                + "--execute), or \(startOver(task))")
    }

    static func changelogLost(_ task: TaskID, _ changelog: TopicPartition) -> EngineError {
        EngineError(
            .taskChangelogLost, .environment,
            "task \(task) has committed epochs, but its changelog \(changelog) has none of them: it was deleted or made anew",
            remedy: "Bring the changelog back if there is a copy, or \(startOver(task))")
    }

    static func changelogDamaged(_ task: TaskID, _ changelog: TopicPartition, _ what: String) -> EngineError {
        EngineError(
            .taskChangelogDamaged, .environment, "the changelog \(changelog) of task \(task) is damaged: \(what)",
            remedy: "Only the engine may write it. Take out what others wrote, or \(startOver(task))")
    }

    static func blocked(_ task: TaskID, _ partition: TopicPartition, reached: Offset, end: Offset) -> EngineError {
        EngineError(
            .taskChangelogBlocked, .environment,
            "task \(task) waits for \(partition): its changelog could be read up to offset \(reached), and ends at \(end)",
            remedy: "It is tried again. The log's servers do not answer, or keep a transaction open there that has ended: see "
                + "'kafka-transactions find-hanging' on Kafka.",
            isTransient: true)
    }
}
