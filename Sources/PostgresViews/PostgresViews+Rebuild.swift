public import Base
import Columns
public import Stores

/// Filling a view's table anew. The new table is a plain one beside it, with positions of its own. In the end its rows go over
/// into the table that serves, in one transaction that deletes and inserts: a reader's snapshot has the old rows or the new
/// ones, and grants, indexes, partitions and what others have built on the table stay. (A table that takes over another's name
/// would do none of this: snapshots do not hold names, and a reader could see the new table as it was before it was full.)
/// The price is that the rows are written once more, and that the old ones' space is free only after a vacuum. While they go
/// over, which takes as long as the server needs to delete and insert so many, the views of the process that does it stand
/// still, and readers see the old rows.
extension PostgresViews {
    public func rebuild(of view: String) throws -> ViewRebuild? {
        let name = try preparedView(view).definition.name
        return try withWriter { try rebuild(of: name, on: $0) }
    }

    public func beginRebuild(of view: String, at now: EventTime) throws -> ViewRebuild {
        let definition = try preparedView(view).definition
        return try withWriter { connection in
            try connection.transaction {
                try lockDefinitions(on: connection)
                let last = try rebuild(of: view, on: connection)
                if let last, last.isRunning { return (last, isCommitted: true) }
                let next = ViewRebuild(number: (last?.number ?? 0) + 1, state: .running, startedAt: now)
                try makeNewTable(of: definition, on: connection)
                var values = PostgresParameters()
                values.add(view)
                values.add(next.number)
                values.add(next.state.rawValue)
                values.add(now)
                values.add(Self.signature(of: definition))
                try connection.query(
                    """
                    INSERT INTO \(settings.rebuildsTable) (view, number, state, started_at, definition) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT (view) DO UPDATE SET number = excluded.number, state = excluded.state, started_at = excluded.started_at, \
                    ended_at = NULL, definition = excluded.definition
                    """, values)
                return (next, isCommitted: true)
            }
        }
    }

    public func finishRebuild(of view: String, number: Int64, at now: EventTime) throws -> RebuildOutcome {
        let definition = try preparedView(view).definition
        return try withWriter { connection in
            try connection.transaction {
                guard try locksRebuild(number, of: view, "UPDATE", on: connection) else { return (.over, isCommitted: false) }
                var name = PostgresParameters(), names = PostgresParameters()
                name.add(view)
                names.add(view)
                names.add(PostgresName.newTable(of: view))
                // Projections of either table wait from here on, and learn then that they are of another time.
                try connection.query(
                    "SELECT FROM \(settings.positionsTable) WHERE view IN ($1, $2) ORDER BY view, partition FOR UPDATE", names)
                let new = try positions(of: PostgresName.newTable(of: view), log: nil, on: connection)
                guard RebuildRule.isCaughtUp(new: new, old: try positions(of: view, log: nil, on: connection)) else {
                    return (.behind, isCommitted: false)
                }
                let columns = SQLName.list(definition.type.columns.map(\.flatName) + [SQLName.eventTimeColumn])
                let table = settings.qualified(view)
                try connection.execute("SET LOCAL synchronous_commit = on")
                try connection.untimed {
                    try connection.execute("DELETE FROM \(table)")
                    try connection.execute(
                        "INSERT INTO \(table) (\(columns)) SELECT \(columns) FROM \(settings.qualified(PostgresName.newTable(of: view)))")
                }
                try connection.query("DELETE FROM \(settings.positionsTable) WHERE view = $1", name)
                try connection.query("UPDATE \(settings.positionsTable) SET view = $1 WHERE view = $2", names)
                try end(view, .done, at: now, on: connection)
                return (.done, isCommitted: true)
            }
        }
    }

    public func cancelRebuild(of view: String, at now: EventTime) throws -> Bool {
        _ = try preparedView(view)
        return try withWriter { connection in
            try connection.transaction {
                try lockDefinitions(on: connection)
                // Who is finishing it holds the row until that is done.
                guard let running = try rebuild(of: view, on: connection), running.isRunning,
                    try locksRebuild(running.number, of: view, "UPDATE", on: connection)
                else { return (false, isCommitted: false) }
                try end(view, .cancelled, at: now, on: connection)
                return (true, isCommitted: true)
            }
        }
    }

    private func end(_ view: String, _ state: ViewRebuild.State, at now: EventTime, on connection: PostgresConnection) throws {
        var values = PostgresParameters()
        values.add(view)
        values.add(state.rawValue)
        values.add(now)
        // First: who fills the new table holds this row while it does.
        try connection.query("UPDATE \(settings.rebuildsTable) SET state = $2, ended_at = $3 WHERE view = $1", values)
        try dropNewTable(of: view, on: connection)
    }

    /// Locks the rebuild's row, within a transaction. False: it is over.
    func locksRebuild(_ number: Int64, of view: String, _ strength: String, on connection: PostgresConnection) throws -> Bool {
        var values = PostgresParameters()
        values.add(view)
        values.add(number)
        let rows = try connection.query(
            "SELECT number FROM \(settings.rebuildsTable) WHERE view = $1 AND number = $2 AND state = 'running' FOR \(strength)", values)
        return rows.rowCount == 1
    }

    static func rebuildIsOver(_ number: Int64, of view: String) -> EngineError {
        EngineError(
            .viewNotRebuilding, .user, "rebuild \(number) of view '\(view)' is over",
            remedy: "Begin another one: pioneer views rebuild \(view).")
    }

    /// A new table that was begun for another definition begins anew. Within a transaction that holds the definitions.
    func matchRebuild(of view: ViewDefinition, on connection: PostgresConnection) throws {
        guard let rebuild = try rebuild(of: view.name, on: connection), rebuild.isRunning else { return }
        var values = PostgresParameters()
        values.add(view.name)
        // First: who fills the new table holds this row while it does.
        let begun = try connection.query(
            "SELECT definition FROM \(settings.rebuildsTable) WHERE view = $1 AND state = 'running' FOR UPDATE", values)
        guard begun.rowCount == 1 else { return }
        let new = try TableFacts(of: PostgresName.newTable(of: view.name), settings, on: connection)
        guard begun.string(0, 0) != Self.signature(of: view) || new == nil else { return }
        try makeNewTable(of: view, on: connection)
        values.add(Self.signature(of: view))
        try connection.query("UPDATE \(settings.rebuildsTable) SET definition = $2 WHERE view = $1", values)
    }

    private static func signature(of view: ViewDefinition) -> String { "\(view.type) by \(view.key.joined(separator: ", "))" }

    private func makeNewTable(of view: ViewDefinition, on connection: PostgresConnection) throws {
        try dropNewTable(of: view.name, on: connection)
        let sql = TableSQL(view: view.newTable, settings: settings)
        for statement in sql.create() { try connection.execute(statement) }
        if view.keep != nil { try connection.execute(sql.createKeepIndex()) }
        let about = "Filled anew, to take the place of the rows of \(view.name) in the end: pioneer views rebuild \(view.name)."
        try connection.execute("COMMENT ON TABLE \(settings.qualified(view.newTable.name)) IS \(PostgresName.literal(about))")
    }

    func forgetRebuild(of view: String, on connection: PostgresConnection) throws {
        try dropNewTable(of: view, on: connection)
        var name = PostgresParameters()
        name.add(view)
        try connection.query("DELETE FROM \(settings.rebuildsTable) WHERE view = $1", name)
    }

    private func dropNewTable(of view: String, on connection: PostgresConnection) throws {
        let new = PostgresName.newTable(of: view)
        try connection.execute("DROP TABLE IF EXISTS \(settings.qualified(new))")
        var name = PostgresParameters()
        name.add(new)
        try connection.query("DELETE FROM \(settings.positionsTable) WHERE view = $1", name)
    }

    private func rebuild(of view: String, on connection: PostgresConnection) throws -> ViewRebuild? {
        var name = PostgresParameters()
        name.add(view)
        let rows = try connection.query(
            """
            SELECT number, state, started_at, coalesce(ended_at, '-infinity'), ended_at IS NOT NULL \
            FROM \(settings.rebuildsTable) WHERE view = $1
            """, name)
        guard rows.rowCount == 1, let state = ViewRebuild.State(rawValue: rows.string(0, 1)) else { return nil }
        return ViewRebuild(
            number: rows.int64(0, 0), state: state, startedAt: rows.time(0, 2), endedAt: rows.bool(0, 4) ? rows.time(0, 3) : nil,
            positions: state == .running ? try positions(of: PostgresName.newTable(of: view), log: nil, on: connection) : [:])
    }
}

extension PostgresName {
    /// The table that is filled anew, and the name under which its positions stand.
    static func newTable(of view: String) -> String { derived("_pioneer_new_" + view) }
}

extension ViewDefinition {
    /// The view of the table that is filled anew: one plain table, from which rows that are over are removed at once.
    var newTable: ViewDefinition {
        var new = self
        new.name = PostgresName.newTable(of: name)
        new.keep = nil
        new.indexes = []
        new.description = nil
        return new
    }
}

extension PostgresSettings {
    var rebuildsTable: String { qualified("_pioneer_rebuilds") }
}
