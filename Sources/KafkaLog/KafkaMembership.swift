public import Base
import CRdKafka
public import Stores
import Synchronization

/// A consumer of a topology's tasks topic, of which only the assignment is of interest.
///
/// Assignment is eager: with each change all of a process's tasks are revoked, and what it keeps is assigned again.
/// librdkafka keeps the membership alive on threads of its own, and leaves the group by itself when `serve` has not been
/// called for `rebalanceTimeout`.
///
/// ```
///  (joining) ──assigned──▶ generation ──revoked, lost──▶ (joining) ──▶ …
///                              │
///                              └──fenced──▶ (over)
/// ```
public final class KafkaMembership: TaskMembership, @unchecked Sendable {
    /// What transactions show to prove that this process is a member, and for which tasks.
    struct Generation: Sendable {
        var proof: MemberProof
        var tasks: [PartitionNumber]
    }

    let group: String
    private let instance: String?
    private let handle: KafkaHandle
    private let changes: GroupChanges
    private let current = Mutex<Generation?>(nil)
    /// Only the serving thread touches these.
    private var fencing: EngineError?
    private var isClosed = false

    init(
        _ topology: String, taskCount: Int, _ properties: KafkaProperties, _ settings: KafkaCluster.Settings
    ) throws(EngineError) {
        group = KafkaCluster.group(of: topology)
        instance = settings.instance
        let changes = GroupChanges()
        self.changes = changes
        handle = try KafkaHandle(
            .consumer, name: "tasks of \(topology)", properties, own: Self.own(group, settings), context: changes
        ) { configuration in
            rd_kafka_conf_set_rebalance_cb(configuration) { _, code, partitions, opaque in
                guard let partitions, let changes = KafkaLogSink.context(opaque, as: GroupChanges.self) else { return }
                changes.handler?(code, partitions)
            }
        }
        rd_kafka_poll_set_consumer(handle.pointer)
        let topic = TopicName.tasks(of: topology)
        try handle.check(
            PartitionList([TopicPartition(topic, PartitionNumber(-1))]).with { rd_kafka_subscribe(handle.pointer, $0) },
            "group '\(group)' could not be joined")
    }

    deinit { end() }

    private static func own(_ group: String, _ settings: KafkaCluster.Settings) -> [(name: String, value: String)] {
        let session = KafkaCluster.milliseconds(settings.sessionTimeout)
        var own = [
            ("group.id", group), ("partition.assignment.strategy", "range"), ("session.timeout.ms", "\(session)"),
            ("heartbeat.interval.ms", "\(min(3_000, max(1, session / 3)))"),
            ("max.poll.interval.ms", "\(max(session, KafkaCluster.milliseconds(settings.rebalanceTimeout)))"),
            ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
            // Nothing is ever read by this consumer.
            ("queued.min.messages", "1"), ("queued.max.messages.kbytes", "1"),
        ]
        if let instance = settings.instance { own.append(("group.instance.id", instance)) }
        return own
    }

    /// The generation in which the task is this process's; nil when it is not. Any thread.
    func generation(owning task: PartitionNumber) -> Generation? {
        current.withLock { $0 }.flatMap { $0.tasks.contains(task) ? $0 : nil }
    }

    /// - Throws: `kafka.instance_fenced` when another process has joined under this one's name, again and again from then
    ///   on; what is wrong with the tasks topic or the rights to read it. What passes by itself does not throw.
    public func serve(timeout: TimeSpan, _ handle: (MembershipChange) -> Void) throws {
        if let fencing { throw fencing }
        guard !isClosed else { return }
        let failure = following(handle) { () -> (code: rd_kafka_resp_err_t, said: String)? in
            guard let message = rd_kafka_consumer_poll(self.handle.pointer, KafkaCluster.milliseconds(timeout)) else { return nil }
            defer { rd_kafka_message_destroy(message) }
            return (message.pointee.err, rd_kafka_message_errstr(message).map { String(cString: $0) } ?? "")
        }
        guard let failure, failure.code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        guard failure.code != RD_KAFKA_RESP_ERR__FATAL else { throw end(handle) }
        let error = self.handle.error(failure.code, "group '\(group)' cannot be followed", said: failure.said)
        if error.isTransient || failure.code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED { return }
        throw error
    }

    /// A process that has a name of its own in the group keeps its tasks until its session ends: librdkafka tells the group
    /// nothing when such a member leaves. One without a name leaves at once.
    public func close(_ handle: (MembershipChange) -> Void) {
        guard !isClosed else { return }
        if fencing == nil { following(handle) { _ = rd_kafka_consumer_close(self.handle.pointer) } }
        end()
    }

    private func end() {
        guard !isClosed else { return }
        isClosed = true
        current.withLock { $0 = nil }
        handle.close()
    }

    /// Nothing more will come of this membership: what was assigned is lost.
    private func end(_ handle: (MembershipChange) -> Void) -> EngineError {
        let (code, said) = KafkaText.filled { text, size in rd_kafka_fatal_error(self.handle.pointer, text, size) }
        let error =
            code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
            ? EngineError(
                .kafkaInstanceFenced, .user, "another process has joined group '\(group)' as '\(instance ?? "")'",
                remedy: "Two processes run under one name, as they do on copies of a data directory, and this one has given up its tasks; "
                    + "nothing is lost. Stop one of the two; or, to run both, delete the file 'instance' in the data directory that is "
                    + "the copy and start it again.")
            : self.handle.error(code, "group '\(group)' cannot be followed any more", said: said)
        fencing = error
        if let lost = current.withLock({ $0.take() }) { handle(.lost(lost.tasks)) }
        return error
    }

    /// Runs `body`, in which librdkafka calls back for changes of the assignment.
    private func following<R>(_ handle: (MembershipChange) -> Void, _ body: () -> R) -> R {
        withoutActuallyEscaping(handle) { handle in
            changes.handler = { [self] code, partitions in apply(code, partitions, handle) }
            defer { changes.handler = nil }
            return body()
        }
    }

    private func apply(
        _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>,
        _ handle: (MembershipChange) -> Void
    ) {
        let elements = UnsafeMutableBufferPointer(start: partitions.pointee.elems, count: Int(partitions.pointee.cnt))
        let tasks = elements.map { PartitionNumber($0.partition) }.sorted()
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let proof = MemberProof(of: self.handle.pointer)
            // Without a proof the group has thrown the process out meanwhile, and tells so next.
            current.withLock { $0 = proof.map { Generation(proof: $0, tasks: tasks) } }
            if proof != nil { handle(.assigned(tasks)) }
            // The topic is never written: no need to ask for the group's offsets in it, nor to fetch.
            for index in elements.indices { elements[index].offset = 0 }
            rd_kafka_assign(self.handle.pointer, partitions)
            rd_kafka_pause_partitions(self.handle.pointer, partitions)
        } else {
            let before = current.withLock { $0 }
            // Who was away for too long may hear of the revoke that it missed first, as if there were still time.
            let isLost = rd_kafka_assignment_lost(self.handle.pointer) != 0 || before?.proof.isOutdated(for: self.handle.pointer) == true
            if isLost { current.withLock { $0 = nil } }
            if let before { handle(isLost ? .lost(before.tasks) : .revoked(before.tasks)) }
            current.withLock { $0 = nil }
            rd_kafka_assign(self.handle.pointer, nil)
        }
    }
}

/// Where librdkafka's callback for a changed assignment finds what to do. The serving thread alone touches it.
final class GroupChanges: @unchecked Sendable {
    var handler: ((rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Void)?
}

/// Group, generation and member id, as the group's coordinator checks them.
final class MemberProof: @unchecked Sendable {
    private let pointer: OpaquePointer
    private let memberID: String

    /// Nil when the consumer is no member now. A proof without a member id would pass for that of a client outside of any
    /// group, whose offsets are taken unchecked.
    init?(of consumer: OpaquePointer) {
        guard let pointer = rd_kafka_consumer_group_metadata(consumer) else { return nil }
        self.pointer = pointer
        memberID = Self.memberID(of: consumer)
        if memberID.isEmpty { return nil }
    }

    /// Whether the consumer is not the member any more that it was.
    func isOutdated(for consumer: OpaquePointer) -> Bool { Self.memberID(of: consumer) != memberID }

    private static func memberID(of consumer: OpaquePointer) -> String {
        guard let id = rd_kafka_memberid(consumer) else { return "" }
        defer { rd_kafka_mem_free(consumer, id) }
        return String(cString: id)
    }

    deinit { rd_kafka_consumer_group_metadata_destroy(pointer) }

    /// The proof is alive as long as `body` runs.
    func with<R>(_ body: (OpaquePointer) -> R) -> R { withExtendedLifetime(self) { body(pointer) } }
}

extension ErrorCode {
    public static let kafkaInstanceFenced = ErrorCode("kafka.instance_fenced")
}
