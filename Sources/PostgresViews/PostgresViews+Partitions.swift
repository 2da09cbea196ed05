import Base
import Columns
import Stores
import Synchronization
import Telemetry

/// Partitions of views with `keep`: made when rows come that need them, dropped when all their rows are over. Dropping costs
/// the server nothing a row, and leaves no holes to vacuum.
///
/// Neither is part of a change's transaction: a partition too many or too few changes no answer. Rows that lack a partition lie
/// in the default one; rows that are over are hidden by `PreparedView.visible` until their partition goes. Both need locks that
/// long queries stand in the way of, so they wait for them a moment only, and are tried again with a later change.
extension PostgresViews {
    private static let lockWait: Int64 = 500

    func makePartitions(for change: ViewChange, of view: PreparedView, on connection: PostgresConnection) throws {
        guard change.upserts.count > 0, let keep = view.definition.keep, let name = view.partitionColumn,
            let index = view.definition.type.index(flatName: name)
        else { return }
        var book = partitions.withLock { $0[change.view] } ?? PartitionBook(keep: keep)
        if book.keep != keep { book = PartitionBook(keep: keep) }
        defer { partitions.withLock { $0[change.view] = book } }
        if book.pause > 0 {
            book.pause -= 1
            return
        }
        func missing(in book: PartitionBook) -> [PartitionBook.Range] {
            let column = change.upserts.columns[index]
            let times = UnsafeBufferPointer(start: column.words, count: change.upserts.count)
            return book.missing(times, isValid: column.isValid, newest: change.upserts.newestEventTime)
        }
        guard !missing(in: book).isEmpty else { return }
        do {
            let known: [PartitionBook.Range] = try connection.transaction {
                try lockDefinitions(turn: Self.lockWait, locks: Self.lockWait, on: connection)
                var found = book
                found.known = try readPartitions(of: view, on: connection).map(\.range)
                for range in missing(in: found) where try make(range, of: view, name, on: connection) { found.known.append(range) }
                return (found.known, isCommitted: true)
            }
            book.known = known
            // Where rows of a range lie in the default partition already it stays without one.
            if !missing(in: book).isEmpty { book.pause = PartitionBook.changesBetweenTries }
        } catch let failure as PostgresFailure where failure.isOfLocks {
            book.known = []
            book.pause = PartitionBook.changesBetweenTries
        }
    }

    /// Made beside the table and attached to it: that needs the default partition for itself, for as long as it takes to see
    /// that no row of the range is in there. False where the default partition holds
    /// rows of the range.
    private func make(
        _ range: PartitionBook.Range, of view: PreparedView, _ column: String, on connection: PostgresConnection
    ) throws -> Bool {
        let rest = settings.qualified(TableSQL.defaultPartition(view.definition.name)), column = SQLName.quoted(column)
        var bounds = PostgresParameters()
        bounds.add(range.from)
        bounds.add(range.until)
        let taken = try connection.query("SELECT EXISTS (SELECT FROM \(rest) WHERE \(column) >= $1 AND \(column) < $2)", bounds)
        if taken.bool(0, 0) { return false }
        let from = "\(range.from)", until = "\(range.until)"
        let day = from.utf8.filter { (48...57).contains($0) }.prefix(12)
        let name = settings.qualified(PostgresName.derived("_p_\(view.definition.name)_" + String(decoding: day, as: UTF8.self)))
        try connection.execute(
            """
            CREATE TABLE \(name) (LIKE \(view.table) INCLUDING ALL); \
            ALTER TABLE \(view.table) ATTACH PARTITION \(name) FOR VALUES FROM (\(PostgresName.literal(from))) \
            TO (\(PostgresName.literal(until)))
            """)
        return true
    }

    private struct Partition {
        /// With its schema, quoted.
        var table: String
        var range: PartitionBook.Range
    }

    /// All but the default one, by time.
    private func readPartitions(of view: PreparedView, on connection: PostgresConnection) throws -> [Partition] {
        var names = PostgresParameters()
        names.add(settings.schema)
        names.add(view.definition.name)
        let rows = try connection.query(
            """
            SELECT c.relname::text, bounds[1]::timestamptz, bounds[2]::timestamptz FROM pg_class p \
            JOIN pg_namespace n ON n.oid = p.relnamespace JOIN pg_inherits i ON i.inhparent = p.oid \
            JOIN pg_class c ON c.oid = i.inhrelid CROSS JOIN LATERAL \
            regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') AS bounds \
            WHERE n.nspname::text = $1 AND p.relname::text = $2 AND bounds IS NOT NULL ORDER BY 2
            """, names)
        return (0..<rows.rowCount).map {
            Partition(
                table: settings.qualified(rows.string($0, 0)), range: PartitionBook.Range(from: rows.time($0, 1), until: rows.time($0, 2)))
        }
    }

    // MARK: Dropping

    /// Drops partitions whose rows are all over, and removes rows that are over where others keep a partition alive: seldom,
    /// once the bound has moved by a quarter of a partition. What fails is done the next time.
    func maintain(_ view: PreparedView, expiredBefore time: EventTime, on connection: PostgresConnection) {
        guard let keep = view.definition.keep, view.partitionColumn != nil else { return }
        var book = partitions.withLock { $0[view.definition.name] } ?? PartitionBook(keep: keep)
        guard time >= book.maintainedUntil + TimeSpan(microseconds: book.width.microseconds / 4) else { return }
        book.maintainedUntil = time
        do {
            for partition in try readPartitions(of: view, on: connection) where partition.range.until <= time {
                if try drop(partition, of: view, expiredBefore: time, on: connection) {
                    book.known.removeAll { $0 == partition.range }
                    Telemetry.emit(ViewPartitionDropped(view: view.definition.name, table: partition.table))
                } else if partition.range.until + book.width <= time {
                    try removeExpired(from: partition.table, before: time, on: connection)
                }
            }
            try removeExpired(from: settings.qualified(TableSQL.defaultPartition(view.definition.name)), before: time, on: connection)
        } catch {
            // The change is applied, and no answer shows what was to go. A connection that is lost is found out next time.
            let fault = (error as? PostgresFailure).map { Self.engineError($0, place: place, schema: settings.schema) }
            Telemetry.emit(
                ViewMaintenanceFailed(
                    view: view.definition.name, error: fault ?? EngineError(.viewSQL, .internal, "unexpected error: \(error)")))
        }
        let noted = book
        partitions.withLock { $0[view.definition.name] = noted }
    }

    /// False where it holds rows that are not over, or is in use.
    private func drop(
        _ partition: Partition, of view: PreparedView, expiredBefore time: EventTime, on connection: PostgresConnection
    ) throws -> Bool {
        let alive = "SELECT EXISTS (SELECT FROM \(partition.table) WHERE \(SQLName.quoted(SQLName.eventTimeColumn)) >= $1)"
        var bound = PostgresParameters()
        bound.add(time)
        if try connection.query(alive, bound).bool(0, 0) { return false }
        do {
            return try connection.transaction {
                try connection.execute("SET LOCAL lock_timeout = \(Self.lockWait)")
                // Keeps writers out of it, and lets readers in, while it is looked through again.
                try connection.execute("LOCK TABLE \(partition.table) IN SHARE ROW EXCLUSIVE MODE")
                if try connection.query(alive, bound).bool(0, 0) { return (false, isCommitted: false) }
                try connection.execute("DROP TABLE \(partition.table)")
                return (true, isCommitted: true)
            }
        } catch let failure as PostgresFailure where failure.isOfLocks {
            return false
        }
    }

    private func removeExpired(from table: String, before time: EventTime, on connection: PostgresConnection) throws {
        var bound = PostgresParameters()
        bound.add(time)
        try connection.query("DELETE FROM \(table) WHERE \(SQLName.quoted(SQLName.eventTimeColumn)) < $1", bound)
    }
}

extension Batch {
    /// Of the rows that have one that a calendar knows.
    fileprivate var newestEventTime: EventTime {
        EventTime(microseconds: UnsafeBufferPointer(start: eventTimes.words, count: count).max() ?? .min)
    }
}

extension PostgresFailure {
    /// Somebody else has the lock, or made the same thing a moment before.
    fileprivate var isOfLocks: Bool { !isConnectionLost && ["55P03", "40P01", "42P07", "23514", "42P17"].contains(state) }
}
