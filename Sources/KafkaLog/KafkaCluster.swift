public import Base
import CRdKafka
public import Stores
import Synchronization

/// Owning tasks on Kafka: a consumer group a topology, a transactional producer a task.
///
/// The group only shares out task numbers: its topic is never written, and its offsets are those of the tasks' inputs, set
/// by transactions alone.
public final class KafkaCluster: TaskCluster {
    public struct Settings: Sendable {
        /// Names this process in its groups for good (`group.instance.id`): back within `sessionTimeout` it has its tasks
        /// again and nobody else notices, and a clean leave frees them only then. Two processes of one name fence each
        /// other. Nil: a member like any other, whose leave frees its tasks at once.
        public var instance: String?
        /// How long the group waits for a process that gives no sign before its tasks go to others.
        public var sessionTimeout = TimeSpan.seconds(10)
        /// How long the group waits for a process that gives signs but does not acknowledge what it loses: the time that
        /// open epochs have to commit. Longer than `sessionTimeout`.
        public var rebalanceTimeout = TimeSpan.seconds(60)
        /// After so long Kafka itself ends a transaction that was left open. Readers wait for open transactions.
        public var transactionTimeout = TimeSpan.seconds(60)
        /// How long one call of `TaskTransactions` waits for brokers before it says that it does not know.
        public var callTimeout = TimeSpan.seconds(5)
        /// Bytes of records that one task has on their way to the brokers.
        public var inFlightBytesMax = 4 << 20

        public init(instance: String?) { self.instance = instance }
    }

    let properties: KafkaProperties
    let settings: Settings
    private let clients = Mutex(Clients())

    /// Clients that only ask, made when first needed.
    private struct Clients {
        var offsets: [String: KafkaHandle] = [:]
        var ends: KafkaHandle?
    }

    /// Connects to nothing yet.
    public init(_ properties: KafkaProperties, _ settings: Settings) {
        self.properties = properties
        self.settings = settings
    }

    static func group(of topology: String) -> String { "pioneer.\(topology)" }
    static func transactionalID(of task: TaskID) -> String { "pioneer.\(task.topology).\(task.partition)" }

    public func join(topology: String, taskCount: Int) throws -> any TaskMembership {
        try KafkaMembership(topology, taskCount: taskCount, properties, settings)
    }

    public func transactions(of task: TaskID, _ membership: any TaskMembership) throws -> any TaskTransactions {
        guard let membership = membership as? KafkaMembership else { preconditionFailure("a membership of this cluster") }
        return try KafkaTransactions(of: task, membership, properties, settings)
    }

    public func committedOffsets(of topology: String, _ inputs: [TopicPartition]) throws -> [TopicPartition: Offset] {
        let group = Self.group(of: topology)
        let client = try clients.withLock { clients in
            if let client = clients.offsets[topology] { return client }
            let client = try asking("offsets of \(topology)", [("group.id", group), ("isolation.level", "read_committed")])
            clients.offsets[topology] = client
            return client
        }
        let list = PartitionList(inputs)
        let code = list.with { rd_kafka_committed(client.pointer, $0, Self.milliseconds(settings.callTimeout)) }
        switch code {
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
            throw LogErrors.offsetsUnstable(group, said: client.error(code, "they are not answered").message)
        default: try client.check(code, "the offsets of group '\(group)' could not be read")
        }
        return try list.withElements { elements in
            var offsets: [TopicPartition: Offset] = [:]
            for (input, element) in zip(inputs, elements) {
                if element.err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT { throw LogErrors.offsetsUnstable(group) }
                try client.check(element.err, "the offset of \(input) in group '\(group)' could not be read")
                if element.offset >= 0 { offsets[input] = Offset(element.offset) }
            }
            return offsets
        }
    }

    public func uncommittedEnd(of partition: TopicPartition) throws -> Offset {
        let client = try clients.withLock { clients in
            if let client = clients.ends { return client }
            let client = try asking("ends", [("isolation.level", "read_uncommitted")])
            clients.ends = client
            return client
        }
        var first: Int64 = 0, end: Int64 = 0
        try client.check(
            rd_kafka_query_watermark_offsets(
                client.pointer, partition.topic.text, partition.partition.number, &first, &end,
                Self.milliseconds(settings.callTimeout)),
            "the end of \(partition) could not be read")
        return Offset(end)
    }

    private func asking(_ name: String, _ own: [(name: String, value: String)]) throws(EngineError) -> KafkaHandle {
        try KafkaHandle(.consumer, name: name, properties, own: own + [("enable.auto.commit", "false")])
    }

    static func milliseconds(_ span: TimeSpan) -> Int32 { Int32(clamping: span.microseconds / 1_000) }
}
