import Base
import Columns
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// How queries are run.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct QueryTests {
    let database: PostgresDatabase
    init() throws { database = try Postgres.database() }

    private func opened(keep: TimeSpan? = nil, rows: Int = 0) throws -> PostgresViews {
        let views = try PostgresViews(PostgresSettings(url: database.url))
        try views.prepare(ViewFixture.definition(keep: keep))
        if rows > 0 {
            let rows = (0..<rows).map { ViewFixture.row("r\($0)", at: Int64($0 % 100), ["count": .int(Int64($0))]) }
            _ = try views.apply(ViewFixture.change(rows, from: 0, to: 1))
            try database.sql("ANALYZE")
        }
        return views
    }

    @Test func `a query by key, by its beginning, or for a page reads the key's index, and pages are not sorted`() throws {
        let views = try opened(rows: 5_000)
        let view = try views.preparedView("usage")
        func plan(_ query: ViewQuery) throws -> String {
            let sql = try QuerySQL(query, from: view.queried, in: PostgresDialect(view: view))
            let parameters = PostgresParameters(sql.parameters)
            // As it is planned for all values.
            let connection = try PostgresConnection(views.address, applicationName: "plans")
            try connection.execute("SET plan_cache_mode = force_generic_plan")
            let types = sql.parameters.map { parameter in
                switch parameter {
                case .value(_, let type): PostgresType.name(of: type)
                case .values(_, let type): PostgresType.name(of: type) + "[]"
                }
            }
            try connection.execute("PREPARE question (\(types.joined(separator: ", "))) AS \(sql.text)")
            let nulls = repeatElement("NULL", count: parameters.count).joined(separator: ", ")
            let lines = try connection.execute("EXPLAIN (COSTS OFF) EXECUTE question (\(nulls))")
            return (0..<lines.rowCount).map { lines.string($0, 0) }.joined(separator: "\n")
        }
        // Of a beginning few rows are expected, which may be read in any order and sorted then.
        func expectIndexed(
            _ query: ViewQuery, _ condition: String, maySort: Bool = false, sourceLocation: Testing.SourceLocation = #_sourceLocation
        ) throws {
            let plan = try plan(query)
            #expect(plan.contains("Index Scan") && plan.contains(condition), "\(plan)", sourceLocation: sourceLocation)
            #expect(maySort || !plan.contains("Sort"), "\(plan)", sourceLocation: sourceLocation)
        }
        try expectIndexed(ViewFixture.query(filter: .compare(column: "id", .equal, .string("a")), limit: 101), "Index Cond: (id = $1)")
        let pattern = try #require(ViewQuery.Pattern("a%", ignoresCase: false))
        try expectIndexed(ViewFixture.query(filter: .matches(column: "id", pattern), limit: 101), "Index Cond: ((id >= $1) AND (id < $2))", maySort: true)
        var page = ViewFixture.query(limit: 101)
        try expectIndexed(page, "_pioneer_key_usage")
        page.after = [.string("a"), .timestamp(EventTime(seconds: 1))]
        try expectIndexed(page, "Index Cond: (ROW(id, window_start) > ROW($1, $2))")
        page.order = [.init(column: "id", isDescending: true, nullsFirst: true), .init(column: "window_start", isDescending: true, nullsFirst: true)]
        try expectIndexed(page, "Index Scan Backward")
    }

    @Test func `a connection keeps a bounded number of statements, and answers alike when it has forgotten some`() throws {
        let views = try opened(rows: 50)
        let limit = PostgresConnection.Limits.statementsMax
        for round in 0..<2 {
            for count in 1...(limit + 20) {
                // As many conditions as make another text each time.
                let filter = ViewQuery.Filter.all((0..<count).map { .compare(column: "count", .greaterOrEqual, .int(Int64($0 % 20))) })
                let rows = try views.query(ViewFixture.query(select: ["count"], filter: filter)).rows
                #expect(rows.count == 50 - min(count - 1, 19), "round \(round), \(count) conditions")
            }
        }
        let held = try views.readers.read([.init(sql: "SELECT count(*) FROM pg_prepared_statements")])
        #expect(held[0].int64(0, 0) <= Int64(limit) && views.readers.connectionCount == 1)
    }

    @Test func `a query that the server refuses leaves the connection of use, and the statements too`() throws {
        let views = try opened(rows: 3)
        for _ in 0..<3 {
            #expect(throws: EngineError.self) { try views.readers.readMapped([.init(sql: "SELECT 1"), .init(sql: "SELECT 1 / 0")], views) }
            #expect(try views.query(ViewFixture.query()).rows.count == 3)
        }
        #expect(views.readers.connectionCount == 1)
    }

    @Test func `reading connections change nothing`() throws {
        let views = try opened(rows: 3)
        let error = #expect(throws: EngineError.self) { try views.readers.readMapped([.init(sql: "DELETE FROM pioneer.usage")], views) }
        #expect(error?.code == .viewReadOnly)
        #expect(try views.rowCount(of: "usage") == 3)
    }

    @Test func `rows and positions are of one state while rows are written`() throws {
        let views = try opened()
        let writer = BlockingTask {
            for number in 1...Int64(150) {
                let rows = (0..<10).map { ViewFixture.row("r\($0)", at: 1, ["count": .int(number)]) }
                _ = try views.apply(ViewFixture.change(rows, from: number - 1, to: number))
            }
        }
        var last: Int64 = 0
        while last < 150 {
            let answer = try views.query(ViewFixture.query(select: ["count"]))
            guard let position = answer.positions[PartitionNumber(0)] else { continue }
            let counts = Set(answer.rows.map { $0[0] })
            #expect(counts == [.int(position.next.number)])
            last = position.next.number
        }
        try writer.wait()
    }

    @Test func `a view whose table lost a column says so`() throws {
        let views = try opened(rows: 3)
        try database.sql("ALTER TABLE pioneer.usage DROP COLUMN label")
        let error = #expect(throws: EngineError.self) { try views.query(ViewFixture.query()) }
        #expect(error?.code == .viewTableGone)
        #expect(try views.query(ViewFixture.query(select: ["id"])).rows.count == 3)
    }

    @Test func `something that the engine did not write is refused, naming the column`() throws {
        let views = try opened(rows: 1)
        try database.sql("UPDATE pioneer.usage SET tags = '[1]', span = interval '1 month'")
        for column in ["tags", "span"] {
            let error = #expect(throws: EngineError.self) { try views.query(ViewFixture.query(select: [column])) }
            #expect(error?.code == .viewCorrupt && error?.message.contains("'\(column)'") == true, "\(String(describing: error))")
        }
    }

    @Test(arguments: [
        ("0", "0"), ("1", "1"), ("-1", "-1"), ("10000", "10000"), ("-9999", "-9999"), ("100000000", "100000000"),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"), ("27670116110564327420", "27670116110564327420"),
        ("7.000000", "7"), ("-12345678.0", "-12345678"), ("0.5", nil), ("10000.0001", nil), ("'NaN'", nil), ("'Infinity'", nil),
        ("1e60", nil),
    ] as [(String, String?)])
    func `whole numbers are read from numeric, and nothing else`(_ number: String, _ expected: String?) throws {
        let connection = try PostgresConnection(PostgresAddress(database.url), applicationName: "numbers")
        let result = try connection.query("SELECT \(number)::numeric")
        #expect(PostgresNumeric.whole(result.bytes(0, 0)).map { "\($0)" } == expected)
    }
}

extension PostgresReaders {
    fileprivate func readMapped(_ statements: [PostgresConnection.Statement], _ views: PostgresViews) throws {
        _ = try views.mappingErrors { try read(statements) }
    }
}
