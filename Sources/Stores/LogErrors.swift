public import Base

extension ErrorCode {
    public static let unknownTopic = ErrorCode("log.unknown_topic")
    public static let unknownPartition = ErrorCode("log.unknown_partition")
    public static let partitionCount = ErrorCode("log.partition_count")
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

    public static func closed() -> EngineError {
        EngineError(.storeClosed, .environment, "the store is closed", remedy: "The engine is stopping; start it again.")
    }
}
