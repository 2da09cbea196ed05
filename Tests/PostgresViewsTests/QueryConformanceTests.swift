import Base
import Columns
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// PostgreSQL under the contract that all view stores share.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct QueryConformanceTests {
    static let database = Result { try Postgres.database() }

    struct Harness: ViewStoreHarness {
        let settings: PostgresSettings
        let holdsNUL = false
        init() throws { settings = PostgresSettings(url: try database.get().url, schema: Postgres.unique("check"), readersMax: 2) }
        func indexes(of view: String) throws -> [String]? {
            let statement = "SELECT indexname FROM pg_indexes WHERE schemaname = '\(settings.schema)' AND tablename = '\(view)'"
            return try QueryConformanceTests.database.get().sql(statement)
        }
        func open() throws -> any ViewStore { try PostgresViews(settings) }
    }

    @Test(arguments: ViewConformance.checks)
    func `PostgreSQL keeps the contract of view stores`(_ check: ViewConformance.Check) throws {
        try check.run(try Harness())
    }

    @Test func `a character that PostgreSQL cannot hold is another one in rows and in queries alike`() throws {
        let store = try Harness().open()
        try store.prepare(ViewFixture.definition())
        let row = ViewFixture.row("a\0b", at: 1, ["tags": .map(["\0": "\0"])])
        _ = try store.apply(ViewFixture.change([row], from: 0, to: 1))
        let found: [[Value]] = [[.string("a\u{FFFD}b"), .map(["\u{FFFD}": "\u{FFFD}"])]]
        let pattern = try #require(ViewQuery.Pattern("A\0%", ignoresCase: true))
        let filters: [ViewQuery.Filter] = [
            .all([]), .compare(column: "id", .equal, .string("a\0b")), .isOneOf(column: "id", [.string("a\0b")]),
            .matches(column: "id", pattern), .compare(column: "tags", .equal, .map(["\0": "\0"])),
        ]
        for filter in filters { #expect(try store.query(ViewFixture.query(select: ["id", "tags"], filter: filter)).rows == found, "\(filter)") }
        _ = try store.apply(ViewFixture.change(deletes: [[.string("a\0b"), .timestamp(EventTime(seconds: 1))]], from: 1, to: 2))
        #expect(try store.rowCount(of: "usage") == 0)
    }
}
