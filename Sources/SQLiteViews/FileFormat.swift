import Base
import GRDB
import Stores

/// The file itself: whose it is, which version of the format it has, and the tables every such file has.
///
/// Version 1:
/// - `_pioneer_views(name, definition)`: a view and, as JSON, the columns and key of its table (`StoredDefinition`);
/// - `_pioneer_positions(view, partition, log_id, next_offset, watermark)`: how far a view has followed which log;
/// - `_pioneer_rebuilds(view, number, state, started_at, ended_at, definition)`: each view's latest rebuild; made where a
///   file lacks it;
/// - a table a view, named as it (`ViewSQL.createTable`), with the unique index `_pioneer_key_<view>`, where `keep` is set
///   the index `_pioneer_keep_<view>`, and the indexes of the definition (`ViewDefinition.indexName`).
enum FileFormat {
    /// In the header of every file of ours (`PRAGMA application_id`): "PION".
    static let applicationID: Int64 = 0x5049_4F4E
    /// In the header too (`PRAGMA user_version`). Grows with each change that older releases cannot work with.
    static let version: Int64 = 1

    /// Makes the tables in a new file; checks the header of one that is there.
    static func establish(_ db: Database, path: String) throws {
        // A lock from the start, so that two openers cannot both find the file empty.
        try db.inTransaction(.immediate) {
            let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0
            if isEmpty, application == 0 {
                try create(db)
                try createRebuilds(db)
                return .commit
            }
            guard application == applicationID else {
                throw EngineError(
                    .viewForeignFile, .environment, "'\(path)' is a database of another program",
                    remedy: "Move that file away, or give the engine another data directory.")
            }
            guard found == version else {
                throw EngineError(
                    .viewNewerFormat, .environment, "'\(path)' has format version \(found); this release reads version \(version)",
                    remedy: "Run a release that knows version \(found), or delete the file: the views are then filled again from the log.")
            }
            try createRebuilds(db)
            return .commit
        }
    }

    private static func createRebuilds(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS _pioneer_rebuilds (
                    view TEXT NOT NULL PRIMARY KEY,
                    number INTEGER NOT NULL,
                    state TEXT NOT NULL,
                    started_at INTEGER NOT NULL,
                    ended_at INTEGER,
                    definition TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }

    private static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE _pioneer_views (
                    name TEXT NOT NULL PRIMARY KEY,
                    definition TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE _pioneer_positions (
                    view TEXT NOT NULL,
                    partition INTEGER NOT NULL,
                    log_id TEXT NOT NULL,
                    next_offset INTEGER NOT NULL,
                    watermark INTEGER NOT NULL,
                    PRIMARY KEY (view, partition)
                ) STRICT, WITHOUT ROWID;
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                """)
    }
}
