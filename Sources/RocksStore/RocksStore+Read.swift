public import Base
public import Stores
import Synchronization

extension RocksStore {
    /// How often a read starts again because maintenance changed chunks under it.
    private static let readAttemptsMax = 8

    private enum Gathering {
        case records(next: Int64)
        /// A chunk is not what its header, read a moment before, said: maintenance was at work, or there is damage.
        case changed(String)
    }

    public func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        batch.removeAll()
        let database = try database()
        let topic = try topicState(partition.topic)
        let log = try self.partition(partition)
        let end = log.end.load(ordering: .acquiring)
        let first = log.first.load(ordering: .acquiring)
        if offset.number < first { return .expired(first: Offset(first)) }
        if offset.number > end { return .beyondEnd(end: Offset(end)) }
        if offset.number == end { return .atEnd(reached: offset) }
        var detail = ""
        for _ in 0..<Self.readAttemptsMax {
            let gathering = try gather(
                log, database, from: offset.number, to: end, recordsMax: max(1, recordsMax), bytesMax: bytesMax,
                mayHaveGaps: topic.description.retention.isCompacted, into: batch)
            // Retention moves `first` before it removes anything: what was gathered counts only if it has not passed.
            let first = log.first.load(ordering: .acquiring)
            if offset.number < first {
                batch.removeAll()
                return .expired(first: Offset(first))
            }
            switch gathering {
            case .records(let next): return .records(next: Offset(next))
            case .changed(let what):
                batch.removeAll()
                detail = what
            }
        }
        throw StoreErrors.corrupted(directory, "\(partition) at offset \(offset): \(detail)")
    }

    private func gather(
        _ log: Partition, _ database: Database, from offset: Int64, to end: Int64, recordsMax: Int, bytesMax: Int,
        mayHaveGaps: Bool, into batch: RecordBatch
    ) throws(EngineError) -> Gathering {
        let chunks = ChunkWalk(database, log.key)
        try chunks.seek(covering: offset)
        var next = offset
        var bytes = 0
        while batch.count < recordsMax, batch.count == 0 || bytes < bytesMax, let chunk = try chunks.current(), chunk.base < end {
            guard mayHaveGaps || chunk.base <= next else { return .changed("no chunk holds offset \(next).") }
            guard let records = try records(of: chunk, log.key, database) else {
                return .changed("the chunk at \(chunk.base) does not match its checksum.")
            }
            let before = batch.count
            let decoded = RecordBuffer.decode(
                UnsafeRawBufferPointer(records.bytes), baseOffset: chunk.base - Int64(chunk.header.deltaBias), from: offset,
                limit: recordsMax - batch.count, into: batch)
            guard decoded else { return .changed("the chunk at \(chunk.base) holds half a record.") }
            if batch.count > before { batch.owners.append(records) }
            next = batch.count < recordsMax ? chunk.end : batch[batch.count - 1].offset + 1
            bytes += records.count
            chunks.next()
        }
        return batch.count > 0 ? .records(next: next) : .changed("no chunk holds offset \(offset).")
    }

    /// A chunk's records, unpacked; nil when the payload does not belong to the header.
    func records(of chunk: ChunkWalk.Chunk, _ log: LogKey, _ database: Database) throws(EngineError) -> ByteArena? {
        let key = ChunkCache.Key(log: log, base: chunk.base, checksum: chunk.header.checksum)
        if let cached = cache[key] { return cached }
        guard let records = try unpack(chunk, log, database) else { return nil }
        cache.insert(records, key)
        return records
    }

    /// The same past the cache: for maintenance, which reads what nobody else is about to.
    func unpack(_ chunk: ChunkWalk.Chunk, _ log: LogKey, _ database: Database) throws(EngineError) -> ByteArena? {
        var key = (UInt32(log.topic).bigEndian, UInt32(log.partition).bigEndian, chunk.base.bigEndian)
        return try withUnsafeBytes(of: &key) { (key) throws(EngineError) -> ByteArena? in
            try database.get(.payloads, key) { (payload) throws(EngineError) -> ByteArena? in
                payload.flatMap { ChunkCodec.unpack($0, chunk.header) }
            }
        }
    }

    public var appendCount: UInt64 { appends.withLock { $0 } }

    public func waitForAppend(since seen: UInt64, timeout: TimeSpan) {
        _ = appends.wait(timeout: timeout) { $0 != seen ? true : nil }
    }
}
