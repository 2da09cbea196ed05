import Base
import Stores
import Synchronization

/// How closed chunks are rewritten.
///
/// Compacted topics. A partition is clean up to `cleaned`: there, no key occurs twice. When what came after it is worth
/// a pass:
/// 1. Walk the dirty chunks from `cleaned` on, but never the last chunk, and note each key's last offset, until the
///    keys fill their share of memory; there ends this pass.
/// 2. Rewrite the chunks from the first one to there: a record goes if its key has a later offset in the note.
/// 3. A tombstone from before the old `cleaned` goes as well once it is old enough: the pass that noted it has removed
///    all that it hid. So each tombstone outlives at least one pass, and `tombstoneAge`.
/// 4. Move `cleaned`.
/// A crash in between leaves some chunks rewritten and `cleaned` where it was: the next pass does the rest.
///
/// Other topics. Appends of a few records leave small chunks; neighbours are joined once they make up half a chunk or
/// there are many, so that a record is rewritten once or twice in its life.
extension RocksStore {
    /// A pass runs when the dirty part has this share of the clean part's bytes, and `dirtyBytesMin` at least.
    private static let dirtyShareMin = 0.5
    /// What a noted key costs beside its bytes: dictionary slot, array header, offset.
    private static let keyOverheadBytes = 80
    /// A chunk under this share of `chunkBytesMax` is small.
    private static let smallChunkShare = 4
    private static let smallChunksMin = 256

    func clean(
        _ log: Partition, now: EventTime, _ database: Database, _ report: inout MaintenanceReport, _ state: inout MaintenanceState
    ) throws(EngineError) {
        let cleaned = log.cleaned.load(ordering: .relaxed)
        let end = log.end.load(ordering: .acquiring)
        guard cleaned < end, try isWorthCleaning(log, from: cleaned, to: end, database) else { return }
        let (lastOffsets, upTo) = try noteKeys(log, from: cleaned, to: end, database)
        guard upTo > cleaned else { return }
        let oldestTombstone = (now - TimeSpan(microseconds: options.tombstoneAgeMicroseconds)).microseconds
        let rewriter = ChunkRewriter(self, log, database)
        let chunks = ChunkWalk(database, log.key)
        chunks.seek(log.first.load(ordering: .relaxed))
        while let chunk = try chunks.current(), chunk.base < upTo {
            try rewriter.add(chunk) { record, key, offset in
                if record.isTombstone, offset < cleaned, record.timestamp < oldestTombstone { return false }
                guard record.keyLength >= 0, let last = lastOffsets[Array(key)] else { return true }
                return last <= offset
            }
            chunks.next()
        }
        try rewriter.flush()
        try moveCleaned(log, to: upTo, database)
        note(rewriter, &report, &state)
    }

    private func isWorthCleaning(
        _ log: Partition, from cleaned: Int64, to end: Int64, _ database: Database
    ) throws(EngineError) -> Bool {
        var clean = 0, dirty = 0
        let chunks = ChunkWalk(database, log.key)
        chunks.seek(0)
        while let chunk = try chunks.current(), chunk.end < end {
            if chunk.base < cleaned { clean += chunk.storedBytes } else { dirty += chunk.storedBytes }
            chunks.next()
        }
        return dirty >= options.dirtyBytesMin && Double(dirty) >= Double(clean) * Self.dirtyShareMin
    }

    /// The last offset of each key from `cleaned` on, and how far the walk came.
    private func noteKeys(
        _ log: Partition, from cleaned: Int64, to end: Int64, _ database: Database
    ) throws(EngineError) -> (lastOffsets: [[UInt8]: Int64], upTo: Int64) {
        var lastOffsets: [[UInt8]: Int64] = [:]
        var memory = 0
        var upTo = cleaned
        let chunks = ChunkWalk(database, log.key)
        chunks.seek(cleaned)
        while memory < options.shares.compaction, let chunk = try chunks.current(), chunk.end < end {
            guard let records = try unpack(chunk, log.key, database) else {
                throw StoreErrors.corrupted(directory, "the chunk at offset \(chunk.base) does not match its checksum.")
            }
            let bytes = UnsafeRawBufferPointer(records.bytes)
            var at = 0
            while at + RecordBuffer.recordHeaderBytes <= bytes.count {
                let record = RecordHeader(bytes, at: at)
                if record.keyLength >= 0 {
                    let start = at + RecordBuffer.recordHeaderBytes
                    let offset = chunk.base - Int64(chunk.header.deltaBias) + Int64(record.delta)
                    if lastOffsets.updateValue(offset, forKey: Array(bytes[start..<start + record.keyLength])) == nil {
                        memory += record.keyLength + Self.keyOverheadBytes
                    }
                }
                at += record.totalBytes
            }
            upTo = chunk.end
            chunks.next()
        }
        return (lastOffsets, upTo)
    }

    func mergeSmallChunks(
        _ log: Partition, _ database: Database, _ report: inout MaintenanceReport, _ state: inout MaintenanceState
    ) throws(EngineError) {
        let end = log.end.load(ordering: .acquiring)
        var merged = log.cleaned.load(ordering: .relaxed)
        guard merged < end else { return }
        let started = merged
        let rewriter = ChunkRewriter(self, log, database)
        var small: [ChunkWalk.Chunk] = []
        var rawBytes = 0
        func join() throws(EngineError) {
            if small.count > 1 { for chunk in small { try rewriter.add(chunk) { _, _, _ in true } } }
            try rewriter.flush()
            small.removeAll(keepingCapacity: true)
            rawBytes = 0
        }
        let chunks = ChunkWalk(database, log.key)
        chunks.seek(merged)
        while let chunk = try chunks.current(), chunk.end < end {
            let isSmall = Int(chunk.header.rawLength) < options.chunkBytesMax / Self.smallChunkShare
            if isSmall {
                small.append(chunk)
                rawBytes += Int(chunk.header.rawLength)
            }
            if !isSmall || rawBytes >= options.chunkBytesMax / 2 || small.count >= Self.smallChunksMin {
                try join()
                merged = chunk.end
            }
            chunks.next()
        }
        if merged > started { try moveCleaned(log, to: merged, database) }
        note(rewriter, &report, &state)
    }

    /// Lost in a crash, it only has the next pass do something again; so it need not share a write with the chunks.
    private func moveCleaned(_ log: Partition, to offset: Int64, _ database: Database) throws(EngineError) {
        let entry = PartitionEntry(
            first: log.first.load(ordering: .relaxed), end: log.end.load(ordering: .acquiring), cleaned: offset)
        let batch = WriteBatch(database)
        batch.put(.meta, Format.partitionKey(log.key), entry.encode())
        try database.write(batch)
        log.cleaned.store(offset, ordering: .relaxed)
    }

    private func note(_ rewriter: ChunkRewriter, _ report: inout MaintenanceReport, _ state: inout MaintenanceState) {
        report.recordsSuperseded += rewriter.recordsDropped
        report.chunksRewritten += rewriter.chunksRewritten
        state.droppedBytes += rewriter.bytesDropped
    }
}
