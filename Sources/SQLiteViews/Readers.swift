import Base
import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// The connections that queries read by: each query has one to itself while it runs; where all are taken it waits.
///
/// Connections and statements are GRDB's, the pool is not: GRDB's own takes several locks, dispatches and savepoints for each
/// read, which cost more than a query for one row (measured: a third of a request).
final class Readers: Sendable {
    private struct State {
        /// The one used last comes first: what it has read is warm.
        var idle: [DatabaseQueue] = []
        var isClosed = false
    }

    private let path: String
    private let configuration: Configuration
    /// Queries that run at once.
    let countMax: Int
    private let timeout: TimeSpan
    private let places: DispatchSemaphore
    private let state = Mutex(State())
    /// The queries that connections hold prepared.
    private let shapes = QueryShapes()

    /// Opens nothing yet. `configuration` is of a connection that only reads.
    init(path: String, configuration: Configuration, countMax: Int, timeout: TimeSpan) {
        self.path = path
        self.configuration = configuration
        self.countMax = max(1, countMax)
        self.timeout = timeout
        places = DispatchSemaphore(value: self.countMax)
    }

    /// Runs `body` in a transaction: all that it reads is of one snapshot. Blocks. Where it takes longer
    /// than the connections' timeout it ends with SQLite's `SQLITE_INTERRUPT`.
    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        places.wait()
        defer { places.signal() }
        let reader = try take()
        defer { give(reader) }
        return try reader.unsafeRead { db in
            try Self.run("BEGIN", in: db)
            do {
                let result = try limited(db) { try body(db) }
                try Self.run("COMMIT", in: db)
                return result
            } catch {
                // Some errors end the transaction themselves.
                if sqlite3_get_autocommit(db.sqliteConnection) == 0 { try? Self.run("ROLLBACK", in: db) }
                throw error
            }
        }
    }

    private func limited<Result>(_ db: Database, _ body: () throws -> Result) throws -> Result {
        let connection = db.sqliteConnection
        var deadline = Stopwatch.nanoseconds() + UInt64(max(0, timeout.microseconds)) * 1_000
        return try withUnsafeMutablePointer(to: &deadline) { deadline in
            sqlite3_progress_handler(
                connection, SQLiteViews.Limits.stepsBetweenLooks,
                { Stopwatch.nanoseconds() > ($0?.load(as: UInt64.self) ?? .max) ? 1 : 0 }, deadline)
            defer { sqlite3_progress_handler(connection, 0, nil, nil) }
            return try body()
        }
    }

    /// The statement of a query's text, which the connection keeps prepared with a limited number of others.
    func statement(_ text: String, in db: Database) throws -> SQLStatement {
        if shapes.isFull(adding: text, on: db) { db.clearSchemaCache() }
        return try SQLStatement(text, in: db)
    }

    /// Reads that run end as they would; later ones throw.
    func close() throws {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for reader in idle { try reader.close() }
    }

    private func take() throws -> DatabaseQueue {
        let idle = try state.withLock { state in
            guard !state.isClosed else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connections were closed") }
            return state.idle.popLast()
        }
        return try idle ?? DatabaseQueue(path: path, configuration: configuration)
    }

    private func give(_ reader: DatabaseQueue) {
        let isKept = state.withLock { state in
            if !state.isClosed { state.idle.append(reader) }
            return !state.isClosed
        }
        if !isKept { try? reader.close() }
    }

    private static func run(_ sql: String, in db: Database) throws {
        let statement = try SQLStatement(sql, in: db)
        defer { statement.finish() }
        try statement.run()
    }
}
