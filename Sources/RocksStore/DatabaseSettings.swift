import CRocksDB

/// How RocksDB is set up, and why.
///
/// - *Payloads* are written twice and no more: to the write-ahead log at the append and to a blob file at the flush.
///   Compaction moves only their keys. They are packed before they get here, so RocksDB does not try again.
/// - *Space* of dropped chunks comes back when all of a blob file is garbage, which costs nothing; the store rewrites
///   blob files only when too much garbage shares them with live chunks (`RocksStore.reclaim`). RocksDB's own blob
///   collection is off: it would copy long-lived chunks again and again.
/// - *State and meta* are read by single keys: bloom filters, one bounded cache for data, index and filter blocks.
/// - *Recovery* is to a point in time: the write-ahead log is replayed up to the first damaged record. After a power
///   cut the last write, which nobody was told of, may be torn anywhere in its middle, so damage there must not keep
///   the store from opening; and replay must end there, so that no later write survives an earlier one.
final class DatabaseSettings {
    let databaseOptions: OpaquePointer
    /// By `Database.Family.rawValue`.
    let familyOptions: [OpaquePointer]
    private let cache: OpaquePointer

    /// Payloads from this size on go to blob files; smaller ones stay beside their keys.
    private static let blobMinBytes: UInt64 = 1 << 10
    private static let openFilesMax: CInt = 512
    private static let infoLogBytesMax = 4 << 20
    private static let warnLevel: CInt = 2
    private static let pointInTimeRecovery: CInt = 2
    private static let xxh3: CChar = 4

    init(_ options: RocksStoreOptions) {
        let shares = options.shares
        cache = rocksdb_cache_create_lru(shares.blockCache)

        databaseOptions = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(databaseOptions, 1)
        rocksdb_options_set_create_missing_column_families(databaseOptions, 1)
        rocksdb_options_set_paranoid_checks(databaseOptions, 1)
        rocksdb_options_set_wal_recovery_mode(databaseOptions, Self.pointInTimeRecovery)
        rocksdb_options_set_db_write_buffer_size(databaseOptions, shares.writeBuffers)
        // A family that is seldom written would hold on to old write-ahead logs for ever.
        rocksdb_options_set_max_total_wal_size(databaseOptions, UInt64(shares.writeBuffers * 2))
        rocksdb_options_set_max_background_jobs(databaseOptions, 2)
        rocksdb_options_set_max_open_files(databaseOptions, Self.openFilesMax)
        rocksdb_options_set_bytes_per_sync(databaseOptions, 1 << 20)
        rocksdb_options_set_keep_log_file_num(databaseOptions, 2)
        rocksdb_options_set_max_log_file_size(databaseOptions, Self.infoLogBytesMax)
        rocksdb_options_set_info_log_level(databaseOptions, Self.warnLevel)
        rocksdb_options_set_stats_dump_period_sec(databaseOptions, 0)
        rocksdb_options_set_stats_persist_period_sec(databaseOptions, 0)

        let cache = cache
        familyOptions = Database.Family.allCases.map { family in
            let values: OpaquePointer = rocksdb_options_create()
            rocksdb_options_set_compression(values, CInt(rocksdb_lz4_compression))
            rocksdb_options_set_write_buffer_size(values, shares.writeBuffer)
            rocksdb_options_set_max_write_buffer_number(values, 3)
            rocksdb_options_set_level_compaction_dynamic_level_bytes(values, 1)
            if family == .payloads {
                rocksdb_options_set_compression(values, CInt(rocksdb_no_compression))
                rocksdb_options_set_enable_blob_files(values, 1)
                rocksdb_options_set_min_blob_size(values, Self.blobMinBytes)
                rocksdb_options_set_enable_blob_gc(values, 0)
            }
            rocksdb_options_set_block_based_table_factory(values, Self.tableOptions(cache))
            return values
        }
    }

    deinit {
        familyOptions.forEach { rocksdb_options_destroy($0) }
        rocksdb_options_destroy(databaseOptions)
        rocksdb_cache_destroy(cache)
    }

    /// The options take the result over.
    private static func tableOptions(_ cache: OpaquePointer) -> OpaquePointer {
        let table: OpaquePointer = rocksdb_block_based_options_create()
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1)
        // In parts: whole, the index of a large file is as large as the share of the cache, and is read and unpacked for each key.
        rocksdb_block_based_options_set_index_type(table, CInt(rocksdb_block_based_table_index_type_two_level_index_search))
        rocksdb_block_based_options_set_partition_filters(table, 1)
        rocksdb_block_based_options_set_metadata_block_size(table, 4 << 10)
        rocksdb_block_based_options_set_pin_top_level_index_and_filter(table, 1)
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
        rocksdb_block_based_options_set_block_size(table, 4 << 10)
        // Debian builds RocksDB without the processor's CRC32 instruction; XXH3 costs a fraction of the table-driven one.
        rocksdb_block_based_options_set_checksum(table, Self.xxh3)
        rocksdb_block_based_options_set_format_version(table, 5)
        return table
    }

    var cacheUsage: Int { rocksdb_cache_get_usage(cache) }
}
