import Base
import CRdKafka
import Stores

/// Reads partitions in order for one thread, committed records only.
///
/// Each partition has a queue of its own, which librdkafka fills ahead up to `queueBytes`; who does not read holds the
/// fetching back, and nothing is ever paused. A batch's records lie where librdkafka received them: keys and values are not
/// copied. Offsets rise within a partition and never fall below the one asked for; that they leave some out is as it should be
/// (markers of transactions, aborted records, compaction).
final class KafkaReader: EventLog, @unchecked Sendable {
    /// A partition that is being fetched.
    final class Cursor {
        let partition: TopicPartition
        let queue: OpaquePointer
        /// The next record that the queue will bring has this offset or a greater one.
        var position: Offset
        /// Where the last end lay that the queue has told of; nil once a record came after it.
        var end: Offset?
        /// The queue does not stand at `position`: something went wrong, or fetching has not begun there.
        var needsSeek = false
        /// Bytes of a record, a moving mean: how many to take at once where bytes are bounded.
        var recordBytes = 256
        /// The queue was seen so full that librdkafka may have stopped fetching.
        var wasFull = false
        var nudgedAt = UInt64(0)

        init(_ partition: TopicPartition, _ queue: OpaquePointer, at position: Offset) {
            self.partition = partition
            self.queue = queue
            self.position = position
        }

        deinit { rd_kafka_queue_destroy(queue) }
    }

    private let log: any EventLog
    let handle: KafkaHandle
    private let wakeup: Unmanaged<KafkaWakeup>
    let queueBytes: Int
    private var cursors: [TopicPartition: Cursor] = [:]

    /// Bytes of a partition's queue, key and value of its records counted. The process takes about six times as much for small
    /// records, most of it librdkafka's own account of each; more bytes are not read faster.
    static let queueBytesDefault = 8 << 20
    /// What one request may bring of a partition: large enough that the round trips do not show.
    private static let fetchBytes = 1 << 20
    private static let seekMilliseconds: Int32 = 5_000

    /// - Parameters:
    ///   - log: answers what is not reading.
    ///   - wakeup: is told when records have come in.
    init(
        _ properties: KafkaProperties, log: any EventLog, wakeup: KafkaWakeup, queueBytes: Int = KafkaReader.queueBytesDefault
    ) throws(EngineError) {
        self.log = log
        self.queueBytes = max(queueBytes, Self.fetchBytes)
        handle = try KafkaHandle(
            .consumer, name: "reader", properties,
            own: Self.properties(queueBytes: self.queueBytes))
        self.wakeup = .passRetained(wakeup)
    }

    /// What every consumer of ours without a group is made with.
    static func properties(queueBytes: Int) -> [(name: String, value: String)] {
        [
            // librdkafka wants a group of every consumer; nobody joins this one, and nothing is committed to it.
            ("group.id", "pioneer.reader"), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
            ("isolation.level", "read_committed"), ("auto.offset.reset", "error"), ("enable.partition.eof", "true"),
            // The count never ends a fetch, the bytes do: see `nudge` for what happens then.
            ("queued.min.messages", "1000000"), ("queued.max.messages.kbytes", "\(queueBytes >> 10)"),
            ("fetch.message.max.bytes", "\(fetchBytes)"), ("fetch.wait.max.ms", "100"),
        ]
    }

    deinit {
        for cursor in cursors.values { rd_kafka_queue_cb_event_enable(cursor.queue, nil, nil) }
        cursors = [:]
        handle.close()
        wakeup.release()
    }

    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        batch.removeAll()
        let cursor = try cursors[partition] ?? open(partition, at: offset)
        if cursor.needsSeek || cursor.position != offset, cursor.end != offset || cursor.needsSeek { try seek(cursor, to: offset) }
        cursor.position = offset
        let wanted = max(1, min(recordsMax, bytesMax / cursor.recordBytes))
        let taken = KafkaMessages(capacity: wanted)
        taken.fill(from: cursor.queue)
        defer { if taken.count < wanted { nudgeIfStalled(cursor) } }
        do throws(QueueFault) {
            try put(taken, of: cursor, into: batch)
        } catch {
            cursor.needsSeek = true
            cursor.end = nil
            batch.removeAll()
            return try outcome(of: error, at: offset, in: partition)
        }
        guard batch.count > 0 else { return .atEnd(reached: max(offset, cursor.end ?? offset)) }
        batch.owners.append(taken)
        return .records(next: cursor.position)
    }

    /// Shows the messages' records to the batch. Throws what the queue told instead of records.
    private func put(_ messages: KafkaMessages, of cursor: Cursor, into batch: RecordBatch) throws(QueueFault) {
        var next = cursor.position.number
        var bytes = 0
        for index in 0..<messages.count {
            let message = messages[index]
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                guard message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF else { throw QueueFault(message) }
                cursor.end = Offset(message.pointee.offset)
                continue
            }
            let offset = message.pointee.offset
            guard offset >= next else { throw QueueFault.order(cursor.partition, offset: offset, expected: next) }
            batch.append(messages.view(of: message))
            bytes += message.pointee.len + message.pointee.key_len
            next = offset + 1
            cursor.end = nil
        }
        cursor.position = Offset(next)
        if batch.count > 0 { cursor.recordBytes = max(1, (cursor.recordBytes * 3 + bytes / batch.count) / 4) }
    }

    // MARK: Positions

    private func open(_ partition: TopicPartition, at offset: Offset) throws -> Cursor {
        guard let queue = rd_kafka_queue_get_partition(handle.pointer, partition.topic.text, partition.partition.number) else {
            throw KafkaErrors.error(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "\(partition) cannot be read")
        }
        let cursor = Cursor(partition, queue, at: offset)
        // The queue stays by itself: what it holds is not mixed with that of others.
        rd_kafka_queue_forward(queue, nil)
        rd_kafka_queue_cb_event_enable(queue, { _, opaque in
            guard let opaque else { return }
            Unmanaged<KafkaWakeup>.fromOpaque(opaque).takeUnretainedValue().note()
        }, wakeup.toOpaque())
        try PartitionList([partition: offset]).with {
            try handle.check(
                rd_kafka_incremental_assign(handle.pointer, $0), "\(partition) cannot be read from offset \(offset)")
        }
        cursors[partition] = cursor
        return cursor
    }

    private func seek(_ cursor: Cursor, to offset: Offset) throws {
        cursor.end = nil
        cursor.needsSeek = true
        let list = PartitionList([cursor.partition: offset])
        let doing = "\(cursor.partition) cannot be read from offset \(offset)"
        try list.with { try handle.check(rd_kafka_seek_partitions(handle.pointer, $0, Self.seekMilliseconds), doing) }
        try list.withElements { try handle.check($0[0].err, doing) }
        cursor.needsSeek = false
        cursor.wasFull = false
    }

    private func outcome(of fault: QueueFault, at offset: Offset, in partition: TopicPartition) throws -> ReadOutcome {
        guard fault.isOutOfRange else { throw fault.error(in: partition, handle) }
        let range = try log.range(of: partition)
        if offset < range.first { return .expired(first: range.first) }
        if range.end < offset { return .beyondEnd(end: range.end) }
        // The range has moved meanwhile; the next read seeks again.
        return .atEnd(reached: offset)
    }
}

// MARK: What is not reading

extension KafkaReader {
    var id: LogID { log.id }
    var recordBytesMax: Int { log.recordBytesMax }
    func topics() throws -> [TopicDescription] { try log.topics() }
    func topic(_ name: TopicName) throws -> TopicDescription? { try log.topic(name) }
    func createTopic(_ description: TopicDescription) throws { try log.createTopic(description) }
    func range(of partition: TopicPartition) throws -> OffsetRange { try log.range(of: partition) }
    func reader() throws -> any EventLog { try log.reader() }
    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try log.deleteRecords(before: offset, in: partition)
    }
    var appendCount: UInt64 { wakeup.takeUnretainedValue().count }
    func waitForAppend(since seen: UInt64, timeout: TimeSpan) { wakeup.takeUnretainedValue().wait(since: seen, timeout: timeout) }
}

// MARK: Keeping the fetching going

extension KafkaReader {
    /// From one nudge of a partition to the next, at least: less than it takes to fill and empty a queue.
    private static let nudgeNanoseconds = UInt64(1_000_000)

    /// librdkafka 2.0 stops fetching a partition whose queue is full, and looks at it again only when something else wakes the
    /// thread of its broker, or after a second. A question about the partition's end, which is asked of that broker, wakes it.
    fileprivate func nudgeIfStalled(_ cursor: Cursor) {
        let bytes = Int(rd_kafka_queue_length(cursor.queue)) * cursor.recordBytes
        if bytes >= queueBytes / 4 * 3 { cursor.wasFull = true }
        let isStalled = cursor.wasFull ? bytes < queueBytes / 2 : bytes == 0 && cursor.end == nil
        guard isStalled else { return }
        let now = Stopwatch.nanoseconds()
        guard now &- cursor.nudgedAt >= Self.nudgeNanoseconds else { return }
        cursor.nudgedAt = now
        cursor.wasFull = false
        var low = Int64(0), high = Int64(0)
        // Nobody waits for the answer: asking is what matters.
        _ = rd_kafka_query_watermark_offsets(
            handle.pointer, cursor.partition.topic.text, cursor.partition.partition.number, &low, &high, 1)
    }
}
