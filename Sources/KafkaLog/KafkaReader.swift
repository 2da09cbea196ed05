public import Base
import CRdKafka
public import Stores

extension ErrorCode {
    public static let kafkaOffsetOrder = ErrorCode("kafka.offset_order")
}

/// The log for one thread that reads partitions in order: a consumer without group or subscription, which fetches ahead.
///
/// 1. A partition asked for the first time is assigned at the offset asked for, and its queue is read by itself.
/// 2. A read takes what the queue holds and never waits. The batch's views point into librdkafka's messages, which go when
///    the batch lets go of them.
/// 3. A thread that does not read lets the queue fill to `aheadBytesMax`; then librdkafka stops fetching. Partitions are never
///    paused: librdkafka 2.0.2 may skip records when it resumes.
/// 4. An offset other than where the queue stands assigns the partition anew. Offsets must ascend from there.
///
/// A read that finds nothing answers `.atEnd(reached:)` with the offset asked for while records may still be on their way,
/// and with the offset of the end once Kafka has said that there is nothing more; only `range` tells the two apart.
public final class KafkaReader: EventLog, @unchecked Sendable {
    /// Bytes of a partition's queue, key and value of its records counted. Measured with 2 M records of 142 bytes in four
    /// partitions, packed by LZ4: 1, 2, 4 and 8 MB took 55, 65, 97 and 138 MB resident and the same CPU time (0.33 µs a record;
    /// the plain loop 0.23), so more is not read faster.
    public static let aheadBytesStandard = 2 << 20
    /// What one request may bring of a partition. It counts packed bytes, which are all unpacked at once: with 1 MB the same
    /// reading took 125 to 230 MB resident.
    private static let fetchBytes = 256 << 10

    private let log: KafkaLog
    private let handle: KafkaHandle
    private let aheadBytes: Int
    private let nudge: FetchNudge?
    private var positions: [TopicPartition: Position] = [:]

    /// Where a partition's queue stands.
    final class Position {
        let queue: OpaquePointer
        /// Offsets from `low` to `next` are the same place: there is nothing between.
        var low: Int64
        var next: Int64
        /// Taken from the queue, not yet handed out.
        var slice: MessageSlice?
        var index = 0
        /// Bytes of a record, a moving mean.
        var recordBytes = 256
        /// The queue was seen so full that librdkafka may have stopped fetching.
        var wasFull = false
        var isAtEnd = false

        init(queue: OpaquePointer, at offset: Int64) {
            self.queue = queue
            low = offset
            next = offset
        }

        deinit {
            rd_kafka_queue_cb_event_enable(queue, nil, nil)
            rd_kafka_queue_destroy(queue)
        }
    }

    init(_ log: KafkaLog, name: String, aheadBytesMax: Int) throws(EngineError) {
        self.log = log
        aheadBytes = max(aheadBytesMax, Self.fetchBytes)
        let own = Self.properties(aheadBytes: aheadBytes)
        handle = try KafkaHandle(.consumer, name: name, log.properties, own: own)
        nudge = KafkaVersion.looksAtFullQueues ? nil : FetchNudge(handle)
    }

    /// What every consumer of ours without a group is made with.
    static func properties(aheadBytes: Int) -> [(name: String, value: String)] {
        let fullQueue = KafkaVersion.looksAtFullQueues ? [(name: "fetch.queue.backoff.ms", value: "1")] : []
        return fullQueue + [
            // librdkafka wants a group of every consumer; nobody joins this one, and nothing is committed to it.
            ("group.id", "pioneer.reader"), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
            ("isolation.level", "read_committed"), ("auto.offset.reset", "error"), ("enable.partition.eof", "true"),
            ("allow.auto.create.topics", "false"),
            // The count never ends a fetch, the bytes do: see `FetchNudge` for what happens then.
            ("queued.min.messages", "1000000"), ("queued.max.messages.kbytes", "\(aheadBytes >> 10)"),
            // The end of a partition is told only by an answer without records, which a broker holds back so long.
            ("fetch.message.max.bytes", "\(fetchBytes)"), ("fetch.wait.max.ms", "100"),
        ]
    }

    // The handle goes with the last batch that has messages of it.
    deinit { positions.removeAll() }

    public func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        batch.removeAll()
        let position = try position(of: partition, at: offset.number)
        var gathering = Gathering(recordsMax: max(1, recordsMax), bytesMax: bytesMax)
        var stop: Stop?
        do throws(EngineError) {
            while !gathering.isFull, stop == nil {
                if position.slice == nil {
                    position.slice = MessageSlice(taking: gathering.recordsLeft, from: position.queue, of: handle)
                    position.index = 0
                }
                guard let slice = position.slice else {
                    keepFetching(partition, position)
                    break
                }
                stop = try gather(slice, position, &gathering, into: batch)
                if position.index == slice.count { position.slice = nil }
            }
        } catch {
            // What librdkafka does after an error is not relied on: the next read starts anew.
            try release(partition)
            if batch.count == 0 { throw error }
        }
        if batch.count > 0 {
            let bytes = max(1, bytesMax) - gathering.bytesLeft
            position.recordBytes = max(1, (position.recordBytes * 3 + bytes / batch.count) / 4)
            position.isAtEnd = false
            keepFetching(partition, position)
            return .records(next: Offset(position.next))
        }
        if let stop { return try outcome(of: stop, partition, position, offset) }
        return .atEnd(reached: Offset(max(offset.number, position.next)))
    }

    private struct Gathering {
        var recordsLeft: Int
        var bytesLeft: Int
        var isFull: Bool { recordsLeft <= 0 || bytesLeft <= 0 }

        init(recordsMax: Int, bytesMax: Int) {
            recordsLeft = recordsMax
            bytesLeft = max(1, bytesMax)
        }
    }

    /// What came in place of a record.
    private enum Stop {
        case end(Int64)
        case outOfRange
    }

    /// Puts records of a slice into the batch until it is full or something else comes, which is left where it is unless the
    /// batch is empty.
    private func gather(
        _ slice: MessageSlice, _ position: Position, _ gathering: inout Gathering, into batch: RecordBatch
    ) throws(EngineError) -> Stop? {
        let before = batch.count
        defer { if batch.count > before { batch.owners.append(slice) } }
        while position.index < slice.count, !gathering.isFull {
            let message = slice[position.index]
            let offset = message.pointee.offset
            if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                if batch.count > 0 { return .end(position.next) }
                position.index += 1
                return try stop(message)
            }
            position.index += 1
            guard offset >= position.next else {
                throw EngineError(
                    .kafkaOffsetOrder, .environment, "offset \(offset) came where \(position.next) or a later one was to come",
                    remedy: "The partition is read again from there.", isTransient: true)
            }
            position.next = offset + 1
            position.low = position.next
            batch.append(slice.view(message))
            gathering.recordsLeft -= 1
            gathering.bytesLeft -= message.pointee.len + message.pointee.key_len
        }
        return nil
    }

    private func stop(_ message: UnsafeMutablePointer<rd_kafka_message_t>) throws(EngineError) -> Stop {
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF: return .end(message.pointee.offset)
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: return .outOfRange
        case let code:
            throw handle.error(code, "records could not be fetched", said: rd_kafka_message_errstr(message).map { String(cString: $0) })
        }
    }

    private func outcome(of stop: Stop, _ partition: TopicPartition, _ position: Position, _ offset: Offset) throws -> ReadOutcome {
        switch stop {
        case .end(let end):
            position.next = max(position.next, end)
            position.isAtEnd = true
            return .atEnd(reached: Offset(max(offset.number, end)))
        case .outOfRange:
            try release(partition)
            let range = try log.range(of: partition)
            if offset < range.first { return .expired(first: range.first) }
            if offset > range.end { return .beyondEnd(end: range.end) }
            return .atEnd(reached: offset)
        }
    }

    /// Has librdkafka look at a queue again that it found full.
    private func keepFetching(_ partition: TopicPartition, _ position: Position) {
        guard let nudge else { return }
        let bytes = Int(rd_kafka_queue_length(position.queue)) * position.recordBytes
        if bytes >= aheadBytes / 4 * 3 { position.wasFull = true }
        let isStalled = position.wasFull ? bytes < aheadBytes / 2 : bytes == 0 && !position.isAtEnd
        guard isStalled else { return }
        position.wasFull = false
        nudge.give(partition)
    }

    // MARK: Partitions

    private func position(of partition: TopicPartition, at offset: Int64) throws -> Position {
        if let position = positions[partition] {
            if position.low <= offset, offset <= position.next { return position }
            try release(partition)
        } else {
            try log.checkExists(partition)
        }
        guard let queue = rd_kafka_queue_get_partition(handle.pointer, partition.topic.text, partition.partition.number) else {
            throw handle.error(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "\(partition) has no queue")
        }
        // Before it is assigned: what came in between would go to the consumer's common queue, which nobody reads.
        rd_kafka_queue_forward(queue, nil)
        rd_kafka_queue_cb_event_enable(
            queue,
            { _, signal in
                if let signal { Unmanaged<KafkaWakeup>.fromOpaque(signal).takeUnretainedValue().note() }
            }, Unmanaged.passUnretained(log.appends).toOpaque())
        let position = Position(queue: queue, at: offset)
        let list = PartitionList([partition: Offset(offset)])
        try handle.check(list.with { rd_kafka_incremental_assign(handle.pointer, $0) }, "\(partition) could not be assigned")
        positions[partition] = position
        return position
    }

    /// Stops reading a partition; what was fetched ahead is given up.
    private func release(_ partition: TopicPartition) throws(EngineError) {
        guard positions[partition] != nil else { return }
        try handle.check(
            PartitionList([partition]).with { rd_kafka_incremental_unassign(handle.pointer, $0) }, "\(partition) could not be given back")
        positions[partition] = nil
    }

    /// Keeps the memory of a reader that goes from partition to partition bounded.
    func forgetAll(but kept: TopicPartition) {
        guard positions.count > Self.lookUpPartitionsMax else { return }
        for partition in Array(positions.keys) where partition != kept { try? release(partition) }
    }

    private static let lookUpPartitionsMax = 16

    /// 2: stands at the offset; 1: reads the partition; 0: does not.
    func nearness(_ partition: TopicPartition, _ offset: Offset) -> Int {
        guard let position = positions[partition] else { return 0 }
        return position.low <= offset.number && offset.number <= position.next ? 2 : 1
    }

    // MARK: The rest of the log

    public var id: LogID { log.id }
    public var recordBytesMax: Int { log.recordBytesMax }
    public var appendCount: UInt64 { log.appendCount }
    public func topics() throws -> [TopicDescription] { try log.topics() }
    public func topic(_ name: TopicName) throws -> TopicDescription? { try log.topic(name) }
    public func createTopic(_ description: TopicDescription) throws { try log.createTopic(description) }
    public func range(of partition: TopicPartition) throws -> OffsetRange { try log.range(of: partition) }
    public func reader() throws -> any EventLog { try log.reader() }
    public func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try log.deleteRecords(before: offset, in: partition)
    }
    public func waitForAppend(since seen: UInt64, timeout: TimeSpan) { log.waitForAppend(since: seen, timeout: timeout) }
}
