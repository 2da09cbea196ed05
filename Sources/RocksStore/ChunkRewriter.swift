import Base
import Stores
import Synchronization

/// Writes neighbouring chunks of a partition into fewer ones, leaving out records that somebody decides on.
///
/// Chunks are taken in order and gathered into one output until it is full; each output replaces its chunks with one
/// write, so a reader finds either the old chunks or the new one. The output has the first chunk's base offset and
/// covers all their offsets; records keep theirs.
///
/// Memory: one chunk and one output, both of about `chunkBytesMax`, whatever the partition's size.
final class ChunkRewriter {
    private let store: RocksStore
    private let log: RocksStore.Partition
    private let database: Database
    private var inputs: [ChunkWalk.Chunk] = []
    private var output = ByteArena(capacity: 64 << 10)
    private var outputCount = 0
    private var times = (min: Int64.max, max: Int64.min)
    private(set) var recordsDropped = 0
    private(set) var chunksRewritten = 0
    private(set) var bytesDropped = 0

    /// Chunks that one output replaces at most.
    static let inputsMax = 1_024

    init(_ store: RocksStore, _ log: RocksStore.Partition, _ database: Database) {
        self.store = store
        self.log = log
        self.database = database
    }

    /// Takes a chunk; `keep` decides on each record by its header, its key and its offset.
    func add(
        _ chunk: ChunkWalk.Chunk,
        keep: (_ record: RecordHeader, _ key: UnsafeRawBufferPointer, _ offset: Int64) -> Bool
    ) throws(EngineError) {
        if let first = inputs.first {
            let isFull = output.count + Int(chunk.header.rawLength) > store.options.chunkBytesMax
            if isFull || inputs.count >= Self.inputsMax || chunk.end - first.base > Int64(UInt32.max) { try flush() }
        }
        guard let records = try store.unpack(chunk, log.key, database) else {
            throw StoreErrors.corrupted(database.directory, "the chunk at offset \(chunk.base) does not match its checksum.")
        }
        inputs.append(chunk)
        let bytes = UnsafeRawBufferPointer(records.bytes)
        let base = inputs[0].base
        var at = 0
        while at + RecordBuffer.recordHeaderBytes <= bytes.count {
            let record = RecordHeader(bytes, at: at)
            let offset = chunk.base - Int64(chunk.header.deltaBias) + Int64(record.delta)
            let keyStart = at + RecordBuffer.recordHeaderBytes
            let key = UnsafeRawBufferPointer(rebasing: bytes[keyStart..<keyStart + max(0, record.keyLength)])
            if keep(record, key, offset) {
                let start = output.append(UnsafeRawBufferPointer(rebasing: bytes[at..<at + record.totalBytes]))
                UnsafeMutableRawPointer(output.base).storeBytes(
                    of: UInt32(offset - base).littleEndian, toByteOffset: start + 8, as: UInt32.self)
                outputCount += 1
                times = (min(times.min, record.timestamp), max(times.max, record.timestamp))
            } else {
                recordsDropped += 1
            }
            at += record.totalBytes
        }
    }

    /// Replaces the chunks taken so far, if that changes anything. To be called at the end, too.
    func flush() throws(EngineError) {
        defer { reset() }
        guard let first = inputs.first, let last = inputs.last else { return }
        guard inputs.count > 1 || outputCount < Int(first.header.count) else { return }
        let batch = WriteBatch(database)
        for chunk in inputs {
            let key = log.key.chunkKey(chunk.base)
            batch.delete(.chunks, key)
            batch.delete(.payloads, key)
        }
        var bytes = -inputs.reduce(0) { $0 + $1.storedBytes }
        bytesDropped -= bytes
        if outputCount > 0 {
            let chunk = ChunkCodec.pack(
                UnsafeRawBufferPointer(output.bytes), owner: output, count: outputCount, firstDelta: 0,
                lastDelta: Int(last.end - 1 - first.base), times: times, store.options)
            let header = ByteArena(capacity: ChunkHeader.byteCount)
            chunk.header.encode(to: header)
            let key = log.key.chunkKey(first.base)
            key.withUnsafeBytes { key in
                batch.put(.chunks, key, UnsafeRawBufferPointer(header.bytes))
                batch.put(.payloads, key, chunk.payload)
            }
            bytes += chunk.storedBytes
        }
        try database.write(batch)
        log.bytes.wrappingAdd(bytes, ordering: .relaxed)
        chunksRewritten += inputs.count
    }

    private func reset() {
        inputs.removeAll(keepingCapacity: true)
        output.removeAll()
        outputCount = 0
        times = (.max, .min)
    }
}
