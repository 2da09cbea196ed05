import Base
import Columns
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// Tables that are made and changed.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct PrepareTests {
    let database: PostgresDatabase
    init() throws { database = try Postgres.database() }

    private func opened(schema: String = "pioneer") throws -> PostgresViews {
        try PostgresViews(PostgresSettings(url: database.url, schema: schema))
    }

    private func failure(_ body: () throws -> Void) -> EngineError? { #expect(throws: EngineError.self, performing: body) }

    @Test func `a table is plain and well-typed, and carries the descriptions`() throws {
        var view = ViewFixture.definition("usage")
        view.description = "What machines use; it's theirs"
        view.type.columns[3].doc = "How many"
        let views = try opened()
        try views.prepare(view)
        try views.prepare(view)
        let columns = try database.sql(
            """
            SELECT attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attcollation = 'pg_catalog."C"'::regcollation THEN ' C' ELSE '' END
            FROM pg_attribute WHERE attrelid = 'pioneer.usage'::regclass AND attnum > 0 ORDER BY attnum
            """)
        #expect(
            columns == [
                "id text C", "window_start timestamp with time zone", "flag boolean", "count bigint", "mean double precision", "label text C",
                "raw bytea", "seen timestamp with time zone", "span interval", "tags jsonb", "machine boolean", "machine_sku text C",
                "machine_cores bigint", "_event_time timestamp with time zone",
            ])
        #expect(try database.sql("SELECT obj_description('pioneer.usage'::regclass)") == ["What machines use; it's theirs"])
        #expect(try database.sql("SELECT col_description('pioneer.usage'::regclass, 4)") == ["How many"])
        #expect(try database.sql("SELECT pg_get_partkeydef('pioneer.usage'::regclass)") == ["RANGE (window_start)"])
        #expect(try views.positions(of: "usage", log: ViewFixture.log).isEmpty)
    }

    @Test func `a changed type is refused with the statement that would change it, and is taken once that was run`() throws {
        let view = ViewFixture.definition("usage")
        try opened().prepare(view)
        var changed = view
        changed.type.columns[3].type = .string
        let error = failure { try opened().prepare(changed) }
        #expect(error?.code == .viewIncompatible)
        let statement = "ALTER TABLE \"pioneer\".\"usage\" ALTER COLUMN \"count\" TYPE text COLLATE \"C\" USING \"count\"::text::text;"
        #expect(error?.remedy?.hasSuffix(statement) == true, "\(String(describing: error))")
        _ = try database.sql(statement)
        try opened().prepare(changed)
    }

    @Test func `a changed key is refused with the statement that would change it, and is taken once that was run`() throws {
        let view = ViewFixture.definition("usage", keep: nil)
        try opened().prepare(view)
        var changed = view
        changed.key = ["window_start", "id"]
        let error = failure { try opened().prepare(changed) }
        #expect(error?.code == .viewIncompatible)
        let statement = try #require(error?.remedy?.split(separator: "change the table: ").last)
        #expect(statement.hasPrefix("ALTER TABLE \"pioneer\".\"usage\" DROP CONSTRAINT"))
        _ = try database.sql(String(statement))
        try opened().prepare(changed)
    }

    @Test func `a table of somebody else is left alone`() throws {
        _ = try opened()
        _ = try database.sql("CREATE TABLE pioneer.usage (id text); CREATE VIEW pioneer.other AS SELECT 1")
        #expect(failure { try opened().prepare(ViewFixture.definition("usage")) }?.code == .viewForeignFile)
        #expect(failure { try opened().prepare(ViewFixture.definition("other")) }?.code == .viewForeignFile)
    }

    @Test func `names that PostgreSQL would cut or has itself are refused`() throws {
        let views = try opened()
        let long = String(repeating: "x", count: 64)
        #expect(failure { try views.prepare(ViewFixture.definition(long)) }?.code == .viewDefinition)
        for name in [long, "xmin"] {
            let type = RowType([.init("id", .string), .init(name, .int)])
            #expect(failure { try views.prepare(ViewFixture.definition("v", type: type, key: ["id"])) }?.code == .viewDefinition)
        }
        let longest = String(repeating: "x", count: 63)
        try views.prepare(ViewFixture.definition(longest))
        try views.prepare(ViewFixture.definition(longest))
    }

    @Test func `engines that prepare at once do not collide`() async throws {
        let schemas = (0..<3).map { "schema \"\($0)" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<9 {
                group.addTask {
                    let views = try opened(schema: schemas[index % 3])
                    for name in ["a", "b", "c"].shuffledBy(index) { try views.prepare(ViewFixture.definition(name)) }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a table that was dropped by hand starts from the beginning`() throws {
        try opened().prepare(ViewFixture.definition("usage"))
        _ = try database.sql(
            "INSERT INTO pioneer._pioneer_positions VALUES ('usage', 0, '\(ViewFixture.log)', 5, '-infinity'); DROP TABLE pioneer.usage")
        let views = try opened()
        try views.prepare(ViewFixture.definition("usage"))
        #expect(try views.positions(of: "usage", log: ViewFixture.log).isEmpty)
    }

    @Test func `a column that somebody dropped is made again and the view filled again, one that the view has lost is let go`() throws {
        var view = ViewFixture.definition("usage", keep: nil)
        let views = try opened()
        try views.prepare(view)
        #expect(try views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1)) == .applied)
        view.type.columns.removeAll { $0.flatName == "label" }
        try views.prepare(view)
        _ = try database.sql("ALTER TABLE pioneer.usage DROP COLUMN label")
        try views.prepare(view)
        #expect(try views.positions(of: "usage", log: ViewFixture.log).count == 1)
        #expect(try database.sql("SELECT count(*) FROM pioneer.usage") == ["1"])
        _ = try database.sql("ALTER TABLE pioneer.usage DROP COLUMN count")
        try views.prepare(view)
        #expect(try views.positions(of: "usage", log: ViewFixture.log).isEmpty)
        #expect(try database.sql("SELECT count(*) FROM pioneer.usage") == ["0"])
        #expect(try database.sql("SELECT count(count) FROM pioneer.usage") == ["0"])
    }
}

extension [String] {
    fileprivate func shuffledBy(_ count: Int) -> [String] { Array(self[(count % self.count)...] + self[..<(count % self.count)]) }
}
