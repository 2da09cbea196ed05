import Base

/// How much memory the store may use and how it cuts records into chunks. Every share follows from `memoryMaxBytes`.
public struct RocksStoreOptions: Sendable {
    /// What block cache, write buffers, chunk cache and compaction may hold together, in bytes.
    public var memoryMaxBytes: Int
    /// Records of one append are cut into chunks of about this many bytes before compression: what a reader
    /// decompresses at once.
    public var chunkBytesMax: Int
    /// LZ4's acceleration: 1 packs best, higher is faster.
    public var compressionAcceleration: Int
    /// Dropped blob space is given back by rewriting once it is this share of all blob bytes.
    public var garbageRatioMax: Double
    /// A compacted partition is cleaned once this many bytes, as stored, were appended since, and half of what was
    /// clean before.
    public var dirtyBytesMin: Int
    /// A tombstone in a compacted topic stays at least this long behind the clock, for readers that lag, in
    /// microseconds of record time.
    public var tombstoneAgeMicroseconds: Int64
    /// A producer's sequence is forgotten when it appended nothing and was not asked about for this long, in microseconds.
    public var producerIdleMicroseconds: Int64

    public init(
        memoryMaxBytes: Int = 96 << 20, chunkBytesMax: Int = 512 << 10, compressionAcceleration: Int = 1,
        garbageRatioMax: Double = 0.5, dirtyBytesMin: Int = 64 << 10,
        tombstoneAgeMicroseconds: Int64 = 86_400_000_000, producerIdleMicroseconds: Int64 = 30 * 86_400_000_000
    ) {
        self.memoryMaxBytes = memoryMaxBytes
        self.chunkBytesMax = chunkBytesMax
        self.compressionAcceleration = compressionAcceleration
        self.garbageRatioMax = garbageRatioMax
        self.dirtyBytesMin = dirtyBytesMin
        self.tombstoneAgeMicroseconds = tombstoneAgeMicroseconds
        self.producerIdleMicroseconds = producerIdleMicroseconds
    }

    /// Whether a sign of life of the producer is worth a write: one a day for thirty days of memory.
    func isOld(_ entry: ProducerEntry, now: EventTime) -> Bool {
        entry.when < now - TimeSpan(microseconds: producerIdleMicroseconds / 30)
    }

    /// Less than this leaves no room for two write buffers of a useful size.
    public static let memoryMinBytes = 16 << 20

    /// The shares of `memoryMaxBytes`.
    struct Shares {
        /// Data, index and filter blocks.
        let blockCache: Int
        /// All memtables together. RocksDB begins to flush at 7/8 of it and lets writers go on meanwhile.
        let writeBuffers: Int
        /// One memtable of the payloads or the state.
        let writeBuffer: Int
        /// Decompressed chunks kept for the next reader.
        let chunkCache: Int
        /// Keys held while a compacted topic is cleaned.
        let compaction: Int
    }

    var shares: Shares {
        let total = max(memoryMaxBytes, Self.memoryMinBytes)
        let shares = Shares(
            blockCache: total / 3, writeBuffers: total * 5 / 12, writeBuffer: total / 6, chunkCache: total / 12,
            compaction: total / 12)
        precondition(
            shares.blockCache + shares.writeBuffers + shares.chunkCache + shares.compaction <= total,
            "the store's shares of memory fit its limit")
        precondition(shares.writeBuffer * 2 <= shares.writeBuffers, "one write buffer fills while another is flushed")
        return shares
    }
}
