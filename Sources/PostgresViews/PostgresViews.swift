public import Base
public import Stores
import Synchronization

/// Views in one schema of a PostgreSQL database: a table a view, named as the view, its columns by their flattened names
/// and of PostgreSQL's own types (`PostgresType`), so that anyone may read them with SQL.
///
/// What holds of it:
/// 1. The log is the truth. Rows and the position they follow the log to commit in one transaction, so the tables always
///    hold exactly what the log says up to that position.
/// 2. That is why `synchronous_commit = off` is enough: after a crash the server may have lost the last transactions, but
///    each of them whole, rows with position, and the runtime projects them again.
/// 3. One connection writes (`withWriter`); it is opened anew when it was lost. Queries have connections of their own.
/// 4. Names are quoted and carry their schema; values are bound or copied. `search_path` is never asked.
///
/// The tables of its own:
/// - `_pioneer_views(name, format, topology, columns)`: the views, and which of a table's columns the engine made;
/// - `_pioneer_positions(view, partition, log_id, next_offset, watermark, expired_before)`: how far a view has followed
///   which log, and which rows of it are over (`PreparedView.visible`);
/// - `_pioneer_rebuilds(view, number, state, …)`: the last rebuild of each view; while one runs, `_pioneer_new_<view>` is the
///   table that is filled.
///
/// Thread-safe. Every method blocks until the server answers; none may be called from an async function's thread. Several
/// engines may use one schema, each projecting partitions of its own.
///
/// Whose code is whose: connecting, making tables and changing rows is in `PostgresConnection`, `PostgresViews+Prepare`,
/// `+Apply`, `+Partitions` and `+Errors`; queries and their connections in `PostgresViews+Query`. Queries rely on
/// `preparedView(_:)`, and put `PreparedView.visible` into every condition on rows.
public final class PostgresViews: ViewStore {
    let settings: PostgresSettings
    let address: PostgresAddress
    /// Where the rows are, without user and password: `db.example:5432/metrics`. Errors name it.
    public let place: String

    /// The connections of queries.
    let readers: PostgresReaders
    private let writer: Mutex<Writer>
    /// The views of this run, by name. A view is usable once `prepare` has put it here.
    let prepared = Mutex<[String: PreparedView]>([:])
    /// What the writing side knows of the partitions of views' tables, by view.
    let partitions = Mutex<[String: PartitionBook]>([:])
    /// Views of which a row came that PostgreSQL did not take as it was: their rows are looked through before.
    let careful = Mutex<Set<String>>([])
    /// The rows of a change as they go over the wire; used within `withWriter`.
    let rowBuffer = ByteArena()

    /// What the writing side holds.
    struct Writer {
        var connection: PostgresConnection?
        var isClosed = false
    }

    /// Connects, and makes the schema with its two tables where they are missing.
    ///
    /// Throws `view.address`, `view.unreachable`, `view.denied` (with the grant that is missing), `view.unsupported_server`,
    /// `view.newer_format`, and what `mappingErrors` says.
    public init(_ settings: PostgresSettings) throws {
        self.settings = settings
        let address = try PostgresAddress(settings.url)
        self.address = address
        readers = try PostgresReaders(settings, primary: address)
        let (connection, place) = try Self.mappingErrors(place: "", schema: settings.schema) {
            let connection = try Self.connectWriter(address, settings)
            return (connection, connection.place)
        }
        self.place = place
        writer = Mutex(Writer(connection: connection))
        try withWriter { try establish(on: $0) }
    }

    /// Closes the connections; every later call throws `view.closed`.
    public func close() {
        writer.withLock {
            $0.isClosed = true
            $0.connection = nil
        }
        readers.close()
    }

    /// Runs `body` with the connection that writes, opened anew where it was lost, one caller at a time; errors come out as
    /// `mappingErrors` says. What fails in between leaves no transaction open.
    func withWriter<Result: Sendable>(_ body: (PostgresConnection) throws -> Result) throws -> Result {
        try writer.withLock { writer in
            guard !writer.isClosed else {
                throw EngineError(.viewClosed, .internal, "the views on \(place) were closed", remedy: "The engine is stopping.")
            }
            return try mappingErrors {
                writer.connection?.noticeLoss()
                if let open = writer.connection, !open.isUsable { writer.connection = nil }
                let connection = try writer.connection ?? Self.connectWriter(address, settings)
                writer.connection = connection
                defer { if !connection.isUsable || connection.isInTransaction { writer.connection = nil } }
                return try body(connection)
            }
        }
    }

    /// Some a view.
    private static let writerStatementsMax = 1_024

    private static func connectWriter(_ address: PostgresAddress, _ settings: PostgresSettings) throws -> PostgresConnection {
        // Of several hosts, the one that takes writes: after a failover that is another one.
        let connection = try PostgresConnection(
            address, applicationName: settings.applicationName, defaults: [("target_session_attrs", "read-write")])
        connection.statementsMax = writerStatementsMax
        // The server ends statements itself, unless it was stopped or has no disk any more that answers.
        let timeout = settings.statementTimeout.microseconds
        connection.answerTimeout = TimeSpan(microseconds: timeout + min(timeout, 30_000_000))
        // An engine that was stopped in the middle of a transaction (a laptop's lid, SIGSTOP) holds nobody up for long.
        try connection.execute(
            """
            SET statement_timeout = \(settings.statementTimeout.wholeMilliseconds); \
            SET lock_timeout = \(settings.lockTimeout.wholeMilliseconds); SET idle_in_transaction_session_timeout = '60s'; \
            SET synchronous_commit = off
            """)
        return connection
    }

    /// The prepared view of that name. Throws `view.unknown`.
    func preparedView(_ name: String) throws -> PreparedView {
        let views = prepared.withLock { $0 }
        guard let view = views[name] else { throw EngineError.viewUnknown(name, among: views.keys) }
        return view
    }

    /// From the server that takes writes, never from a standby: a projection goes on from it.
    public func positions(of view: String, log: LogID) throws -> [PartitionNumber: ViewPosition] {
        let name = try preparedView(view).definition.name
        return try withWriter { try positions(of: name, log: log, on: $0) }
    }

    /// On any connection, also within a transaction. With a log, throws `view.other_log` when any position is of another.
    func positions(of view: String, log: LogID?, on connection: PostgresConnection) throws -> [PartitionNumber: ViewPosition] {
        var parameters = PostgresParameters()
        parameters.add(view)
        let rows = try connection.query(
            "SELECT partition::int8, log_id, next_offset, watermark FROM \(settings.positionsTable) WHERE view = $1", parameters)
        var positions: [PartitionNumber: ViewPosition] = [:]
        for row in 0..<rows.rowCount {
            let filledFrom = rows.string(row, 1)
            if let log, filledFrom != log.text {
                throw EngineError(
                    .viewOtherLog, .environment,
                    "view '\(view)' on \(place) was filled from log '\(filledFrom)', this engine's log is '\(log)'",
                    remedy: "Start the engine with the log that the views belong to, give this one a schema of its own, or drop the view: "
                        + settings.dropStatements(view) + " It is then filled again from this log.")
            }
            positions[PartitionNumber(Int(rows.int64(row, 0)))] = ViewPosition(
                next: Offset(rows.int64(row, 2)), watermark: rows.time(row, 3))
        }
        return positions
    }
}

extension TimeSpan {
    /// As PostgreSQL's timeouts are set, where 0 would mean none.
    var wholeMilliseconds: Int64 { max(1, microseconds / 1_000) }
}
