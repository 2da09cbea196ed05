import GRDB
import Synchronization

extension SQLiteViews {
    /// How many rows a view's table has, whether it was prepared or not; 0 where there is none. - Complexity: O(rows).
    public func storedRowCount(of name: String) throws -> Int {
        try mappingErrors {
            try pool.read { db in
                let isThere = try Bool.fetchOne(db, sql: "SELECT 1 FROM _pioneer_views WHERE name = ?", arguments: [name]) ?? false
                return isThere ? try Int.fetchOne(db, sql: "SELECT count(*) FROM \(ViewSQL.quoted(name))") ?? 0 : 0
            }
        }
    }

    /// Removes a view with its rows and positions; one that is not there is passed over. Making it again with `prepare`
    /// starts it from the beginning of its topic.
    public func drop(_ name: String) throws {
        try mappingErrors {
            try pool.write { db in
                try db.execute(sql: "DROP TABLE IF EXISTS \(ViewSQL.quoted(name))")
                try dropNewTable(of: name, in: db)
                try db.execute(sql: "DELETE FROM _pioneer_rebuilds WHERE view = ?", arguments: [name])
                try db.execute(sql: "DELETE FROM _pioneer_views WHERE name = ?", arguments: [name])
                try db.execute(sql: "DELETE FROM _pioneer_positions WHERE view = ?", arguments: [name])
            }
        }
        _ = prepared.withLock { $0.removeValue(forKey: name) }
    }
}
