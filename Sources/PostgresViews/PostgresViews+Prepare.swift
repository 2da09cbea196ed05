import Base
import Columns
public import Stores
import Synchronization

/// Making and changing tables.
///
/// A definition may gain columns (rows that are there get null) and lose them (the column stays; rows written from then
/// on hold null in it, and it comes back with the name), and gain and lose `keep` and indexes. A key or a column's type that changes
/// is refused with the statement that would change the table: the rows that are there would mean something else, and
/// filling the view again is cheap. After the statement was run, by whoever judges that the rows may stay, it is taken. A column
/// that somebody has dropped is made again, and the view filled from the beginning of its topic.
extension PostgresViews {
    public func prepare(_ view: ViewDefinition) throws {
        try view.checkNames(reservedPrefix: "pg_")
        try Self.checkLengths(view)
        let sql = TableSQL(view: view, settings: settings)
        let ready = try withWriter { connection in
            // The whole schema may have gone meanwhile, with the database.
            try establish(on: connection)
            return try connection.transaction {
                try lockDefinitions(on: connection)
                let found = try TableFacts(of: view.name, settings, on: connection), facts = found ?? TableFacts(made: view)
                // The first filling of an index reads the whole table.
                try connection.untimed {
                    if let found { try migrate(sql, from: found, on: connection) } else { try create(sql, on: connection) }
                    for statement in sql.matchIndexes(facts.indexes) { try connection.execute(statement) }
                }
                let current = Set(view.type.columns.map(\.flatName)), there = Set(facts.columns.map(\.name))
                // Of those that the engine made, not what somebody has dropped meanwhile.
                let retired = (facts.made ?? []).filter { !current.contains($0) && there.contains($0) }
                try note(view, columns: view.type.columns.map(\.flatName) + retired, on: connection)
                try matchRebuild(of: view, on: connection)
                return (PreparedView(view, facts: facts, retired: retired, settings: settings), isCommitted: true)
            }
        }
        prepared.withLock { $0[view.name] = ready }
        // It may be another table than the one whose partitions are known.
        partitions.withLock { $0[view.name] = nil }
    }

    /// Removes a view with its rows, positions and rebuild; one that is not there is passed over, and a table of its name that the
    /// engine did not make stays. Making it again with `prepare` starts it from the beginning of its topic.
    public func drop(_ name: String) throws {
        try withWriter { connection in
            try connection.transaction {
                try lockDefinitions(on: connection)
                let isOurs = try isMade(name, on: connection)
                try connection.execute(isOurs ? settings.dropStatements(name) : settings.forgetStatements(name))
                try forgetRebuild(of: name, on: connection)
                return ((), isCommitted: true)
            }
        }
        _ = prepared.withLock { $0.removeValue(forKey: name) }
    }

    private func isMade(_ name: String, on connection: PostgresConnection) throws -> Bool {
        var own = PostgresParameters()
        own.add(name)
        return try connection.query("SELECT EXISTS (SELECT FROM \(settings.viewsTable) WHERE name = $1)", own).bool(0, 0)
    }

    private func create(_ sql: TableSQL, on connection: PostgresConnection) throws {
        for statement in sql.create() { try connection.execute(statement) }
        if sql.view.keep != nil, TableSQL.partitionColumn(of: sql.view) == nil { try connection.execute(sql.createKeepIndex()) }
        for statement in sql.comments() { try connection.execute(statement) }
        // Of a table that somebody dropped.
        try forgetPositions(of: sql.view.name, on: connection)
    }

    private func forgetPositions(of view: String, on connection: PostgresConnection) throws {
        var name = PostgresParameters()
        name.add(view)
        try connection.query("DELETE FROM \(settings.positionsTable) WHERE view = $1", name)
    }

    private func note(_ view: ViewDefinition, columns: [String], on connection: PostgresConnection) throws {
        var values = PostgresParameters()
        values.add(view.name)
        values.add(Self.formatVersion)
        values.add(view.topology)
        let list = columns.map(PostgresName.literal).joined(separator: ", ")
        try connection.query(
            """
            INSERT INTO \(settings.viewsTable) (name, format, topology, columns) VALUES ($1, $2::int8::int, $3, ARRAY[\(list)]::text[]) \
            ON CONFLICT (name) DO UPDATE SET format = excluded.format, topology = excluded.topology, columns = excluded.columns
            """, values)
    }

    /// Brings the table to the definition, or throws `view.incompatible` and leaves it.
    private func migrate(_ sql: TableSQL, from facts: TableFacts, on connection: PostgresConnection) throws {
        let view = sql.view
        guard facts.made != nil else {
            throw EngineError(
                .viewForeignFile, .user, "the table \(settings.qualified(view.name)) on \(place) was not made by the engine",
                remedy: "Give the view another name, or move that table away with ALTER TABLE … RENAME TO.")
        }
        try refuseChangedKey(sql, facts)
        let known = Dictionary(facts.columns.map { ($0.name, $0) }) { first, _ in first }
        var isFilledAgain = false
        for column in view.type.columns {
            guard let there = known[column.flatName] else {
                try connection.execute(sql.addColumn(column))
                // Somebody has dropped it, with what the rows had there.
                if facts.made?.contains(column.flatName) ?? false { isFilledAgain = true }
                continue
            }
            let wanted = PostgresType.name(of: column.type)
            guard there.type == wanted, column.type != .string || there.collation == "C" else {
                throw incompatible(
                    sql, "column '\(column.flatName)' of view '\(view.name)' is of type \(PostgresType.described(there.type)) on \(place), "
                        + "and of type \(column.type) in the topology, which is \(PostgresType.sql(column.type))",
                    statement: sql.changeType(column))
            }
        }
        if facts.partitionColumn == nil {
            if view.keep != nil, !facts.hasKeepIndex { try connection.execute(sql.createKeepIndex()) }
            if view.keep == nil, facts.hasKeepIndex { try connection.execute(sql.dropKeepIndex()) }
        }
        for statement in sql.comments(of: facts) { try connection.execute(statement) }
        guard isFilledAgain else { return }
        try forgetPositions(of: view.name, on: connection)
        try connection.execute("DELETE FROM \(settings.qualified(view.name))")
    }

    private func refuseChangedKey(_ sql: TableSQL, _ facts: TableFacts) throws {
        let view = sql.view
        let isNullable = sql.keyConstraint().contains("NULLS NOT DISTINCT")
        guard view.key != facts.key || isNullable != facts.isKeyNullable else { return }
        func text(_ key: [String], _ isNullable: Bool) -> String {
            "[" + key.joined(separator: ", ") + "]" + (isNullable ? " with nulls" : "")
        }
        throw incompatible(
            sql, "view '\(view.name)' has the key \(text(facts.key, facts.isKeyNullable)) on \(place), and "
                + "\(text(view.key, isNullable)) in the topology", statement: sql.changeKey())
    }

    private func incompatible(_ sql: TableSQL, _ message: String, statement: String) -> EngineError {
        EngineError(
            .viewIncompatible, .user, message,
            remedy: "Give the view another name; or have it filled again from the log: \(settings.dropStatements(sql.view.name)) "
                + "Or, where its rows may stay, change the table: \(statement)")
    }

    /// PostgreSQL's own bounds.
    private static func checkLengths(_ view: ViewDefinition) throws {
        func refuse(_ message: String, _ remedy: String) -> EngineError { EngineError(.viewDefinition, .user, message, remedy: remedy) }
        let names = [view.name] + view.type.columns.map(\.flatName)
        if let long = names.first(where: { $0.utf8.count > PostgresName.bytesMax }) {
            throw refuse(
                "'\(long)' of view '\(view.name)' has \(long.utf8.count) bytes, and PostgreSQL's names \(PostgresName.bytesMax) at most",
                "Shorten it, with a map and a select before the view.")
        }
        if let wide = ([view.key] + view.indexes).first(where: { $0.count > 32 }) {
            throw refuse(
                "a key or index of view '\(view.name)' has \(wide.count) columns, and PostgreSQL's indexes 32 at most",
                "Name fewer columns, or join some to one with a map before the view.")
        }
        let own: Set = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]
        if let taken = names.dropFirst().first(where: { own.contains($0) }) {
            throw refuse(
                "'\(taken)' of view '\(view.name)' is a column that every table of PostgreSQL has by itself",
                "Rename it with a map and a select before the view.")
        }
        guard view.type.columns.count < 1_600 else {
            throw refuse(
                "view '\(view.name)' has \(view.type.columns.count) columns; PostgreSQL's tables have 1,600 at most",
                "Leave some out with a select before the view.")
        }
    }
}
