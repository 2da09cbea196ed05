import Base
import CRocksDB
import Glibc

/// An open RocksDB database: the C interface behind Swift errors. Every call may be made from any thread. It is closed
/// when the last reference goes, so whoever is in the middle of a call keeps it open.
final class Database: @unchecked Sendable {
    enum Family: Int, CaseIterable {
        case meta, chunks, payloads, state

        var name: String {
            switch self {
            case .meta: "default"
            case .chunks: "chunks"
            case .payloads: "payloads"
            case .state: "state"
            }
        }
    }

    let directory: String
    let handle: OpaquePointer
    private let families: [OpaquePointer]
    let settings: DatabaseSettings
    private let readOptions: OpaquePointer
    private let payloadReadOptions: OpaquePointer
    private let writeOptions: OpaquePointer
    private let unsyncedWriteOptions: OpaquePointer
    private let room: DiskRoom
    /// Becomes true when the database is closed and its lock is free.
    private let closed: Monitor<Bool>

    init(directory: String, options: RocksStoreOptions, closed: Monitor<Bool>) throws(EngineError) {
        let settings = DatabaseSettings(options)
        var handles: [OpaquePointer?] = Array(repeating: nil, count: Family.allCases.count)
        let names = Family.allCases.map { strdup($0.name) }
        defer { names.forEach { free($0) } }
        let cNames: [UnsafePointer<CChar>?] = names.map { UnsafePointer($0) }
        let familyOptions: [OpaquePointer?] = Family.allCases.map { settings.familyOptions[$0.rawValue] }
        var message: UnsafeMutablePointer<CChar>?
        let opened = rocksdb_open_column_families(
            settings.databaseOptions, directory, CInt(names.count), cNames, familyOptions, &handles, &message)
        if let message {
            throw Self.error(message, directory)
        }
        guard let opened else { throw StoreErrors.io(directory, "RocksDB did not open") }
        handle = opened
        families = handles.compactMap { $0 }
        self.directory = directory
        self.settings = settings
        self.closed = closed
        readOptions = rocksdb_readoptions_create()
        payloadReadOptions = rocksdb_readoptions_create()
        // Chunks carry a checksum of their own, which every read compares.
        rocksdb_readoptions_set_verify_checksums(payloadReadOptions, 0)
        writeOptions = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(writeOptions, 1)
        unsyncedWriteOptions = rocksdb_writeoptions_create()
        room = DiskRoom(directory: directory, writeBuffers: options.shares.writeBuffers)
    }

    deinit {
        families.forEach { rocksdb_column_family_handle_destroy($0) }
        rocksdb_close(handle)
        rocksdb_writeoptions_destroy(writeOptions)
        rocksdb_writeoptions_destroy(unsyncedWriteOptions)
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_readoptions_destroy(payloadReadOptions)
        closed.withLock { $0 = true }
        closed.wakeAll()
    }

    private static func error(_ message: UnsafeMutablePointer<CChar>, _ directory: String) -> EngineError {
        defer { rocksdb_free(message) }
        return StoreErrors.fromRocksDB(String(cString: message), directory)
    }

    private func check(_ message: UnsafeMutablePointer<CChar>?) throws(EngineError) {
        if let message { throw Self.error(message, directory) }
    }

    func familyHandle(_ family: Family) -> OpaquePointer { families[family.rawValue] }

    /// Calls `body` with the value's bytes, valid only meanwhile; nil when there is none.
    func get<R>(
        _ family: Family, _ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        var message: UnsafeMutablePointer<CChar>?
        let slice = rocksdb_get_pinned_cf(
            handle, family == .payloads ? payloadReadOptions : readOptions, familyHandle(family),
            key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count, &message)
        try check(message)
        guard let slice else { return try body(nil) }
        defer { rocksdb_pinnableslice_destroy(slice) }
        var length = 0
        let start = rocksdb_pinnableslice_value(slice, &length)
        return try body(UnsafeRawBufferPointer(start: start, count: length))
    }

    func get(_ family: Family, _ key: [UInt8]) throws(EngineError) -> [UInt8]? {
        let result = key.withUnsafeBytes { key in
            Result { () throws(EngineError) -> [UInt8]? in
                try get(family, key) { (value) throws(EngineError) -> [UInt8]? in value.map { Array($0) } }
            }
        }
        return try result.get()
    }

    /// Reads many keys in one go; see `StateStore.multiGet`.
    func multiGet(
        _ family: Family, count: Int, keys: UnsafePointer<UnsafePointer<CChar>?>, lengths: UnsafePointer<Int>,
        _ body: (Int, UnsafeRawBufferPointer?) -> Void
    ) throws(EngineError) {
        var slices = [OpaquePointer?](repeating: nil, count: count)
        var messages = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        rocksdb_batched_multi_get_cf(handle, readOptions, familyHandle(family), count, keys, lengths, &slices, &messages, false)
        defer { for slice in slices where slice != nil { rocksdb_pinnableslice_destroy(slice) } }
        var failure: EngineError?
        for message in messages {
            if let message {
                let error = Self.error(message, directory)
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        for index in 0..<count {
            guard let slice = slices[index] else {
                body(index, nil)
                continue
            }
            var length = 0
            let start = rocksdb_pinnableslice_value(slice, &length)
            body(index, UnsafeRawBufferPointer(start: start, count: length))
        }
    }

    /// Writes a batch: durable and visible as a whole when it returns, else not at all. Without sync it is for what can be had
    /// again from elsewhere: it outlives the process then, but maybe not the machine.
    /// - Parameter givesBack: it drops more than it adds.
    func write(_ batch: WriteBatch, isSynced: Bool = true, givesBack: Bool = false) throws(EngineError) {
        try room.check(bytes: batch.byteCount, givesBack: givesBack)
        var message: UnsafeMutablePointer<CChar>?
        rocksdb_write(handle, isSynced ? writeOptions : unsyncedWriteOptions, batch.handle, &message)
        try check(message)
    }

    func iterator(_ family: Family, upperBound: [UInt8]?) -> DatabaseIterator {
        DatabaseIterator(self, family, upperBound: upperBound)
    }

    /// One of RocksDB's numeric properties; 0 when it has none of that name.
    func property(_ name: String, _ family: Family) -> Int {
        var value: UInt64 = 0
        return rocksdb_property_int_cf(handle, familyHandle(family), name, &value) == 0 ? Int(value) : 0
    }

    /// What the files hold between the keys, in bytes, without reading it.
    func approximateBytes(_ family: Family, from start: [UInt8], to end: [UInt8]) throws(EngineError) -> Int {
        var size: UInt64 = 0
        var message: UnsafeMutablePointer<CChar>?
        start.withUnsafeBytes { start in
            end.withUnsafeBytes { end in
                var starts = [start.baseAddress?.assumingMemoryBound(to: CChar.self)]
                var ends = [end.baseAddress?.assumingMemoryBound(to: CChar.self)]
                var startLength = start.count, endLength = end.count
                rocksdb_approximate_sizes_cf(
                    handle, familyHandle(family), 1, &starts, &startLength, &ends, &endLength, &size, &message)
            }
        }
        try check(message)
        return Int(size)
    }

    /// Has dropped entries between the keys leave the files. Blocks; writers and readers go on meanwhile.
    func compact(_ family: Family, from start: [UInt8]?, to end: [UInt8]?, rewritesAll: Bool = false) {
        let options = rocksdb_compactoptions_create()
        defer { rocksdb_compactoptions_destroy(options) }
        rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0)
        if rewritesAll { rocksdb_compactoptions_set_bottommost_level_compaction(options, 2) }
        (start ?? []).withUnsafeBytes { low in
            (end ?? []).withUnsafeBytes { high in
                rocksdb_compact_range_cf_opt(
                    handle, familyHandle(family), options, start == nil ? nil : low.baseAddress?.assumingMemoryBound(to: CChar.self),
                    low.count, end == nil ? nil : high.baseAddress?.assumingMemoryBound(to: CChar.self), high.count)
            }
        }
    }

    func setOptions(_ family: Family, _ values: [(String, String)]) throws(EngineError) {
        let texts = values.flatMap { [strdup($0.0), strdup($0.1)] }
        defer { texts.forEach { free($0) } }
        let names: [UnsafePointer<CChar>?] = values.indices.map { UnsafePointer(texts[$0 * 2]) }
        let settings: [UnsafePointer<CChar>?] = values.indices.map { UnsafePointer(texts[$0 * 2 + 1]) }
        var message: UnsafeMutablePointer<CChar>?
        rocksdb_set_options_cf(handle, familyHandle(family), CInt(values.count), names, settings, &message)
        try check(message)
    }

    var memoryBytes: Int {
        var total = settings.cacheUsage
        for family in Family.allCases {
            total += property("rocksdb.size-all-mem-tables", family) + property("rocksdb.estimate-table-readers-mem", family)
        }
        return total
    }
}

/// Walks the entries of a column family in key order, over what the database held when it was made.
final class DatabaseIterator {
    private let database: Database
    private let options: OpaquePointer
    private let handle: OpaquePointer
    /// RocksDB keeps a pointer to the bound.
    private let bound: UnsafeMutableBufferPointer<CChar>?

    fileprivate init(_ database: Database, _ family: Database.Family, upperBound: [UInt8]?) {
        self.database = database
        options = rocksdb_readoptions_create()
        if let upperBound {
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: upperBound.count)
            for (index, byte) in upperBound.enumerated() { copy[index] = CChar(bitPattern: byte) }
            rocksdb_readoptions_set_iterate_upper_bound(options, copy.baseAddress, copy.count)
            bound = copy
        } else {
            bound = nil
        }
        handle = rocksdb_create_iterator_cf(database.handle, options, database.familyHandle(family))
    }

    deinit {
        rocksdb_iter_destroy(handle)
        rocksdb_readoptions_destroy(options)
        bound?.deallocate()
    }

    /// False at the end, and when reading failed: `check` tells which.
    var isValid: Bool { rocksdb_iter_valid(handle) != 0 }

    func seek(_ key: UnsafeRawBufferPointer) {
        rocksdb_iter_seek(handle, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count)
    }

    func seek(_ key: [UInt8]) { key.withUnsafeBytes { seek($0) } }

    /// To the last key not greater than `key`.
    func seekForPrevious(_ key: [UInt8]) {
        key.withUnsafeBytes { rocksdb_iter_seek_for_prev(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    }

    func next() { rocksdb_iter_next(handle) }

    /// Valid until the iterator moves.
    var key: UnsafeRawBufferPointer {
        var length = 0
        let start = rocksdb_iter_key(handle, &length)
        return UnsafeRawBufferPointer(start: start, count: length)
    }

    /// Valid until the iterator moves.
    var value: UnsafeRawBufferPointer {
        var length = 0
        let start = rocksdb_iter_value(handle, &length)
        return UnsafeRawBufferPointer(start: start, count: length)
    }

    func check() throws(EngineError) {
        var message: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(handle, &message)
        if let message {
            defer { rocksdb_free(message) }
            throw StoreErrors.fromRocksDB(String(cString: message), database.directory)
        }
    }
}

/// Changes to be written at once.
final class WriteBatch {
    fileprivate let handle: OpaquePointer = rocksdb_writebatch_create()
    private let database: Database

    init(_ database: Database) { self.database = database }

    deinit { rocksdb_writebatch_destroy(handle) }

    var isEmpty: Bool { rocksdb_writebatch_count(handle) == 0 }

    var byteCount: Int {
        var count = 0
        _ = rocksdb_writebatch_data(handle, &count)
        return count
    }

    func put(_ family: Database.Family, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        rocksdb_writebatch_put_cf(
            handle, database.familyHandle(family), key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
            value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count)
    }

    func put(_ family: Database.Family, _ key: [UInt8], _ value: [UInt8]) {
        key.withUnsafeBytes { key in value.withUnsafeBytes { put(family, key, $0) } }
    }

    func delete(_ family: Database.Family, _ key: UnsafeRawBufferPointer) {
        rocksdb_writebatch_delete_cf(
            handle, database.familyHandle(family), key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count)
    }

    func delete(_ family: Database.Family, _ key: [UInt8]) { key.withUnsafeBytes { delete(family, $0) } }

    /// Deletes every key that starts with `prefix`. - Precondition: the prefix has a byte below 255.
    func deleteAll(_ family: Database.Family, prefix: [UInt8]) {
        guard let end = Format.successor(of: prefix) else { preconditionFailure("a prefix of only 255s has no successor") }
        prefix.withUnsafeBytes { from in
            end.withUnsafeBytes { to in
                rocksdb_writebatch_delete_range_cf(
                    handle, database.familyHandle(family), from.baseAddress?.assumingMemoryBound(to: CChar.self), from.count,
                    to.baseAddress?.assumingMemoryBound(to: CChar.self), to.count)
            }
        }
    }
}
