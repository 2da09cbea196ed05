public import Base
import Columns
import GRDB
public import Stores

/// Reading rows and positions. Both of one answer come from one snapshot.
extension SQLiteViews {
    public func positions(of view: String, log: LogID) throws -> [PartitionNumber: ViewPosition] {
        _ = try preparedView(view)
        return try mappingErrors { try pool.read { try positions(of: view, log: log, in: $0) } }
    }

    public func query(_ query: ViewQuery) throws -> ViewRows {
        let view = try preparedView(query.view.name)
        let sql = try QuerySQL(query, from: view)
        return try mappingErrors {
            try pool.read { db in
                let rows = try rows(sql, in: db)
                return ViewRows(columns: sql.columns, rows: rows, positions: try positions(of: view.definition.name, log: nil, in: db))
            }
        }
    }

    public func rowCount(of view: String) throws -> Int {
        let view = try preparedView(view)
        return try mappingErrors {
            try pool.read { db in
                let statement = try SQLStatement(ViewSQL.count(view.definition), in: db)
                defer { statement.finish() }
                return try statement.step() ? Int(statement.int64(at: 0)) : 0
            }
        }
    }

    private func rows(_ sql: QuerySQL, in db: Database) throws -> [[Value]] {
        if shapes.isFull(adding: sql.text, on: db) { db.clearSchemaCache() }
        let statement = try SQLStatement(sql.text, in: db)
        defer { statement.finish() }
        for (index, value) in sql.parameters.enumerated() { try statement.bind(value, at: Int32(index + 1)) }
        var rows: [[Value]] = []
        while try statement.step() {
            var row: [Value] = []
            row.reserveCapacity(sql.columns.count)
            for (index, column) in sql.columns.enumerated() {
                guard let value = statement.value(at: Int32(index), as: column.type) else {
                    throw EngineError(
                        .viewCorrupt, .environment, "column '\(column.flatName)' in '\(path)' holds something that is no \(column.type)",
                        remedy: "Another program wrote to the file; delete '\(path)': the views are then filled again from the log.")
                }
                row.append(value)
            }
            rows.append(row)
        }
        return rows
    }

    /// With a log, throws `view.other_log` when any position is of another.
    func positions(of view: String, log: LogID?, in db: Database) throws -> [PartitionNumber: ViewPosition] {
        let statement = try SQLStatement(
            "SELECT partition, log_id, next_offset, watermark FROM _pioneer_positions WHERE view = ?", in: db)
        defer { statement.finish() }
        try statement.bind(.string(view), at: 1)
        var positions: [PartitionNumber: ViewPosition] = [:]
        while try statement.step() {
            let filledFrom = statement.string(at: 1)
            if let log, filledFrom != log.text {
                throw EngineError(
                    .viewOtherLog, .environment,
                    "view '\(view)' in '\(path)' was filled from log '\(filledFrom)', this engine's log is '\(log)'",
                    remedy: "Start the engine with the data directory the views belong to, or delete '\(path)' "
                        + "(with its -wal and -shm files): the views are then filled again from this log.")
            }
            positions[PartitionNumber(Int(statement.int64(at: 0)))] = ViewPosition(
                next: Offset(statement.int64(at: 2)), watermark: EventTime(microseconds: statement.int64(at: 3)))
        }
        return positions
    }
}
