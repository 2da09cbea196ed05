import GRDB
import OwnThreads
import SQLiteViews
import Stores
import Testing
import ViewConformance

/// SQLite under the contract that all view stores share.
@Suite(.ownThreadsInTurn) struct ConformanceTests {
    struct Harness: ViewStoreHarness {
        let directory: TemporaryDirectory
        let holdsNUL = true
        init() throws { directory = try TemporaryDirectory() }
        func open() throws -> any ViewStore { try SQLiteViews(directory: directory.path) }
        func indexes(of view: String) throws -> [String]? {
            try DatabaseQueue(path: directory.file(SQLiteViews.fileName)).read { db in
                try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?", arguments: [view])
            }
        }
    }

    @Test(arguments: ViewConformance.checks)
    func `SQLite keeps the contract of view stores`(_ check: ViewConformance.Check) throws {
        try check.run(try Harness())
    }
}
