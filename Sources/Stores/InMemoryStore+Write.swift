public import Base

extension InMemoryStore {
    public func append(_ request: AppendRequest) throws -> AppendOutcome {
        defer { contents.wakeAll() }
        return try contents.withLock { contents in
            let fault = contents.takeFault()
            if let fault, fault != .errorAfterCommit { throw Contents.injectedError }
            // Everything is checked before anything is changed.
            // No copy of the topic is held meanwhile: appending would then copy all its chunks.
            guard let partitionCount = contents.topics[request.topic]?.partitions.count else {
                throw LogErrors.unknownTopic(request.topic, among: contents.topics.keys)
            }
            for (partition, _) in request.records where !(0..<partitionCount).contains(Int(partition.number)) {
                throw LogErrors.unknownPartition(TopicPartition(request.topic, partition), count: partitionCount)
            }
            if let producer = request.producer, let last = contents.topics[request.topic]?.lastSequences[producer.id] {
                if producer.sequence <= last { return AppendOutcome.duplicate(lastSequence: last) }
                if producer.sequence > last + 1 { return AppendOutcome.outOfSequence(expected: last + 1) }
            }
            if let producer = request.producer {
                contents.topics[request.topic]!.lastSequences[producer.id] = producer.sequence
            }
            var bases: [PartitionNumber: Offset] = [:]
            for (partition, buffer) in request.records where !buffer.isEmpty {
                let base = try contents.append(buffer, to: TopicPartition(request.topic, partition))
                if bases[partition] == nil { bases[partition] = base }
            }
            contents.appendCount += 1
            if fault == .errorAfterCommit { throw Contents.injectedError }
            return .appended(bases)
        }
    }

    public func lastSequence(of producer: String, topic: TopicName) throws -> Int64? {
        try contents.withLock { contents in
            guard let topic = contents.topics[topic] else {
                throw LogErrors.unknownTopic(topic, among: contents.topics.keys)
            }
            return topic.lastSequences[producer]
        }
    }

    public func commit(_ write: EpochWrite) throws -> CommitOutcome {
        let journal = TopicPartition(.journal(of: write.task.topology), write.task.partition)
        defer { contents.wakeAll() }
        return try contents.withLock { contents in
            let fault = contents.takeFault()
            if fault == .fence { contents.fenced.insert(write.task) }
            if contents.fenced.contains(write.task) { return CommitOutcome.fenced }
            if fault == .error { throw Contents.injectedError }
            if fault == .abort { return .aborted }
            let last = contents.epochs[write.task]
            if let last, last == write.record { return .committed }
            guard write.record.epoch == (last?.epoch ?? .none).next else { return .fenced }
            for partition in write.outputs.map(\.partition) + [journal] {
                try contents.withPartition(partition) { _ in }
            }
            for (partition, buffer) in write.outputs { _ = try contents.append(buffer, to: partition) }
            _ = try contents.append(write.record.journalEntry(), to: journal)
            contents.apply(write.changes)
            contents.epochs[write.task] = write.record
            contents.appendCount += 1
            if fault == .errorAfterCommit { throw Contents.injectedError }
            return .committed
        }
    }
}

extension EpochRecord {
    /// The record as the journal topic holds it: no key, the encoding as value, the task's clock as timestamp.
    public func journalEntry() -> RecordBuffer {
        let encoded = ByteArena(capacity: 512)
        encode(to: encoded)
        let buffer = RecordBuffer(capacity: encoded.count + RecordBuffer.recordHeaderBytes)
        buffer.append(timestamp: clock.microseconds, key: nil, value: encoded.bytes)
        return buffer
    }
}

extension InMemoryStore.Contents {
    mutating func apply(_ changes: StateChanges) {
        for index in 0..<changes.count {
            let key = Array(changes.keys[index])
            state[key] = changes.isDelete[index] ? nil : Array(changes.values[index])
        }
        if changes.count > 0 { sortedKeys = nil }
    }
}
