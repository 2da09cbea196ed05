public import Base
import CRdKafka
public import Stores

/// A producer of transactions for one task.
///
/// Records are not copied on their way out: librdkafka takes keys, and reads values where they lie in the buffers that were
/// sent, which are held until the transaction has ended. So memory beside the epoch's own is that of librdkafka's bounded
/// queue and of the requests made from it.
///
/// A call that waits does so for `callTimeout` and then throws `.unknown`: librdkafka goes on in the background, and the
/// same call again takes up its result.
public final class KafkaTransactions: TaskTransactions {
    let task: TaskID
    let handle: KafkaHandle
    let settings: KafkaCluster.Settings
    let reports: DeliveryReports
    private let membership: KafkaMembership
    private let group: String

    /// What the open transaction, or the latest, has sent.
    var sent: [Sent] = []
    /// Partitions by their place in the arrays below, and in the records' opaque words.
    private(set) var slots: [TopicPartition: Int] = [:]
    private(set) var targets: [Target] = []
    private var hasEnded = true
    /// Refused records are being looked for: then a failure is nothing more than that.
    var isProbing = false
    private var isClosed = false

    struct Sent {
        var slot: Int
        var buffer: RecordBuffer
        /// Counted over all buffers that the transaction sent to the partition.
        var firstIndex: Int
    }

    struct Target {
        let partition: TopicPartition
        let topic: OpaquePointer
        var count = 0
    }

    init(
        of task: TaskID, _ membership: KafkaMembership, _ properties: KafkaProperties, _ settings: KafkaCluster.Settings
    ) throws {
        self.task = task
        self.membership = membership
        self.settings = settings
        group = membership.group
        let reports = DeliveryReports()
        self.reports = reports
        handle = try KafkaHandle(
            .producer, name: "transactions of \(task)", properties, own: Self.own(task, properties, settings), context: reports
        ) { configuration in
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
                guard let message, let reports = KafkaLogSink.context(opaque, as: DeliveryReports.self) else { return }
                reports.note(message)
            }
        }
    }

    deinit { close() }

    private static func own(
        _ task: TaskID, _ properties: KafkaProperties, _ settings: KafkaCluster.Settings
    ) -> [(name: String, value: String)] {
        let timeout = "\(KafkaCluster.milliseconds(settings.transactionTimeout))"
        // The largest record that may be sent has to fit an empty queue: else there would never be room for it.
        let queued = max(settings.inFlightBytesMax, KafkaLog.messageBytesMax(properties) + recordRoomBytes)
        return [
            ("transactional.id", KafkaCluster.transactionalID(of: task)), ("transaction.timeout.ms", timeout),
            ("message.timeout.ms", timeout), ("queue.buffering.max.kbytes", "\(queued >> 10)"),
            ("queue.buffering.max.messages", "\(max(1, settings.inFlightBytesMax / inFlightRecordBytes))"),
            // Values lie in memory that is the caller's again once the transaction has ended: requests have copies.
            ("message.copy.max.bytes", "1000000000"),
        ] + properties.compression
    }

    /// What a record may have beside what `message.max.bytes` counts.
    private static let recordRoomBytes = 64 << 10

    /// What librdkafka needs for a record in its queue beside the record, about.
    private static let inFlightRecordBytes = 256

    public func fence() throws(TransactionFault) {
        try check(
            .fence, rd_kafka_init_transactions(handle.pointer, callTimeoutMs), "the task's earlier owners could not be fenced")
    }

    public func begin() throws(TransactionFault) {
        forget()
        try check(.begin, rd_kafka_begin_transaction(handle.pointer), "no transaction could be begun")
        hasEnded = false
    }

    public func send(_ records: RecordBuffer, to partition: TopicPartition) throws(TransactionFault) {
        guard !records.isEmpty else { return }
        let slot = try slot(of: partition)
        let first = targets[slot].count
        sent.append(Sent(slot: slot, buffer: records, firstIndex: first))
        targets[slot].count += records.count
        var producing = RecordProducing(self, slot: slot)
        try producing.produce(records, firstIndex: first)
    }

    public func send(offsets: [TopicPartition: Offset]) throws(TransactionFault) {
        guard let generation = membership.generation(owning: task.partition) else {
            throw TransactionFault(
                .fenced,
                EngineError(
                    .kafkaFenced, .environment, "group '\(group)' has taken task \(task) from this process",
                    remedy: "Nothing to do: another process has it, or will."))
        }
        try check(
            .sendOffsets,
            PartitionList(offsets).with { list in
                generation.proof.with { rd_kafka_send_offsets_to_transaction(handle.pointer, list, $0, callTimeoutMs) }
            },
            "the offsets were not taken into the transaction")
    }

    public func commit() throws(TransactionFault) {
        try check(.commit, rd_kafka_commit_transaction(handle.pointer, callTimeoutMs), "the transaction could not be committed")
        end()
    }

    public func abort() throws(TransactionFault) {
        guard !hasEnded else { return }
        try check(.abort, rd_kafka_abort_transaction(handle.pointer, callTimeoutMs), "the transaction could not be aborted")
        end()
    }

    public func lastOffset(in partition: TopicPartition) -> Offset? {
        slots[partition].flatMap { reports.lastOffset(slot: $0) }
    }

    public func close() {
        guard !isClosed else { return }
        isClosed = true
        for target in targets { rd_kafka_topic_destroy(target.topic) }
        handle.close()
        end()
    }

    var callTimeoutMs: Int32 { KafkaCluster.milliseconds(settings.callTimeout) }

    /// Librdkafka has no use for the sent records any more.
    func end() {
        hasEnded = true
        sent.removeAll(keepingCapacity: true)
    }

    private func forget() {
        end()
        reports.removeAll()
        for slot in targets.indices { targets[slot].count = 0 }
    }

    private func slot(of partition: TopicPartition) throws(TransactionFault) -> Int {
        if let slot = slots[partition] { return slot }
        guard let topic = rd_kafka_topic_new(handle.pointer, partition.topic.text, nil) else {
            throw fault(.send, TransactionVerdict(code: rd_kafka_last_error()), "nothing could be sent to \(partition)")
        }
        slots[partition] = targets.count
        targets.append(Target(partition: partition, topic: topic))
        return targets.count - 1
    }
}

extension KafkaTransactions {
    /// Throws what an error object means, and destroys it. Records that the log refused are found first.
    func check(_ call: TransactionVerdict.Call, _ error: OpaquePointer?, _ doing: String) throws(TransactionFault) {
        guard let error else { return }
        let fault = fault(call, taking: error, doing)
        if case .mustAbort = fault.kind, !isProbing, let refusal = try refusal() { throw refusal }
        throw fault
    }

    func fault(_ call: TransactionVerdict.Call, taking error: OpaquePointer, _ doing: String) -> TransactionFault {
        defer { rd_kafka_error_destroy(error) }
        let verdict = TransactionVerdict(
            code: rd_kafka_error_code(error), isRetriable: rd_kafka_error_is_retriable(error) != 0,
            requiresAbort: rd_kafka_error_txn_requires_abort(error) != 0, isFatal: rd_kafka_error_is_fatal(error) != 0)
        return fault(call, verdict, doing, said: String(cString: rd_kafka_error_string(error)))
    }

    func fault(
        _ call: TransactionVerdict.Call, _ verdict: TransactionVerdict, _ doing: String, said: String? = nil
    ) -> TransactionFault {
        // A record that failed tells more than the transaction that failed with it.
        let code = verdict.requiresAbort ? reports.failures.first?.code ?? verdict.code : verdict.code
        var error = handle.error(code, "task \(task): \(doing)", said: said)
        let kind: TransactionFault.Kind
        switch verdict.outcome(of: call) {
        case .unknown:
            kind = .unknown
            error.isTransient = true
        case .mustAbort: kind = .mustAbort
        case .fenced: kind = .fenced
        case .fatal: kind = .fatal
        }
        return TransactionFault(kind, error)
    }
}
