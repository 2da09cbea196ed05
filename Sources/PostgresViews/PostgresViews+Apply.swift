import Base
import Columns
public import Stores
import Synchronization
import Telemetry

/// Applying a change, in one transaction:
/// 1. move the position from `expected` to its new place, or answer `conflict`: a zombie learns at once that it is one;
/// 2. where the view starts over, remove all rows and move the other positions;
/// 3. put in the upserts: one COPY of all rows to a temporary table, one INSERT from there;
/// 4. remove the deletes; 5. remove what `keep` is over for, or note from when on rows are visible (`+Partitions`).
///
/// Measured with 12 columns, half of the rows new, 8,192 a change, fsync on, one core each for client and server, rows a
/// second and the server's CPU time a row: COPY 125,000 and 7 µs, arrays as parameters (`unnest`) 99,000 and 8.7 µs, an
/// INSERT a row in pipeline mode 59,000 and 15 µs; a plain COPY into a table without an index 506,000 and 1.7 µs.
extension PostgresViews {
    enum ApplyLimits {
        /// What the buffer for rows keeps between changes: a common change's rows.
        static let bufferBytes = 8 << 20
    }

    public func apply(_ change: ViewChange) throws -> ViewOutcome {
        let served = try preparedView(change.view)
        try change.check(fits: served.definition)
        guard change.rebuild == nil else { return try applyToNewTable(change, of: served.definition) }
        return try apply(change, to: served)
    }

    /// A rebuild's table is a view like others, and its positions are: only the row that says that it runs is locked besides.
    private func applyToNewTable(_ change: ViewChange, of served: ViewDefinition) throws -> ViewOutcome {
        let new = served.newTable
        var change = change
        change.view = new.name
        return try apply(
            change, to: PreparedView(new, facts: TableFacts(made: new), retired: [], settings: settings), ofRebuild: served.name)
    }

    private func apply(_ change: ViewChange, to view: PreparedView, ofRebuild served: String? = nil) throws -> ViewOutcome {
        try withWriter { connection in
            try makePartitions(for: change, of: view, on: connection)
            let outcome: ViewOutcome
            do {
                let isCareful = careful.withLock { $0.contains(change.view) }
                outcome = try apply(change, to: view, ofRebuild: served, isCareful: isCareful, on: connection)
            } catch let failure as PostgresFailure where failure.isOfValues {
                careful.withLock { _ = $0.insert(change.view) }
                outcome = try apply(change, to: view, ofRebuild: served, isCareful: true, on: connection)
            }
            if outcome == .applied, let time = change.expireBefore { maintain(view, expiredBefore: time, on: connection) }
            return outcome
        }
    }

    private func apply(
        _ change: ViewChange, to view: PreparedView, ofRebuild served: String?, isCareful: Bool, on connection: PostgresConnection
    ) throws -> ViewOutcome {
        var adjusted = 0
        if change.upserts.count > 0 {
            var encoder = RowEncoder(change.upserts, storable: view.storable, isCareful: isCareful, to: rowBuffer)
            withExtendedLifetime(change.upserts) { encoder.encode(rows: change.upserts.count) }
            adjusted = encoder.adjusted
            try connection.executeOnce(view.statements.createStage)
        }
        defer { rowBuffer.removeAll(keepingAtMost: ApplyLimits.bufferBytes) }
        let outcome: ViewOutcome = try connection.transaction {
            if let served, let number = change.rebuild, try !locksRebuild(number, of: served, "SHARE", on: connection) {
                throw Self.rebuildIsOver(number, of: served)
            }
            if change.startsOver != nil { try lockPositions(of: change.view, on: connection) }
            let move = try movePosition(change, on: connection)
            if case .conflict = move.outcome { return (move.outcome, isCommitted: false) }
            var bound = move.expiredBefore
            if let starts = change.startsOver {
                try startOver(change, view, at: starts, on: connection)
                bound = .earliest
            }
            if change.upserts.count > 0 {
                if change.upserts.earliestEventTime < bound { try settle(view, on: connection) }
                let taken = try connection.copy(view.statements.copy, rowBuffer.bytes)
                guard taken == change.upserts.count else {
                    throw PostgresFailure("\(taken) of \(change.upserts.count) rows were copied", statement: view.statements.copy)
                }
                try connection.query(isCareful ? view.statements.upsertLast : view.statements.upsert)
            }
            try delete(change.deletes, from: view, on: connection)
            if let time = change.expireBefore { try expire(before: time, change, view, on: connection) }
            return (.applied, isCommitted: true)
        }
        if adjusted > 0, outcome == .applied { Telemetry.emit(ViewValuesAdjusted(view: change.view, values: adjusted)) }
        return outcome
    }

    /// Moves the position, and says before which event time rows are over by now. Throws `view.other_log`.
    private func movePosition(
        _ change: ViewChange, on connection: PostgresConnection
    ) throws -> (outcome: ViewOutcome, expiredBefore: EventTime) {
        var values = PostgresParameters()
        values.add(change.view)
        values.add(Int(change.partition.number))
        values.add(change.log.text)
        values.add(change.position.next.number)
        values.add(change.position.watermark)
        var expected = values
        expected.add(change.expected.number)
        let positions = settings.positionsTable
        let bound = "coalesce((SELECT max(expired_before) FROM \(positions) WHERE view = $1), '-infinity')"
        let moved = try connection.query(
            """
            UPDATE \(positions) SET next_offset = $4, watermark = $5 \
            WHERE view = $1 AND partition = $2 AND log_id = $3 AND next_offset = $6 RETURNING \(bound)
            """, expected)
        if moved.rowCount == 1 { return (.applied, moved.time(0, 0)) }
        if let actual = try self.positions(of: change.view, log: change.log, on: connection)[change.partition] {
            return (.conflict(actual: actual.next), .earliest)
        }
        guard change.expected == .zero else { return (.conflict(actual: .zero), .earliest) }
        let made = try connection.query(
            """
            INSERT INTO \(positions) (view, partition, log_id, next_offset, watermark) VALUES ($1, $2::int8::int, $3, $4, $5) \
            ON CONFLICT DO NOTHING RETURNING \(bound)
            """, values)
        if made.rowCount == 1 { return (.applied, made.time(0, 0)) }
        // Somebody was first, this very moment.
        let actual = try self.positions(of: change.view, log: change.log, on: connection)[change.partition]
        return (.conflict(actual: actual?.next ?? .zero), .earliest)
    }

    /// All of a view's positions, in one order: two that want several of them wait for each other, and do not deadlock.
    private func lockPositions(of view: String, on connection: PostgresConnection) throws {
        var name = PostgresParameters()
        name.add(view)
        try connection.query("SELECT FROM \(settings.positionsTable) WHERE view = $1 ORDER BY partition FOR UPDATE", name)
    }

    /// First the positions: whoever is within a change of another partition, also of its first, has ended it then, so that the
    /// DELETE sees its rows. DELETE, not TRUNCATE: a reader that began before goes on seeing all rows.
    private func startOver(
        _ change: ViewChange, _ view: PreparedView, at starts: [PartitionNumber: Offset], on connection: PostgresConnection
    ) throws {
        var name = PostgresParameters()
        name.add(change.view)
        try connection.query("UPDATE \(settings.positionsTable) SET expired_before = '-infinity' WHERE view = $1", name)
        for (partition, start) in starts.sorted(by: { $0.key < $1.key }) where partition != change.partition {
            var values = name
            values.add(Int(partition.number))
            values.add(change.log.text)
            values.add(start.number)
            try connection.query(
                """
                INSERT INTO \(settings.positionsTable) (view, partition, log_id, next_offset, watermark) \
                VALUES ($1, $2::int8::int, $3, $4, '-infinity') ON CONFLICT (view, partition) \
                DO UPDATE SET log_id = excluded.log_id, next_offset = excluded.next_offset, watermark = excluded.watermark
                """, values)
        }
        try connection.untimed { try connection.query(view.statements.removeAll) }
    }

    private func delete(_ keys: [[Value]], from view: PreparedView, on connection: PostgresConnection) throws {
        for key in keys {
            var values = PostgresParameters()
            for ((value, type), name) in zip(zip(key, view.definition.keyTypes), view.definition.key) {
                values.add(view.stored(value, in: name), as: type)
            }
            try connection.query(view.statements.delete, values)
        }
    }

    private func expire(before time: EventTime, _ change: ViewChange, _ view: PreparedView, on connection: PostgresConnection) throws {
        var values = PostgresParameters()
        values.add(time)
        // Also when the time did not move since the last change: a late row may have come in below it.
        guard view.partitionColumn != nil else {
            try connection.query(view.statements.expire, values)
            return
        }
        values.add(change.view)
        values.add(Int(change.partition.number))
        try connection.query(
            "UPDATE \(settings.positionsTable) SET expired_before = greatest(expired_before, $1) WHERE view = $2 AND partition = $3",
            values)
    }

    /// Before rows come that are over already and yet are to be seen, until the next `expireBefore`: what is hidden goes, and
    /// nothing is hidden any more.
    private func settle(_ view: PreparedView, on connection: PostgresConnection) throws {
        var name = PostgresParameters()
        name.add(view.definition.name)
        let positions = settings.positionsTable
        let bound = try connection.query(
            """
            SELECT coalesce(max(expired_before), '-infinity') FROM \
            (SELECT expired_before FROM \(positions) WHERE view = $1 ORDER BY partition FOR UPDATE) AS locked
            """, name)
        var time = PostgresParameters()
        time.add(bound.time(0, 0))
        try connection.query(view.statements.expire, time)
        try connection.query("UPDATE \(positions) SET expired_before = '-infinity' WHERE view = $1", name)
    }
}

extension Batch {
    /// - Precondition: there are rows.
    fileprivate var earliestEventTime: EventTime {
        EventTime(microseconds: UnsafeBufferPointer(start: eventTimes.words, count: count).min() ?? .max)
    }
}

extension PostgresFailure {
    /// Whether values are what the server did not take: data exceptions, entries too large for an index, and two rows of a
    /// statement with one key. All of these a careful change is free of.
    fileprivate var isOfValues: Bool { !isConnectionLost && (state.hasPrefix("22") || state == "54000" || state == "21000") }
}
