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
}

extension RocksStore {
    /// - Complexity: O(files) system calls.
    public func statistics() throws(EngineError) -> RocksStoreStatistics {
        let database = try database()
        return RocksStoreStatistics(
            diskBytes: StoreDirectory.bytes(directory),
            memoryBytes: database.memoryBytes + cache.bytes,
            garbageBytes: database.property("rocksdb.live-blob-file-garbage-size", .payloads),
            logBytes: registry.withLock { topics in
                topics.values.reduce(0) { $0 + $1.partitions.reduce(0) { $0 + $1.bytes.load(ordering: .relaxed) } }
            })
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
