import Base
import Columns
import GRDB
public import Stores

/// Applying a change, in one transaction:
/// 1. move the position from `expected` to its new place, or answer `conflict`;
/// 2. where the view starts over, remove all rows and move the other positions;
/// 3. put in the upserts; 4. remove the deletes; 5. remove what `keep` is over for.
///
/// The position comes first: it takes the write lock, and a zombie learns at once that it is one.
extension SQLiteViews {
    public func apply(_ change: ViewChange) throws -> ViewOutcome {
        let served = try preparedView(change.view)
        try change.check(fits: served.definition)
        let view = change.rebuild != nil ? PreparedView(ViewSQL.newView(of: served.definition), retired: [], gained: []) : served
        return try mappingErrors {
            try pool.writeWithoutTransaction { db in
                var outcome = ViewOutcome.applied
                try db.inTransaction(.immediate) {
                    try check(change, runsIn: db)
                    if let actual = try movePosition(change, of: view.definition.name, in: db) {
                        outcome = .conflict(actual: actual)
                        return .rollback
                    }
                    if let starts = change.startsOver { try startOver(change, of: view.definition.name, at: starts, in: db) }
                    if change.upserts.count > 0 { try upsert(change.upserts, into: view, db) }
                    if !change.deletes.isEmpty { try delete(change.deletes, from: view, db) }
                    if let time = change.expireBefore { try expire(before: time, from: view, db) }
                    return .commit
                }
                return outcome
            }
        }
    }

    /// Nil when the position moved; else where it stands. Throws `view.other_log`.
    private func movePosition(_ change: ViewChange, of view: String, in db: Database) throws -> Offset? {
        let update = try SQLStatement(
            "UPDATE _pioneer_positions SET next_offset = ?, watermark = ?"
                + " WHERE view = ? AND partition = ? AND log_id = ? AND next_offset = ?",
            in: db)
        defer { update.finish() }
        let place: [Value] = [.string(view), .int(Int64(change.partition.number)), .string(change.log.text)]
        let target: [Value] = [.int(change.position.next.number), .timestamp(change.position.watermark)]
        for (index, value) in (target + place + [.int(change.expected.number)]).enumerated() {
            try update.bind(value, at: Int32(index + 1))
        }
        try update.run()
        if db.changesCount == 1 { return nil }
        if let actual = try positions(of: view, log: change.log, in: db)[change.partition] { return actual.next }
        guard change.expected == .zero else { return .zero }
        let insert = try SQLStatement(
            "INSERT INTO _pioneer_positions (next_offset, watermark, view, partition, log_id) VALUES (?, ?, ?, ?, ?)",
            in: db)
        defer { insert.finish() }
        for (index, value) in (target + place).enumerated() {
            try insert.bind(value, at: Int32(index + 1))
        }
        try insert.run()
        return nil
    }

    private func startOver(
        _ change: ViewChange, of view: String, at starts: [PartitionNumber: Offset], in db: Database
    ) throws {
        try db.execute(sql: "DELETE FROM \(ViewSQL.quoted(view))")
        for (partition, start) in starts where partition != change.partition {
            try db.execute(
                sql: "INSERT OR REPLACE INTO _pioneer_positions (view, partition, log_id, next_offset, watermark) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    view, partition.number, change.log.text, start.number, ViewPosition.start.watermark.microseconds,
                ])
        }
    }

    private func upsert(_ rows: Batch, into view: PreparedView, _ db: Database) throws {
        let statement = try SQLStatement(view.upsert, in: db)
        // Cleared before `rows` may go: strings are bound by address.
        defer { statement.finish() }
        var binders = rows.columns.enumerated().map { CellBinder($1, parameter: Int32($0 + 1)) }
        binders.append(CellBinder(rows.eventTimes, parameter: Int32(binders.count + 1)))
        let scratch = ByteArena()
        try withExtendedLifetime(rows) {
            try binders.withUnsafeBufferPointer { binders in
                for row in 0..<rows.count {
                    for binder in binders {
                        let code = binder.bind(row, to: statement.handle, scratch: scratch)
                        if code != 0 { try statement.check(code) }
                    }
                    try statement.run()
                }
            }
        }
    }

    private func delete(_ keys: [[Value]], from view: PreparedView, _ db: Database) throws {
        let statement = try SQLStatement(view.delete, in: db)
        defer { statement.finish() }
        for key in keys {
            for (index, value) in key.enumerated() { try statement.bind(value, at: Int32(index + 1)) }
            try statement.run()
        }
    }

    /// Also when the time did not move since the last change: a late row may have come in below it. With the index it
    /// costs one seek.
    private func expire(before time: EventTime, from view: PreparedView, _ db: Database) throws {
        let statement = try SQLStatement(view.expire, in: db)
        defer { statement.finish() }
        try statement.bind(.timestamp(time), at: 1)
        try statement.run()
    }
}
