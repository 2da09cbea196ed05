public import Base
import GRDB
public import Stores
import Synchronization

/// Views in one SQLite file: a table a view, named as the view, its columns by their flattened names.
///
/// What holds of it:
/// 1. The log is the truth. Rows and the position they follow the log to commit in one transaction, so the file always
///    holds exactly what the log says up to that position.
/// 2. That is why `synchronous = NORMAL` is enough: after a power cut SQLite may have lost the last transactions, but
///    each of them whole, rows with position, and the runtime projects them again. `FULL` would cost a disk sync a
///    change to keep what the log has anyway. (It would not be enough were the position kept elsewhere: then it could
///    run ahead of the rows.)
/// 3. Readers work on a snapshot (WAL) and never wait for the projector, nor it for them.
///
/// How types are stored, in `STRICT` tables: bool and record presence as INTEGER 0 or 1; int, timestamp and duration
/// (µs) as INTEGER; double as REAL; string as TEXT; bytes as BLOB; map as TEXT, a JSON object with its keys in byte
/// order. SQL has no NaN: SQLite stores it as NULL, and so it reads back as null.
///
/// Thread-safe. Every method blocks for the time of its disk access; none may be called from an async function's
/// thread. One process at a time opens a directory.
public final class SQLiteViews: ViewStore {
    /// The database's name in the directory given to `init`.
    public static let fileName = "views.sqlite"

    /// Where the database is: errors name it, because deleting it is the remedy of most.
    public let path: String

    /// The connection that writes.
    let pool: DatabasePool
    let readers: Readers
    /// The views of this run, by name. A view is usable once `prepare` has put it here.
    let prepared = Mutex<[String: PreparedView]>([:])

    /// Opens the database in `directory`, which must exist, or makes it.
    ///
    /// `cacheBytes` is the page cache of the writing connection and of each of up to `readersMax` reading ones.
    /// Throws `view.newer_format`, `view.foreign_file`, `view.corrupt`, `view.locked`, `view.disk_full`,
    /// `view.not_writable` or `view.io`.
    public init(
        directory: String, cacheBytes: Int = Limits.cacheBytesDefault, readersMax: Int = Limits.readersMaxDefault,
        lockWait: TimeSpan = Limits.lockWaitDefault, queryTimeout: TimeSpan = Limits.queryTimeoutDefault
    ) throws {
        let path = directory.hasSuffix("/") ? directory + Self.fileName : directory + "/" + Self.fileName
        self.path = path
        readers = Readers(
            path: path, configuration: Self.configuration(cacheBytes: cacheBytes, isReader: true), countMax: readersMax,
            timeout: queryTimeout)
        pool = try Self.mappingErrors(path: path) {
            var configuration = Self.configuration(cacheBytes: cacheBytes, isReader: false)
            configuration.busyMode = .timeout(lockWait.seconds)
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { try FileFormat.establish($0, path: path) }
            return pool
        }
    }

    /// Closes the file; every later call throws. Without it the file is as after a crash, which is no harm.
    public func close() throws {
        try mappingErrors {
            try readers.close()
            try pool.close()
        }
    }

    public enum Limits {
        /// Large enough for the inner nodes and the busy leaves of a few million rows.
        public static let cacheBytesDefault = 16 << 20
        /// Queries that run at once; further ones wait for a connection.
        public static let readersMaxDefault = 4
        /// The engine's own reads at once: of the projection, and counts of rows for whoever asks how it is.
        static let ownReadersMax = 3
        /// How long a query may take: as on PostgreSQL.
        public static let queryTimeoutDefault = TimeSpan.seconds(30)
        /// Instructions of SQLite's between two looks at the clock: a fraction of a millisecond.
        static let stepsBetweenLooks: Int32 = 10_000
        /// Queries of different shape that a reading connection keeps prepared: those of some dashboards. Each takes some
        /// KiB.
        static let shapesMax = 64
        /// The log is copied into the file when it holds this many pages (of 4 KiB: 32 MiB): seldom enough that a page
        /// that is changed over and over is copied once.
        static let checkpointPages = 8_192
        /// How long a connection waits for a lock that another process holds (a backup, a person with `sqlite3`).
        public static let lockWaitDefault = TimeSpan.seconds(5)
    }

    private static func configuration(cacheBytes: Int, isReader: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.label = "views"
        configuration.journalMode = .wal
        configuration.readonly = isReader
        configuration.maximumReaderCount = isReader ? 1 : Limits.ownReadersMax
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA cache_size = -\(max(1, cacheBytes / 1024))")
            try SQLFunctions.install(in: db)
            guard !db.configuration.readonly else { return }
            // NORMAL is also what GRDB sets; said here because point 2 above depends on it.
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(Limits.checkpointPages)")
            try db.execute(sql: "PRAGMA journal_size_limit = \(Limits.checkpointPages * 4096 * 2)")
        }
        return configuration
    }

    /// The prepared view of that name. Throws `view.unknown`.
    func preparedView(_ name: String) throws -> PreparedView {
        let views = prepared.withLock { $0 }
        if let view = views[name] { return view }
        throw EngineError.viewUnknown(name, among: views.keys)
    }
}
