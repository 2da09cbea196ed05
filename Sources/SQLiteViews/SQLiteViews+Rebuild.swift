public import Base
import Columns
import GRDB
public import Stores

/// Filling a view's table anew. The new table is a view of its own by its name, with positions of its own; in the end its rows
/// go over into the table that serves, in one transaction: the indexes of that one stay as they are, and so does what others
/// have made of it. Readers keep their snapshots meanwhile.
extension SQLiteViews {
    public func rebuild(of view: String) throws -> ViewRebuild? {
        let name = try preparedView(view).definition.name
        return try mappingErrors { try pool.read { try rebuild(of: name, in: $0) } }
    }

    public func beginRebuild(of view: String, at now: EventTime) throws -> ViewRebuild {
        let definition = try preparedView(view).definition
        return try mappingErrors {
            try pool.write { db in
                let last = try rebuild(of: view, in: db)
                if let last, last.isRunning { return last }
                let next = ViewRebuild(number: (last?.number ?? 0) + 1, state: .running, startedAt: now)
                try makeNewTable(of: definition, in: db)
                try db.execute(
                    sql: "INSERT OR REPLACE INTO _pioneer_rebuilds (view, number, state, started_at, definition) VALUES (?, ?, ?, ?, ?)",
                    arguments: [
                        view, next.number, next.state.rawValue, now.microseconds, try StoredDefinition(definition).json(),
                    ])
                return next
            }
        }
    }

    public func finishRebuild(of view: String, number: Int64, at now: EventTime) throws -> RebuildOutcome {
        let definition = try preparedView(view).definition
        return try mappingErrors {
            try pool.write { db in
                guard let rebuild = try rebuild(of: view, in: db), rebuild.isRunning, rebuild.number == number else { return .over }
                guard RebuildRule.isCaughtUp(new: rebuild.positions, old: try positions(of: view, log: nil, in: db)) else { return .behind }
                let new = ViewSQL.newTable(of: view)
                let columns = ViewSQL.list(definition.type.columns.map(\.flatName) + [SQLName.eventTimeColumn])
                try db.execute(sql: "DELETE FROM \(ViewSQL.quoted(view))")
                try db.execute(sql: "INSERT INTO \(ViewSQL.quoted(view)) (\(columns)) SELECT \(columns) FROM \(ViewSQL.quoted(new))")
                try db.execute(sql: "DELETE FROM _pioneer_positions WHERE view = ?", arguments: [view])
                try db.execute(sql: "UPDATE _pioneer_positions SET view = ? WHERE view = ?", arguments: [view, new])
                try end(view, .done, at: now, in: db)
                return .done
            }
        }
    }

    public func cancelRebuild(of view: String, at now: EventTime) throws -> Bool {
        _ = try preparedView(view)
        return try mappingErrors {
            try pool.write { db in
                guard try rebuild(of: view, in: db)?.isRunning ?? false else { return false }
                try end(view, .cancelled, at: now, in: db)
                return true
            }
        }
    }

    private func end(_ view: String, _ state: ViewRebuild.State, at now: EventTime, in db: Database) throws {
        try dropNewTable(of: view, in: db)
        try db.execute(
            sql: "UPDATE _pioneer_rebuilds SET state = ?, ended_at = ? WHERE view = ?", arguments: [state.rawValue, now.microseconds, view])
    }

    /// Throws `view.not_rebuilding` where the change is of a rebuild that is over.
    func check(_ change: ViewChange, runsIn db: Database) throws {
        guard let number = change.rebuild else { return }
        let running = try Int64.fetchOne(
            db, sql: "SELECT number FROM _pioneer_rebuilds WHERE view = ? AND state = ?",
            arguments: [change.view, ViewRebuild.State.running.rawValue])
        guard running != number else { return }
        throw EngineError(
            .viewNotRebuilding, .user, "rebuild \(number) of view '\(change.view)' is over",
            remedy: "Begin another one: pioneer views rebuild \(change.view).")
    }

    /// A new table that was begun for another definition begins anew.
    func matchRebuild(of view: ViewDefinition, in db: Database) throws {
        guard let rebuild = try rebuild(of: view.name, in: db), rebuild.isRunning else { return }
        let definition = try StoredDefinition(view).json()
        let begun = try String.fetchOne(db, sql: "SELECT definition FROM _pioneer_rebuilds WHERE view = ?", arguments: [view.name])
        guard begun != definition else { return }
        try makeNewTable(of: view, in: db)
        try db.execute(sql: "UPDATE _pioneer_rebuilds SET definition = ? WHERE view = ?", arguments: [definition, view.name])
    }

    private func makeNewTable(of view: ViewDefinition, in db: Database) throws {
        try dropNewTable(of: view.name, in: db)
        let new = ViewSQL.newView(of: view)
        try db.execute(sql: ViewSQL.createTable(new))
        try db.execute(sql: ViewSQL.createKeyIndex(new))
        if view.keep != nil { try db.execute(sql: ViewSQL.createKeepIndex(new)) }
    }

    func dropNewTable(of view: String, in db: Database) throws {
        let new = ViewSQL.newTable(of: view)
        try db.execute(sql: "DROP TABLE IF EXISTS \(ViewSQL.quoted(new))")
        try db.execute(sql: "DELETE FROM _pioneer_positions WHERE view = ?", arguments: [new])
    }

    private func rebuild(of view: String, in db: Database) throws -> ViewRebuild? {
        let row = try Row.fetchOne(
            db, sql: "SELECT number, state, started_at, ended_at FROM _pioneer_rebuilds WHERE view = ?", arguments: [view])
        guard let row, let state = ViewRebuild.State(rawValue: row["state"]) else { return nil }
        let endedAt: Int64? = row["ended_at"]
        return ViewRebuild(
            number: row["number"], state: state, startedAt: EventTime(microseconds: row["started_at"]),
            endedAt: endedAt.map { EventTime(microseconds: $0) },
            positions: state == .running ? try positions(of: ViewSQL.newTable(of: view), log: nil, in: db) : [:])
    }
}

extension ViewSQL {
    /// The table that is filled anew, and the name under which its positions stand.
    static func newTable(of view: String) -> String { "_pioneer_new_" + view }

    static func newView(of view: ViewDefinition) -> ViewDefinition {
        var new = view
        new.name = newTable(of: view.name)
        return new
    }
}
