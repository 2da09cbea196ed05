public import Base
public import Stores
import Synchronization

/// What maintenance remembers from call to call.
struct MaintenanceState {
    var droppedBytes = 0
}

extension RocksStore {
    /// Dropped bytes are given back when there are this many, and a share of what is stored: each time costs one pass
    /// over the keys of all chunks.
    private static let reclaimBytesMin = 32 << 20
    private static let reclaimShare = 16
    /// Chunks dropped with one write.
    private static let chunksDroppedMax = 4_096

    /// Applies the topics' retention, cleans compacted topics, joins small chunks, forgets idle producers, and gives
    /// space back. To be called every few seconds, on a thread of its own: it reads and writes the disk. Readers and
    /// writers go on meanwhile. May be repeated after an error.
    ///
    /// - Parameter now: what the ages of records and producers are counted from.
    public func maintain(now: EventTime) throws -> MaintenanceReport {
        try maintenance.withLock { state in
            var report = MaintenanceReport()
            for topic in registry.withLock({ Array($0.values) }).sorted(by: { $0.number < $1.number }) {
                for log in topic.partitions {
                    let database = try database()
                    try expire(log, topic.description.retention, now: now, database, &report)
                    if topic.description.retention.isCompacted {
                        try clean(log, now: now, database, &report, &state)
                    } else {
                        try mergeSmallChunks(log, database, &report, &state)
                    }
                }
            }
            try forgetProducers(now: now, &report)
            state.droppedBytes += report.bytesExpired
            try reclaim(database(), &report, &state)
            return report
        }
    }

    /// Removes the oldest chunks whose records are all older than `timestamp`; the first chunk with a younger record
    /// stays, and so does everything after it.
    public func deleteRecords(before timestamp: EventTime, in partition: TopicPartition) throws {
        try maintenance.withLock { state in
            var report = MaintenanceReport()
            let log = try self.partition(partition)
            try drop(log, database(), &report) { chunk, _, _ in chunk.header.maxTimestamp < timestamp.microseconds }
            state.droppedBytes += report.bytesExpired
        }
    }

    /// Removes the chunks that lie wholly before `offset`.
    public func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try maintenance.withLock { state in
            var report = MaintenanceReport()
            let log = try self.partition(partition)
            try drop(log, database(), &report) { chunk, _, _ in chunk.end <= offset.number }
            state.droppedBytes += report.bytesExpired
        }
    }

    private func expire(
        _ log: Partition, _ retention: Retention, now: EventTime, _ database: Database, _ report: inout MaintenanceReport
    ) throws(EngineError) {
        if let age = retention.age {
            let oldest = (now - age).microseconds
            try drop(log, database, &report) { chunk, _, _ in chunk.header.maxTimestamp < oldest }
        }
        if let bytesMax = retention.bytesMax, log.bytes.load(ordering: .relaxed) > bytesMax {
            try drop(log, database, &report) { _, bytesLeft, isLast in bytesLeft > bytesMax && !isLast }
        }
    }

    /// Drops chunks from the oldest on while `mayGo` says so.
    private func drop(
        _ log: Partition, _ database: Database, _ report: inout MaintenanceReport,
        while mayGo: (_ chunk: ChunkWalk.Chunk, _ bytesLeft: Int, _ isLast: Bool) -> Bool
    ) throws(EngineError) {
        let end = log.end.load(ordering: .acquiring)
        var bytesLeft = log.bytes.load(ordering: .relaxed)
        let chunks = ChunkWalk(database, log.key)
        chunks.seek(0)
        var isMore = true
        while isMore {
            isMore = false
            let batch = WriteBatch(database)
            var count = 0, bytes = 0
            var first = log.first.load(ordering: .relaxed)
            while let chunk = try chunks.current(), chunk.base < end, mayGo(chunk, bytesLeft, chunk.end >= end) {
                let key = log.key.chunkKey(chunk.base)
                batch.delete(.chunks, key)
                batch.delete(.payloads, key)
                count += 1
                bytes += chunk.storedBytes
                bytesLeft -= chunk.storedBytes
                first = max(first, chunk.end)
                chunks.next()
                if count == Self.chunksDroppedMax {
                    isMore = true
                    break
                }
            }
            guard count > 0 else { return }
            let cleaned = max(log.cleaned.load(ordering: .relaxed), first)
            batch.put(.meta, Format.partitionKey(log.key), PartitionEntry(first: first, end: end, cleaned: cleaned).encode())
            // Readers look at `first` again after they have gathered records, so it moves before anything is missing.
            // If the write fails, the records are out of reach until the next start, and then there again.
            log.first.store(first, ordering: .releasing)
            try database.write(batch, givesBack: true)
            log.cleaned.store(cleaned, ordering: .relaxed)
            log.bytes.wrappingSubtract(bytes, ordering: .relaxed)
            report.chunksExpired += count
            report.bytesExpired += bytes
        }
    }

    private func forgetProducers(now: EventTime, _ report: inout MaintenanceReport) throws(EngineError) {
        let database = try database()
        let oldest = now - TimeSpan(microseconds: options.producerIdleMicroseconds)
        var idle: [[UInt8]] = []
        let iterator = database.iterator(.meta, upperBound: [Format.producerPrefix + 1])
        iterator.seek([Format.producerPrefix])
        while iterator.isValid {
            if let entry = ProducerEntry(decoding: iterator.value), entry.when < oldest { idle.append(Array(iterator.key)) }
            iterator.next()
        }
        try iterator.check()
        guard !idle.isEmpty else { return }
        // Looked at again while nobody writes: a producer may have come back in between.
        report.producersForgotten += try writer.exclusively { () throws(EngineError) -> Int in
            let batch = WriteBatch(database)
            var count = 0
            for key in idle {
                guard let stored = try database.get(.meta, key), let entry = stored.withUnsafeBytes(ProducerEntry.init(decoding:)),
                    entry.when < oldest
                else { continue }
                batch.delete(.meta, key)
                count += 1
            }
            if count > 0 { try database.write(batch, givesBack: true) }
            return count
        }
    }

    // MARK: Space

    /// Gives the space of dropped chunks back. A pass over the keys has RocksDB delete blob files that hold only
    /// garbage; when too much garbage lies in files that also hold live chunks, those are rewritten. As that waits
    /// for as much garbage as there is live data, the copying adds at most one write to each byte.
    private func reclaim(
        _ database: Database, _ report: inout MaintenanceReport, _ state: inout MaintenanceState
    ) throws(EngineError) {
        let stored = database.property("rocksdb.live-blob-file-size", .payloads)
        guard state.droppedBytes >= max(Self.reclaimBytesMin, stored / Self.reclaimShare) else { return }
        state.droppedBytes = 0
        database.compact(.chunks, from: nil, to: nil)
        database.compact(.payloads, from: nil, to: nil)
        let total = database.property("rocksdb.live-blob-file-size", .payloads)
        let garbage = database.property("rocksdb.live-blob-file-garbage-size", .payloads)
        if garbage >= Self.reclaimBytesMin, Double(garbage) > Double(total) * options.garbageRatioMax {
            try database.setOptions(
                .payloads, [("enable_blob_garbage_collection", "true"), ("blob_garbage_collection_age_cutoff", "1.0")])
            database.compact(.payloads, from: nil, to: nil, rewritesAll: true)
            try database.setOptions(.payloads, [("enable_blob_garbage_collection", "false")])
        }
        report.didReclaim = true
    }
}
