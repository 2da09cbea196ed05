import GRDB
import Synchronization

extension SQLiteViews {
    /// Removes a view with its rows and positions; one that is not there is passed over. Making it again with `prepare`
    /// starts it from the beginning of its topic.
    public func drop(_ name: String) throws {
        try mappingErrors {
            try pool.write { db in
                try db.execute(sql: "DROP TABLE IF EXISTS \(ViewSQL.quoted(name))")
                try db.execute(sql: "DELETE FROM _pioneer_views WHERE name = ?", arguments: [name])
                try db.execute(sql: "DELETE FROM _pioneer_positions WHERE view = ?", arguments: [name])
            }
        }
        _ = prepared.withLock { $0.removeValue(forKey: name) }
    }
}
