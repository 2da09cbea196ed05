public import Base

extension InMemoryStore {
    public func topics() throws -> [TopicDescription] {
        contents.withLock { $0.topics.values.map(\.description).sorted { $0.name < $1.name } }
    }

    public func topic(_ name: TopicName) throws -> TopicDescription? {
        contents.withLock { $0.topics[name]?.description }
    }

    public func createTopic(_ description: TopicDescription) throws {
        guard description.partitionCount > 0 else { throw LogErrors.noPartitions(description) }
        try contents.withLock { contents in
            guard let existing = contents.topics[description.name] else {
                contents.topics[description.name] = Topic(
                    description: description, partitions: Array(repeating: Partition(), count: description.partitionCount))
                return
            }
            guard existing.partitions.count == description.partitionCount else {
                throw LogErrors.partitionCount(description, existing: existing.partitions.count)
            }
            contents.topics[description.name]!.description = description
        }
    }

    public func range(of partition: TopicPartition) throws -> OffsetRange {
        try contents.withLock { contents in
            try contents.withPartition(partition) { OffsetRange(first: Offset($0.first), end: Offset($0.end)) }
        }
    }

    public func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        batch.removeAll()
        let log = try contents.withLock { try $0.withPartition(partition) { $0 } }
        if offset.number < log.first { return .expired(first: Offset(log.first)) }
        if offset.number > log.end { return .beyondEnd(end: Offset(log.end)) }
        if offset.number == log.end { return .atEnd(reached: offset) }
        var bytes = 0
        for chunk in log.chunks[log.chunkIndex(holding: offset.number)...] {
            let decoded = RecordBuffer.decode(
                UnsafeRawBufferPointer(chunk.bytes.bytes), baseOffset: chunk.base, from: offset.number,
                limit: max(1, recordsMax) - batch.count, into: batch)
            precondition(decoded, "a chunk in memory is whole")
            batch.owners.append(chunk)
            bytes += chunk.bytes.count
            if batch.count >= recordsMax || bytes >= bytesMax { break }
        }
        return .records(next: Offset(batch[batch.count - 1].offset + 1))
    }

    public func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try contents.withLock { contents in
            try contents.withPartition(partition) { log in
                let kept = log.chunks.firstIndex { $0.end > offset.number } ?? log.chunks.count
                log.first = kept < log.chunks.count ? log.chunks[kept].base : log.end
                log.chunks.removeFirst(kept)
            }
        }
    }

    public var appendCount: UInt64 { contents.withLock { $0.appendCount } }

    public func waitForAppend(since seen: UInt64, timeout: TimeSpan) {
        _ = contents.wait(timeout: timeout) { $0.appendCount != seen ? true : nil }
    }
}

extension InMemoryStore.Partition {
    /// The chunk that holds an offset in `first..<end`. - Complexity: O(log chunks).
    func chunkIndex(holding offset: Int64) -> Int {
        var low = 0, high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
