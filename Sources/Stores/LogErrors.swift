public import Base

extension ErrorCode {
    public static let unknownTopic = ErrorCode("log.unknown_topic")
    public static let unknownPartition = ErrorCode("log.unknown_partition")
    public static let partitionCount = ErrorCode("log.partition_count")
    public static let offsetsUnstable = ErrorCode("log.offsets_unstable")
    public static let storeClosed = ErrorCode("store.closed")
}

/// The faults that every log reports in the same words.
public enum LogErrors {
    public static func unknownTopic(_ name: TopicName, among known: some Sequence<TopicName>) -> EngineError {
        let nearest = nearestName(to: name.text, among: known.lazy.map(\.text)).map { "Did you mean '\($0)'? " } ?? ""
        return EngineError(
            .unknownTopic, .user, "there is no topic '\(name)'", remedy: nearest + "Create the topic first.")
    }

    public static func unknownPartition(_ partition: TopicPartition, count: Int) -> EngineError {
        EngineError(
            .unknownPartition, .user, "topic '\(partition.topic)' has no partition \(partition.partition)",
            remedy: "It has \(count) partition\(count == 1 ? "" : "s"), counted from 0.")
    }

    public static func partitionCount(_ description: TopicDescription, existing: Int) -> EngineError {
        EngineError(
            .partitionCount, .user,
            "topic '\(description.name)' has \(existing) partitions, not \(description.partitionCount)",
            remedy: "A topic keeps its partition count for life: ask for \(existing), or use a topic of another name.")
    }

    public static func noPartitions(_ description: TopicDescription) -> EngineError {
        EngineError(
            .partitionCount, .user, "topic '\(description.name)' was to have \(description.partitionCount) partitions",
            remedy: "Ask for at least one.")
    }

    /// - Parameter said: what the log told, if it told anything.
    public static func offsetsUnstable(_ group: String, said: String? = nil) -> EngineError {
        EngineError(
            .offsetsUnstable, .environment,
            "an open transaction holds the offsets of group '\(group)'" + (said.map { ": \($0)" } ?? ""),
            remedy: "It ends by itself, at its timeout at the latest; the call may be repeated.", isTransient: true)
    }

    public static func closed() -> EngineError {
        EngineError(.storeClosed, .environment, "the store is closed", remedy: "The engine is stopping; start it again.")
    }
}
