public import Base
import CRdKafka
public import Stores
import Synchronization
import Telemetry

extension ErrorCode {
    public static let kafkaTopicPolicy = ErrorCode("kafka.topic_policy")
}

extension KafkaLog {
    var timeoutMs: Int32 { settings.callTimeout.wholeMilliseconds }
    var admin: KafkaAdmin { KafkaAdmin(handle: asking, timeoutMs: timeoutMs) }

    /// Topics that Kafka keeps for itself.
    private static let brokersOwn: Set<String> = ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"]

    public func topics() throws -> [TopicDescription] {
        let counts = try partitionCounts(nil)
        let configurations = try admin.configurations(of: counts.keys.sorted())
        let found = counts.sorted { $0.key < $1.key }.map { name, count in
            TopicDescription(name: name, partitionCount: count, retention: Self.retention(configurations[name] ?? [:]))
        }
        known.withLock { $0 = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0) }) }
        return found
    }

    public func topic(_ name: TopicName) throws -> TopicDescription? {
        guard let count = try partitionCounts(name)[name] else {
            known.withLock { $0[name] = nil }
            return nil
        }
        if let cached = known.withLock({ $0[name] }), cached.partitionCount == count { return cached }
        let configuration = try admin.configurations(of: [name])[name] ?? [:]
        let description = TopicDescription(name: name, partitionCount: count, retention: Self.retention(configuration))
        known.withLock { $0[name] = description }
        return description
    }

    /// Throws `log.unknown_topic` and `log.unknown_partition`; asks the brokers only about what was not seen yet.
    func checkExists(_ partition: TopicPartition) throws {
        let number = Int(partition.partition.number)
        if let count = known.withLock({ $0[partition.topic]?.partitionCount }), (0..<count).contains(number) { return }
        guard let topic = try topic(partition.topic) else {
            throw LogErrors.unknownTopic(partition.topic, among: try partitionCounts(nil).keys.sorted())
        }
        guard (0..<topic.partitionCount).contains(number) else {
            throw LogErrors.unknownPartition(partition, count: topic.partitionCount)
        }
    }

    private func brokerCount() throws(EngineError) -> Int {
        var answer: UnsafePointer<rd_kafka_metadata>?
        try asking.check(rd_kafka_metadata(asking.pointer, 0, nil, &answer, timeoutMs), "the brokers could not be listed")
        defer { rd_kafka_metadata_destroy(answer) }
        return max(1, Int(answer?.pointee.broker_cnt ?? 1))
    }

    /// As the brokers tell it now, of one topic or of all.
    private func partitionCounts(_ name: TopicName?) throws(EngineError) -> [TopicName: Int] {
        var topic: OpaquePointer?
        if let name {
            topic = rd_kafka_topic_new(asking.pointer, name.text, nil)
            if topic == nil { throw asking.error(rd_kafka_last_error(), "topic '\(name)' cannot be asked for") }
        }
        defer { if let topic { rd_kafka_topic_destroy(topic) } }
        var answer: UnsafePointer<rd_kafka_metadata>?
        try asking.check(
            rd_kafka_metadata(asking.pointer, topic == nil ? 1 : 0, topic, &answer, timeoutMs),
            name.map { "topic '\($0)' could not be looked up" } ?? "the topics could not be listed")
        defer { rd_kafka_metadata_destroy(answer) }
        var counts: [TopicName: Int] = [:]
        guard let metadata = answer?.pointee else { return counts }
        for index in 0..<Int(metadata.topic_cnt) {
            let found = metadata.topics[index]
            guard let text = found.topic.map({ String(cString: $0) }), let name = TopicName(text), !Self.brokersOwn.contains(text)
            else { continue }
            switch found.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR: counts[name] = Int(found.partition_cnt)
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: break
            case let code: throw asking.error(code, "topic '\(name)' could not be looked up")
            }
        }
        return counts.filter { $0.value > 0 }
    }

    // MARK: Making topics

    /// Makes the topic, and checks one that is there: topics of the engine's own take over the retention; of others only
    /// whether they are compacted has to agree.
    /// - Throws: `log.partition_count`, `kafka.topic_policy`, `kafka.topic_size`, `kafka.policy` when the cluster does not allow it.
    public func createTopic(_ description: TopicDescription) throws {
        guard description.partitionCount > 0 else { throw LogErrors.noPartitions(description) }
        known.withLock { $0[description.name] = nil }
        if try topic(description.name) == nil {
            let made = try make(description)
            try waitUntilThere(description.name)
            if made {
                try checkMessageSize(description.name)
                known.withLock { $0[description.name] = description }
                return
            }
        }
        guard let existing = try topic(description.name) else {
            throw asking.error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic '\(description.name)' vanished")
        }
        guard existing.partitionCount == description.partitionCount else {
            throw LogErrors.partitionCount(description, existing: existing.partitionCount)
        }
        try checkMessageSize(description.name)
        guard existing.retention != description.retention else { return }
        if description.name.isInternal {
            try alter(description)
        } else if existing.retention.isCompacted != description.retention.isCompacted {
            throw Self.policyError(description)
        }
    }

    /// Brokers before 2.4 do not choose the number of copies themselves.
    private func make(_ description: TopicDescription) throws(EngineError) -> Bool {
        func make(_ replication: Int) throws(EngineError) -> Bool {
            try admin.createTopic(
                description.name, partitionCount: description.partitionCount, replication: replication,
                Self.configuration(description) + sizeConfiguration(description.name))
        }
        if let replication = settings.replication { return try make(replication) }
        do throws(EngineError) { return try make(-1) } catch where error.code == .kafkaUnsupported {
            return try make(min(Self.oldReplicationMax, try brokerCount()))
        }
    }

    private static let oldReplicationMax = 3

    private func alter(_ description: TopicDescription) throws(EngineError) {
        let current = try admin.configurations(of: [description.name])[description.name] ?? [:]
        var own = current.filter(\.value.isOwn).mapValues(\.value)
        for (name, value) in Self.configuration(description) { own[name] = value }
        do throws(EngineError) {
            try admin.alter(description.name, own)
        } catch where error.code == .kafkaUnsupported {
            Telemetry.emit(KafkaTopicKept(topic: description.name.text, error: error.message))
            return
        }
        known.withLock { $0[description.name] = description }
    }

    /// Brokers tell each other of a new topic in their own time.
    private func waitUntilThere(_ name: TopicName) throws {
        let watch = Stopwatch()
        while try partitionCounts(name)[name] == nil {
            guard watch.elapsedSeconds < Double(timeoutMs) / 1_000 else {
                throw asking.error(RD_KAFKA_RESP_ERR__TIMED_OUT, "topic '\(name)' was made and is not there yet")
            }
            appends.wait(since: appendCount, timeout: .milliseconds(20))
        }
    }

    private static func policyError(_ description: TopicDescription) -> EngineError {
        let isCompacted = description.retention.isCompacted
        let (found, needed) = isCompacted ? ("delete", "compact") : ("compact", "delete")
        let reason =
            isCompacted
            ? "keeps every record only for a time, so that rows of it would vanish"
            : "keeps only the last record of each key, so that events of it would vanish"
        return EngineError(
            .kafkaTopicPolicy, .user, "topic '\(description.name)' \(reason): its cleanup.policy is '\(found)'",
            remedy: "Set it with 'kafka-configs --alter --entity-type topics --entity-name \(description.name) --add-config "
                + "cleanup.policy=\(needed)', or use another topic.")
    }

    // MARK: Retention as Kafka has it

    /// Kafka deletes records by request only where its policy is to delete too. Of our own compacted topics we do: rows that a
    /// view's `keep` is over for, and what was before a topology was started over. By age and size nothing goes then.
    static func configuration(_ description: TopicDescription) -> [(name: String, value: String)] {
        let retention = description.retention
        let isDeleted = retention.age != nil || retention.bytesMax != nil || description.name.isInternal
        let policy = retention.isCompacted ? (isDeleted ? "compact,delete" : "compact") : "delete"
        // Brokers may have another standard, and copies of state would miss deletes that are forgotten sooner.
        let tombstones = [("delete.retention.ms", "\(Retention.tombstonesKept.microseconds / 1_000)")]
        return (retention.isCompacted && description.name.isInternal ? tombstones : []) + [
            ("cleanup.policy", policy), ("retention.ms", retention.age.map { "\(max(1, $0.microseconds / 1_000))" } ?? "-1"),
            ("retention.bytes", retention.bytesMax.map { "\($0)" } ?? "-1"),
        ]
    }

    private static func retention(_ configuration: KafkaAdmin.Configuration) -> Retention {
        let policies = (configuration["cleanup.policy"]?.value ?? "delete").split(separator: ",").map { $0.filter { $0 != " " } }
        let isDeleted = policies.contains("delete")
        let age = configuration["retention.ms"].flatMap { Int64($0.value) }.flatMap { $0 >= 0 && isDeleted ? $0 : nil }
        let bytes = configuration["retention.bytes"].flatMap { Int($0.value) }.flatMap { $0 >= 0 && isDeleted ? $0 : nil }
        return Retention(
            age: age.map { .milliseconds(min($0, Int64.max / 1_000)) }, bytesMax: bytes, isCompacted: policies.contains("compact"))
    }

    // MARK: Offsets

    public func range(of partition: TopicPartition) throws -> OffsetRange {
        try checkExists(partition)
        var first: Int64 = 0, end: Int64 = 0
        let code = rd_kafka_query_watermark_offsets(
            asking.pointer, partition.topic.text, partition.partition.number, &first, &end, timeoutMs)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let error = asking.error(code, "the offsets of \(partition) could not be read")
            guard error.code == .kafkaUnknownTopic else { throw error }
            known.withLock { $0[partition.topic] = nil }
            try checkExists(partition)
            throw error
        }
        return OffsetRange(first: Offset(first), end: Offset(end))
    }

    /// A broker that has no such request, or a topic that does not allow it, keeps the records as its retention says.
    public func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try checkExists(partition)
        let first = try range(of: partition).first
        guard offset > first else { return }
        do throws(EngineError) {
            try admin.deleteRecords(before: offset, in: partition)
        } catch where [.kafkaUnsupported, .kafkaPolicy].contains(error.code) { return }
    }
}

struct KafkaTopicKept: InternalEvent {
    static let name = "kafka_topic_kept"
    static let level = EventLevel.warning
    var topic: String, error: String
    var message: String { "The broker cannot change the retention of a topic, which stays as it is." }
    var fields: [EventField] { [.init("topic", topic), .init("error", error)] }
}
