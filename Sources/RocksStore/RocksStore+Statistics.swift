public import Base
import Glibc
import Synchronization

/// What the store takes up.
public struct RocksStoreStatistics: Hashable, Sendable {
    /// All files in the data directory, in bytes.
    public var diskBytes: Int
    /// Block cache, write buffers, table readers and chunk cache, in bytes.
    public var memoryBytes: Int
    /// Blob space that dropped chunks still take, in bytes.
    public var garbageBytes: Int
    /// Chunks of all partitions, as stored, in bytes.
    public var logBytes: Int
    /// RocksDB's block cache: what is in it, and what it may hold, in bytes.
    public var blockCacheBytes: Int
    public var blockCacheBytesMax: Int
    /// Write buffers, in bytes.
    public var writeBufferBytes: Int
    /// Index and filter blocks outside the cache, in bytes.
    public var tableReaderBytes: Int
    /// Chunks that readers had a use for lately, in bytes.
    public var chunkCacheBytes: Int
    /// Bytes that compaction has yet to rewrite, as RocksDB estimates them.
    public var pendingCompactionBytes: Int
    public var runningCompactions: Int
    public var runningFlushes: Int
    /// Whether RocksDB lets nobody write until it has caught up.
    public var isWriteStopped: Bool
    /// What RocksDB slows writers down to, in bytes a second; 0 while it does not.
    public var delayedWriteBytesPerSecond: Int
    public var backgroundErrors: Int
}

extension RocksStore {
    /// - Complexity: O(files) system calls.
    public func statistics() throws(EngineError) -> RocksStoreStatistics {
        let database = try database()
        func total(_ property: String) -> Int {
            Database.Family.allCases.reduce(0) { $0 + database.property("rocksdb." + property, $1) }
        }
        // Asked of any family, these are the whole database's.
        func ofAll(_ property: String) -> Int { database.property("rocksdb." + property, .meta) }
        return RocksStoreStatistics(
            diskBytes: StoreDirectory.bytes(directory),
            memoryBytes: database.memoryBytes + cache.bytes,
            garbageBytes: database.property("rocksdb.live-blob-file-garbage-size", .payloads),
            logBytes: registry.withLock { topics in
                topics.values.reduce(0) { $0 + $1.partitions.reduce(0) { $0 + $1.bytes.load(ordering: .relaxed) } }
            },
            blockCacheBytes: database.settings.cacheUsage, blockCacheBytesMax: options.shares.blockCache,
            writeBufferBytes: total("size-all-mem-tables"), tableReaderBytes: total("estimate-table-readers-mem"),
            chunkCacheBytes: cache.bytes, pendingCompactionBytes: total("estimate-pending-compaction-bytes"),
            runningCompactions: ofAll("num-running-compactions"), runningFlushes: ofAll("num-running-flushes"),
            isWriteStopped: ofAll("is-write-stopped") != 0, delayedWriteBytesPerSecond: ofAll("actual-delayed-write-rate"),
            backgroundErrors: ofAll("background-errors"))
    }

    /// A partition's chunks as stored, in bytes: what `Retention.bytesMax` bounds.
    public func storedBytes(of partition: TopicPartition) throws(EngineError) -> Int {
        try self.partition(partition).bytes.load(ordering: .relaxed)
    }
}

extension StoreDirectory {
    static func bytes(_ directory: String) -> Int {
        guard let listing = opendir(directory) else { return 0 }
        defer { closedir(listing) }
        var total = 0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var information = stat()
            if lstat(directory + "/" + name, &information) == 0, information.st_mode & S_IFMT == S_IFREG {
                total += Int(information.st_blocks) * 512
            }
        }
        return total
    }
}
