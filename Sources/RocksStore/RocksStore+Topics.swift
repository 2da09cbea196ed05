public import Base
public import Stores
import Synchronization

extension RocksStore {
    public func topics() throws -> [TopicDescription] {
        registry.withLock { $0.values.map(\.description).sorted { $0.name < $1.name } }
    }

    public func topic(_ name: TopicName) throws -> TopicDescription? {
        registry.withLock { $0[name]?.description }
    }

    public func createTopic(_ description: TopicDescription) throws {
        guard description.partitionCount > 0 else { throw LogErrors.noPartitions(description) }
        try writer.exclusively { () throws(EngineError) in
            let (existing, greatest) = registry.withLock { ($0[description.name], $0.values.map(\.number).max() ?? 0) }
            if let existing, existing.partitions.count != description.partitionCount {
                throw LogErrors.partitionCount(description, existing: existing.partitions.count)
            }
            if existing?.description == description { return }
            let database = try database()
            let number = existing?.number ?? greatest + 1
            let batch = WriteBatch(database)
            batch.put(.meta, Format.topicKey(description.name), TopicEntry(number: number, description: description).encode())
            try database.write(batch)
            let partitions = existing?.partitions ?? (0..<UInt32(description.partitionCount)).map { partition in
                Partition(key: LogKey(topic: number, partition: partition), first: 0, end: 0, bytes: 0, cleaned: 0)
            }
            registry.withLock {
                $0[description.name] = Topic(number: number, description: description, partitions: partitions)
            }
        }
    }

    public func range(of partition: TopicPartition) throws -> OffsetRange {
        _ = try database()
        let log = try self.partition(partition)
        // The end first: retention may pass it in between, never the other way round.
        let end = log.end.load(ordering: .acquiring)
        let first = log.first.load(ordering: .acquiring)
        return OffsetRange(first: Offset(min(first, end)), end: Offset(end))
    }

    /// - Throws: `log.unknown_topic`.
    func topicState(_ name: TopicName) throws(EngineError) -> Topic {
        if let topic = registry.withLock({ $0[name] }) { return topic }
        throw LogErrors.unknownTopic(name, among: registry.withLock { Array($0.keys) })
    }

    /// - Throws: `log.unknown_topic`, `log.unknown_partition`.
    func partition(_ name: TopicPartition) throws(EngineError) -> Partition {
        let topic = try topicState(name.topic)
        let index = Int(name.partition.number)
        guard topic.partitions.indices.contains(index) else {
            throw LogErrors.unknownPartition(name, count: topic.partitions.count)
        }
        return topic.partitions[index]
    }

    // MARK: Opening

    /// Reads all topics and where their partitions stand.
    /// - Complexity: O(chunks) short entries: a million chunks, some hundred gigabytes of records, take about a second.
    static func loadTopics(_ database: Database) throws(EngineError) -> [TopicName: Topic] {
        var topics: [TopicName: Topic] = [:]
        let iterator = database.iterator(.meta, upperBound: [Format.topicPrefix + 1])
        iterator.seek([Format.topicPrefix])
        while iterator.isValid {
            let name = TopicName(String(decoding: iterator.key.dropFirst(), as: UTF8.self))
            guard let name, let entry = TopicEntry(name: name, decoding: iterator.value) else {
                throw StoreErrors.corrupted(database.directory, "a topic's entry cannot be read.")
            }
            var partitions: [Partition] = []
            for partition in 0..<UInt32(entry.description.partitionCount) {
                partitions.append(try loadPartition(LogKey(topic: entry.number, partition: partition), database))
            }
            topics[name] = Topic(number: entry.number, description: entry.description, partitions: partitions)
            iterator.next()
        }
        try iterator.check()
        return topics
    }

    private static func loadPartition(_ key: LogKey, _ database: Database) throws(EngineError) -> Partition {
        var entry = PartitionEntry(first: 0, end: 0, cleaned: 0)
        if let stored = try database.get(.meta, Format.partitionKey(key)) {
            guard let decoded = stored.withUnsafeBytes(PartitionEntry.init(decoding:)) else {
                throw StoreErrors.corrupted(database.directory, "a partition's entry cannot be read.")
            }
            entry = decoded
        }
        var end = entry.end
        var bytes = 0
        let chunks = ChunkWalk(database, key)
        chunks.seek(0)
        while let chunk = try chunks.current() {
            end = max(end, chunk.end)
            bytes += chunk.storedBytes
            chunks.next()
        }
        return Partition(key: key, first: entry.first, end: end, bytes: bytes, cleaned: entry.cleaned)
    }
}
