public import Base
import Columns
import GRDB
public import Stores

/// Reading rows and positions. Both of one answer come from one snapshot.
extension SQLiteViews {
    public var queriesMax: Int { readers.countMax }

    /// One lookup takes a few times as long as changing to the thread that asks it: a few at a time make that little.
    public var lookups: (together: Int, calls: Int) { (8, min(queriesMax, Processors.count)) }

    /// On a connection that people's queries do not use: a projection goes on from it.
    public func positions(of view: String, log: LogID) throws -> [PartitionNumber: ViewPosition] {
        _ = try preparedView(view)
        return try mappingErrors { try pool.read { try positions(of: view, log: log, in: $0) } }
    }

    public func query(_ query: ViewQuery) throws -> ViewRows {
        let view = try preparedView(query.view.name)
        let sql = try QuerySQL(query, from: view.queried, in: SQLiteDialect())
        return try mappingErrors {
            try readers.read { db in
                let rows = try rows(sql, in: db)
                return ViewRows(columns: sql.columns, rows: rows, positions: try positions(of: view.definition.name, log: nil, in: db))
            }
        }
    }

    public func page(_ query: ViewQuery, to writer: RowWriter) throws -> ViewPage {
        let view = try preparedView(query.view.name)
        var (wanted, place) = query.withPlace()
        // One more row than wanted says whether there is another page.
        wanted.limit += query.limit > 0 ? 1 : 0
        let sql = try QuerySQL(wanted, from: view.queried, in: SQLiteDialect())
        return try mappingErrors {
            try readers.read { db in
                let statement = try statement(sql, in: db)
                defer { statement.finish() }
                let types = sql.columns.prefix(query.select.count).map(\.type)
                var after: [Value]?
                while try statement.step() {
                    if writer.rowCount == query.limit {
                        return ViewPage(after: after, positions: try positions(of: view.definition.name, log: nil, in: db))
                    }
                    for (index, type) in types.enumerated() {
                        guard statement.write(Int32(index), as: type, to: writer) else { throw foreign(sql.columns[index]) }
                    }
                    writer.endRow()
                    if writer.rowCount == query.limit { after = try place.columns.map { try value($0, sql, statement) } }
                }
                return ViewPage(after: nil, positions: try positions(of: view.definition.name, log: nil, in: db))
            }
        }
    }

    /// On a connection that people's queries do not use.
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
        let statement = try statement(sql, in: db)
        defer { statement.finish() }
        var rows: [[Value]] = []
        while try statement.step() { rows.append(try sql.columns.indices.map { try value($0, sql, statement) }) }
        return rows
    }

    /// The query's statement with its values bound.
    private func statement(_ sql: QuerySQL, in db: Database) throws -> SQLStatement {
        let statement = try readers.statement(sql.text, in: db)
        for case (let index, .value(let value, _)) in sql.parameters.enumerated() { try statement.bind(value, at: Int32(index + 1)) }
        return statement
    }

    private func value(_ index: Int, _ sql: QuerySQL, _ statement: SQLStatement) throws -> Value {
        guard let value = statement.value(at: Int32(index), as: sql.columns[index].type) else { throw foreign(sql.columns[index]) }
        return value
    }

    private func foreign(_ column: RowType.Column) -> EngineError {
        EngineError(
            .viewCorrupt, .environment, "column '\(column.flatName)' in '\(path)' holds something that is no \(column.type)",
            remedy: "Another program wrote to the file; delete '\(path)': the views are then filled again from the log.")
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
