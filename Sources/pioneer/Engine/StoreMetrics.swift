import Base
import RocksStore
import Stores
import Telemetry

/// What the store takes up and how its upkeep keeps pace, asked for at a scrape.
extension MetricDeclaration {
    static let storeDisk = MetricDeclaration(
        "pioneer_store_disk_bytes", .gauge, unit: .bytes, "What the files of log and state take on the disk.")
    static let storeLog = MetricDeclaration(
        "pioneer_store_log_bytes", .gauge, unit: .bytes, "Records of all topics, as stored.")
    static let storeGarbage = MetricDeclaration(
        "pioneer_store_garbage_bytes", .gauge, unit: .bytes, "Space on the disk that removed records still take.")
    static let storeBlockCache = MetricDeclaration(
        "pioneer_store_block_cache_bytes", .gauge, unit: .bytes, "Memory in use by RocksDB's block cache.")
    static let storeBlockCacheMax = MetricDeclaration(
        "pioneer_store_block_cache_max_bytes", .gauge, unit: .bytes, "Memory that RocksDB's block cache may use.")
    static let storeWriteBuffers = MetricDeclaration(
        "pioneer_store_memtable_bytes", .gauge, unit: .bytes, "Memory in use by RocksDB's memtables.")
    static let storeTableReaders = MetricDeclaration(
        "pioneer_store_table_reader_bytes", .gauge, unit: .bytes, "Memory in use by RocksDB for table files outside its block cache.")
    static let storeChunkCache = MetricDeclaration(
        "pioneer_store_chunk_cache_bytes", .gauge, unit: .bytes, "Memory in use by chunks of the log that are kept for the next reader.")
    static let storePendingCompaction = MetricDeclaration(
        "pioneer_store_pending_compaction_bytes", .gauge, unit: .bytes, "Bytes that RocksDB's compaction has yet to rewrite, estimated.")
    static let storeCompactions = MetricDeclaration(
        "pioneer_store_running_compactions", .gauge, "Compactions of RocksDB that run.")
    static let storeFlushes = MetricDeclaration("pioneer_store_running_flushes", .gauge, "Flushes of RocksDB that run.")
    static let storeWriteStopped = MetricDeclaration(
        "pioneer_store_write_stopped", .gauge, "1 while RocksDB lets nobody write until it has caught up, else 0.")
    static let storeDelayedWrites = MetricDeclaration(
        "pioneer_store_delayed_write_bytes_per_second", .gauge, "Rate that RocksDB slows writers down to; 0 while it does not.")
    static let storeErrors = MetricDeclaration(
        "pioneer_store_background_errors_total", .counter, "Errors that RocksDB met in flushes and compactions.")

    private static let topicPartition = ["topic", "partition"]

    static let topicEnd = MetricDeclaration(
        "pioneer_topic_end_offset", .gauge, labels: topicPartition, "Offset that a partition's next record will have.")
    static let topicFirst = MetricDeclaration(
        "pioneer_topic_first_offset", .gauge, labels: topicPartition, "Offset of the oldest record that a partition still has.")
    static let topicBytes = MetricDeclaration(
        "pioneer_topic_stored_bytes", .gauge, unit: .bytes, labels: topicPartition, "Records of a partition, as stored.")
}

enum StoreMetrics {
    static let all: [MetricDeclaration] = [
        .storeDisk, .storeLog, .storeGarbage, .storeBlockCache, .storeBlockCacheMax, .storeWriteBuffers, .storeTableReaders,
        .storeChunkCache, .storePendingCompaction, .storeCompactions, .storeFlushes, .storeWriteStopped, .storeDelayedWrites,
        .storeErrors, .topicEnd, .topicFirst, .topicBytes,
    ]

    static func note(_ store: RocksStore, into samples: inout MetricSamples) throws {
        let statistics = try store.statistics()
        for (metric, value) in [
            (MetricDeclaration.storeDisk, statistics.diskBytes), (.storeLog, statistics.logBytes),
            (.storeGarbage, statistics.garbageBytes), (.storeBlockCache, statistics.blockCacheBytes),
            (.storeBlockCacheMax, statistics.blockCacheBytesMax), (.storeWriteBuffers, statistics.writeBufferBytes),
            (.storeTableReaders, statistics.tableReaderBytes), (.storeChunkCache, statistics.chunkCacheBytes),
            (.storePendingCompaction, statistics.pendingCompactionBytes), (.storeCompactions, statistics.runningCompactions),
            (.storeFlushes, statistics.runningFlushes), (.storeWriteStopped, statistics.isWriteStopped ? 1 : 0),
            (.storeDelayedWrites, statistics.delayedWriteBytesPerSecond), (.storeErrors, statistics.backgroundErrors),
        ] {
            samples.note(value, of: metric)
        }
        for topic in try store.topics() {
            for number in 0..<topic.partitionCount {
                let partition = TopicPartition(topic.name, PartitionNumber(number))
                let range = try store.range(of: partition)
                let labels: KeyValuePairs = ["topic": topic.name.text, "partition": "\(number)"]
                samples.note(Int(range.end.number), of: .topicEnd, labels)
                samples.note(Int(range.first.number), of: .topicFirst, labels)
                samples.note(try store.storedBytes(of: partition), of: .topicBytes, labels)
            }
        }
    }
}
