public import Base
public import Stores

extension SimulatedProcess: EventLog, RecordAppender {
    public var id: LogID { cluster.id }

    public var recordBytesMax: Int { cluster.settings.recordBytesMax }

    public var appendCount: UInt64 { cluster.appendCount }

    /// Nobody waits in virtual time: the schedule decides who comes next.
    public func waitForAppend(since seen: UInt64, timeout: TimeSpan) {}

    public func topics() throws -> [TopicDescription] {
        try call(.topics) { cluster.topics.values.map(\.description).sorted { $0.name < $1.name } }
    }

    public func topic(_ name: TopicName) throws -> TopicDescription? { try call(.topics) { cluster.topics[name]?.description } }

    public func createTopic(_ description: TopicDescription) throws { try call(.createTopic) { try cluster.createTopic(description) } }

    public func range(of partition: TopicPartition) throws -> OffsetRange {
        try call(.range, "\(partition)") {
            let log = try cluster.partition(partition)
            return OffsetRange(first: Offset(log.first), end: Offset(log.lastStable))
        }
    }

    public func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        batch.removeAll()
        return try call(.read, "\(partition) from \(offset)") {
            // A broker may give less than asked for; a reader gets along with any cut.
            let most = cluster.chances.delay > 0 ? 1 + cluster.random.below(max(1, min(recordsMax, 64))) : recordsMax
            return try cluster.partition(partition).read(from: offset.number, recordsMax: most, bytesMax: bytesMax, into: batch)
        }
    }

    /// What a reader gets that does not wait for commits: a mistake that a test can make.
    public func readUncommitted(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        try call(.read, "\(partition) from \(offset)") {
            try cluster.partition(partition).read(
                from: offset.number, recordsMax: recordsMax, bytesMax: bytesMax, isCommitted: false, into: batch)
        }
    }

    public func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try call(.deleteRecords, "\(partition) before \(offset)") {
            try cluster.partition(partition).deleteRecords(before: offset.number)
        }
    }

    public func append(_ request: AppendRequest) throws -> AppendOutcome {
        try call(.append, "\(request.topic)") { try cluster.append(request) }
    }

    public func lastSequence(of producer: String, topic: TopicName) throws -> Int64? {
        try call(.topics) { try cluster.lastSequence(of: producer, topic: topic) }
    }
}

extension SimulatedCluster {
    public func createTopic(_ description: TopicDescription) throws(EngineError) {
        guard description.partitionCount > 0 else { throw LogErrors.noPartitions(description) }
        if let existing = topics[description.name] {
            guard existing.partitions.count == description.partitionCount else {
                throw LogErrors.partitionCount(description, existing: existing.partitions.count)
            }
            topics[description.name]?.description = description
        } else {
            let partitions = (0..<description.partitionCount).map {
                PartitionLog(TopicPartition(description.name, PartitionNumber($0)))
            }
            topics[description.name] = (description, partitions)
        }
    }

    /// Appends with certainty, as a client of which no mishap is known.
    public func append(_ request: AppendRequest) throws -> AppendOutcome {
        for (partition, _) in request.records { _ = try self.partition(TopicPartition(request.topic, partition)) }
        if let producer = request.producer {
            if let last = try lastSequence(of: producer.id, topic: request.topic) {
                if producer.sequence <= last { return .duplicate(lastSequence: last) }
                if producer.sequence > last + 1 { return .outOfSequence(expected: last + 1) }
            }
            lastSequences[request.topic, default: [:]][producer.id] = producer.sequence
        }
        var bases: [PartitionNumber: Offset] = [:]
        for (partition, buffer) in request.records where !buffer.isEmpty {
            let base = try append(buffer, to: TopicPartition(request.topic, partition), transaction: nil)
            if bases[partition] == nil { bases[partition] = base }
        }
        return .appended(bases)
    }

    func append(_ buffer: RecordBuffer, to name: TopicPartition, transaction: Transaction?) throws(EngineError) -> Offset {
        let log = try partition(name)
        appendCount += 1
        return Offset(
            log.append(buffer.batch(), transaction: transaction, inMilliseconds: settings.hasMillisecondTimestamps))
    }

    func lastSequence(of producer: String, topic: TopicName) throws -> Int64? {
        guard topics[topic] != nil else { throw LogErrors.unknownTopic(topic, among: topics.keys.sorted()) }
        return lastSequences[topic]?[producer]
    }

    /// What a read-committed consumer gets of a partition from its oldest record on.
    public func committedRecords(of partition: TopicPartition) throws -> RecordBatch {
        let batch = RecordBatch()
        for (offset, record) in try self.partition(partition).committed {
            batch.append(record.view(at: offset))
            batch.owners.append(record)
        }
        return batch
    }

    /// What retention does, with certainty.
    public func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try self.partition(partition).deleteRecords(before: offset.number)
        note("retention has passed \(offset) of \(partition)")
    }

    /// First offset, last stable offset and end of a partition.
    public func offsets(of partition: TopicPartition) throws -> (first: Offset, lastStable: Offset, end: Offset) {
        let log = try self.partition(partition)
        return (Offset(log.first), Offset(log.lastStable), Offset(log.end))
    }
}

extension RecordBuffer {
    /// Its records, of which the batch keeps no copy.
    func batch() -> RecordBatch {
        let batch = RecordBatch(capacity: max(1, count))
        let isWhole = RecordBuffer.decode(UnsafeRawBufferPointer(bytes.bytes), baseOffset: 0, from: 0, limit: .max, into: batch)
        precondition(isWhole, "a buffer holds whole records")
        return batch
    }
}
