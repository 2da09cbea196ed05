public import Base
import Glibc
public import Stores
import Synchronization

/// The embedded store: log and state of one engine in one RocksDB database, so that an epoch is one write.
///
/// The ways through it:
/// - *Writing* (`RocksStore+Write.swift`): appends and commits prepare their chunks on their own threads and hand them
///   to the `GroupWriter`. One thread at a time writes for all that wait: it gives out offsets, makes one write batch,
///   writes it with sync, and then moves the partitions' ends.
/// - *Reading* (`RocksStore+Read.swift`): up to a partition's end; finds the chunk that holds the offset, unpacks it and
///   those after it into memory that the batch owns.
/// - *Maintenance* (`RocksStore+Maintenance.swift`): retention, compaction, and giving space back; called by the engine
///   from time to time.
///
/// Thread-safe. The format on disk is described in `Format.md` of the documentation.
public final class RocksStore: EventLog, RecordAppender, StateStore, EpochCommit {
    /// Where a partition stands. Written by the writing thread only.
    final class Partition: Sendable {
        let key: LogKey
        let first: Atomic<Int64>
        let end: Atomic<Int64>
        /// Of chunks, as stored.
        let bytes: Atomic<Int>
        let cleaned: Atomic<Int64>

        init(key: LogKey, first: Int64, end: Int64, bytes: Int, cleaned: Int64) {
            self.key = key
            self.first = Atomic(first)
            self.end = Atomic(end)
            self.bytes = Atomic(bytes)
            self.cleaned = Atomic(cleaned)
        }
    }

    struct Topic: Sendable {
        var number: UInt32
        var description: TopicDescription
        var partitions: [Partition]
    }

    public let id: LogID
    public let options: RocksStoreOptions
    let directory: String
    let clock: any WallClock
    /// Nil once closed. Whoever is at work holds a reference of its own.
    private let current: Mutex<Database?>
    private let closed: Monitor<Bool>
    let registry: Mutex<[TopicName: Topic]>
    let writer = GroupWriter()
    let cache: ChunkCache
    let appends = Monitor<UInt64>(0)
    let maintenance = Mutex(MaintenanceState())
    /// Held while the state changes the log that it follows.
    let adoption = Mutex(())

    /// Opens the store in a directory, which is made if it is not there.
    ///
    /// - Parameters:
    ///   - newLogID: names the log if this call makes it: random text, so that a view can tell logs apart.
    ///   - clock: notes when a producer last appended.
    /// - Throws: `store.not_writable`, `store.locked` when another engine runs on the directory, `store.newer_version`,
    ///   `store.foreign`, `store.corrupted`, `store.disk_full`, `store.io`. Then nothing was changed that was there.
    public static func open(
        directory: String, options: RocksStoreOptions = RocksStoreOptions(), newLogID: String, clock: any WallClock
    ) throws(EngineError) -> RocksStore {
        try StoreDirectory.prepare(directory)
        let closed = Monitor(false)
        let database = try Database(directory: directory, options: options, closed: closed)
        return try RocksStore(database, options, newLogID: newLogID, clock: clock, closed: closed)
    }

    private init(
        _ database: Database, _ options: RocksStoreOptions, newLogID: String, clock: any WallClock, closed: Monitor<Bool>
    ) throws(EngineError) {
        if let stored = try database.get(.meta, Format.logIDKey) {
            id = LogID(String(decoding: stored, as: UTF8.self))
        } else {
            let batch = WriteBatch(database)
            batch.put(.meta, Format.logIDKey, Array(newLogID.utf8))
            try database.write(batch)
            id = LogID(newLogID)
        }
        self.options = options
        self.clock = clock
        self.closed = closed
        directory = database.directory
        cache = ChunkCache(bytesMax: options.shares.chunkCache)
        registry = Mutex(try Self.loadTopics(database))
        current = Mutex(database)
    }

    /// Waits for writes under way, then closes the database: its directory may be opened again when this returns.
    /// Calls made later throw `store.closed`; commits answer `.fenced`. May be called twice.
    public func close() {
        writer.close()
        let wasOpen = current.withLock { database in
            defer { database = nil }
            return database != nil
        }
        guard wasOpen else { return }
        cache.removeAll()
        appends.withLock { $0 += 1 }
        appends.wakeAll()
        closed.wait { $0 ? () : nil }
    }

    /// - Throws: `store.closed`.
    func database() throws(EngineError) -> Database {
        guard let database = current.withLock({ $0 }) else { throw LogErrors.closed() }
        return database
    }
}

/// Checks a data directory before RocksDB touches it.
enum StoreDirectory {
    static func prepare(_ directory: String) throws(EngineError) {
        try make(directory)
        guard access(directory, W_OK | X_OK | R_OK) == 0 else {
            throw StoreErrors.notWritable(directory, String(cString: strerror(errno)))
        }
        // RocksDB aborts when it cannot write while it recovers.
        try DiskRoom.check(directory)
        let path = directory + "/" + Format.fileName
        if let text = read(path) {
            let parts = text.split(whereSeparator: \.isWhitespace)
            guard parts.count == 2, parts[0] == Format.fileLabel, let version = Int(parts[1]) else {
                throw StoreErrors.corrupted(directory, "the file \(Format.fileName) holds '\(text)'")
            }
            guard version <= Format.version else {
                throw StoreErrors.newerVersion(directory, found: "\(version)", known: Format.version)
            }
            return
        }
        guard access(directory + "/CURRENT", F_OK) != 0 else { throw StoreErrors.foreign(directory) }
        try write("\(Format.fileLabel) \(Format.version)\n", to: path, in: directory)
    }

    /// Makes the directory and those above it, each durable in the one above before anything is put into it.
    private static func make(_ directory: String) throws(EngineError) {
        var path = "", parent = directory.hasPrefix("/") ? "/" : "."
        for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
            path += path.isEmpty && !part.isEmpty ? String(part) : "/" + part
            guard !path.isEmpty, path != "/" else { continue }
            if mkdir(path, 0o755) == 0 {
                try sync(parent, for: directory)
            } else {
                // Read before 'access' has a say: why it was not made counts, not that it is not there.
                let reason = errno
                guard reason == EEXIST || access(path, F_OK) == 0 else {
                    throw StoreErrors.notWritable(directory, String(cString: strerror(reason)))
                }
            }
            parent = path
        }
    }

    private static func sync(_ parent: String, for directory: String) throws(EngineError) {
        let handle = Glibc.open(parent, O_RDONLY | O_DIRECTORY)
        guard handle >= 0 else { throw fault(directory) }
        defer { Glibc.close(handle) }
        guard fsync(handle) == 0 else { throw fault(directory) }
    }

    private static func read(_ path: String) -> String? {
        let file = Glibc.open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(file, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }

    /// Writes beside it, syncs, and renames: the file is there whole or not at all.
    private static func write(_ text: String, to path: String, in directory: String) throws(EngineError) {
        let temporary = path + ".tmp"
        let file = Glibc.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { throw fault(directory) }
        var text = text
        let isWritten = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) == $0.count } && fsync(file) == 0
        let failure = isWritten ? nil : fault(directory)
        Glibc.close(file)
        if let failure { throw failure }
        guard rename(temporary, path) == 0 else { throw fault(directory) }
        try sync(directory, for: directory)
    }

    private static func fault(_ directory: String) -> EngineError {
        switch errno {
        case ENOSPC, EDQUOT: StoreErrors.diskFull(directory)
        case EACCES, EPERM, EROFS: StoreErrors.notWritable(directory, String(cString: strerror(errno)))
        default: StoreErrors.io(directory, String(cString: strerror(errno)))
        }
    }
}
