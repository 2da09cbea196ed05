import Base
import Columns
import GRDB
public import Stores
import Synchronization

/// Making and changing tables.
///
/// A definition may gain columns (rows that are there get null) and lose them (the column stays; rows written from then
/// on hold null in it, and it comes back with the name). A key or a column's type that changes is refused: the rows
/// that are there would mean something else, and filling the view again is cheap. Indexes come and go with the definition.
extension SQLiteViews {
    public func prepare(_ view: ViewDefinition) throws {
        try view.checkNames(reservedPrefix: "sqlite_")
        let stored = try mappingErrors {
            try pool.write { db in
                let json = try String.fetchOne(db, sql: "SELECT definition FROM _pioneer_views WHERE name = ?", arguments: [view.name])
                if let json {
                    let stored = try migrate(view, from: try decode(json, of: view), in: db)
                    try matchIndexes(of: view, in: db)
                    try matchRebuild(of: view, in: db)
                    return stored
                }
                let stored = StoredDefinition(view)
                try db.execute(sql: ViewSQL.createTable(view))
                try db.execute(sql: ViewSQL.createKeyIndex(view))
                if view.keep != nil { try db.execute(sql: ViewSQL.createKeepIndex(view)) }
                try matchIndexes(of: view, in: db)
                try db.execute(
                    sql: "INSERT INTO _pioneer_views (name, definition) VALUES (?, ?)", arguments: [view.name, try stored.json()])
                return stored
            }
        }
        let ready = PreparedView(view, retired: stored.retired, gained: stored.gained)
        prepared.withLock { $0[view.name] = ready }
    }

    private func decode(_ json: String, of view: ViewDefinition) throws -> StoredDefinition {
        do {
            return try StoredDefinition(json: json)
        } catch {
            throw EngineError(
                .viewCorrupt, .environment, "the definition of view '\(view.name)' in '\(path)' cannot be read: \(error)",
                remedy: "Delete '\(path)': the views are then filled again from the log.")
        }
    }

    /// Brings the table to the definition, or throws `view.incompatible` and leaves it.
    private func migrate(_ view: ViewDefinition, from old: StoredDefinition, in db: Database) throws -> StoredDefinition {
        try refuseChangedKey(view, old)
        var new = StoredDefinition(view)
        let known = Dictionary(old.columns.map { ($0.name, $0) }) { first, _ in first }
        for (index, column) in view.type.columns.enumerated() {
            let described = new.columns[index]
            guard let there = known[column.flatName] else {
                new.columns[index].isGained = true
                try db.execute(sql: ViewSQL.addColumn(column, to: view.name))
                continue
            }
            guard there.type == described.type else {
                throw incompatible(
                    view, "column '\(column.flatName)' of view '\(view.name)' is of type \(there.type) in '\(path)', "
                        + "and of type \(described.type) in the topology")
            }
            if there.isRetired || there.isGained ?? false { new.columns[index].isGained = true }
        }
        let current = Set(new.columns.map(\.name))
        for var column in old.columns where !current.contains(column.name) {
            column.isRetired = true
            new.columns.append(column)
        }
        if new.hasKeepIndex, !old.hasKeepIndex { try db.execute(sql: ViewSQL.createKeepIndex(view)) }
        if !new.hasKeepIndex, old.hasKeepIndex { try db.execute(sql: ViewSQL.dropKeepIndex(view)) }
        try db.execute(sql: "UPDATE _pioneer_views SET definition = ? WHERE name = ?", arguments: [try new.json(), view.name])
        return new
    }

    /// The schema itself says which indexes are there: their names say what they are of.
    private func matchIndexes(of view: ViewDefinition, in db: Database) throws {
        let present = Set(
            try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND substr(name, 1, ?) = ?",
                arguments: [view.name, ViewDefinition.indexPrefix.count, ViewDefinition.indexPrefix]))
        let wanted = view.indexes.map { (name: view.indexName(of: $0), columns: $0) }
        for name in present.subtracting(wanted.map(\.name)).sorted() { try db.execute(sql: "DROP INDEX \(ViewSQL.quoted(name))") }
        for index in wanted where !present.contains(index.name) {
            try db.execute(sql: ViewSQL.createIndex(index.name, of: index.columns, in: view))
        }
    }

    private func refuseChangedKey(_ view: ViewDefinition, _ old: StoredDefinition) throws {
        let key = StoredDefinition.key(of: view)
        guard key != old.key else { return }
        func text(_ key: [StoredDefinition.StoredKeyColumn]) -> String {
            "[" + key.map { $0.name + ($0.isNullable ? "?" : "") }.joined(separator: ", ") + "]"
        }
        throw incompatible(view, "view '\(view.name)' has the key \(text(old.key)) in '\(path)', and \(text(key)) in the topology")
    }

    private func incompatible(_ view: ViewDefinition, _ message: String) -> EngineError {
        EngineError(
            .viewIncompatible, .user, message,
            remedy: "Give the view another name, or stop the engine and delete '\(path)': all views are then filled again from the log.")
    }
}
