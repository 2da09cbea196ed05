import Base
import Columns
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// A database with the view `usage` in it, written through `PostgresViews` and read with SQL.
struct WriteFixture {
    let database: PostgresDatabase
    let views: PostgresViews

    init(_ view: ViewDefinition = ViewFixture.definition(), lockTimeout: TimeSpan = .seconds(10)) throws {
        database = try Postgres.database()
        views = try PostgresViews(PostgresSettings(url: database.url, lockTimeout: lockTimeout))
        try views.prepare(view)
    }

    /// The ids of the rows that queries show, in order.
    func ids() throws -> [String] {
        try database.sql("SELECT id FROM pioneer.usage WHERE \(try views.preparedView("usage").visible) ORDER BY id")
    }

    func stored() throws -> Int { Int(try database.sql("SELECT count(*) FROM pioneer.usage")[0]) ?? -1 }

    func partitions() throws -> [String] {
        try database.sql("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'pioneer.usage'::regclass ORDER BY 1")
    }

    func next() throws -> Int64? { try views.positions(of: "usage", log: ViewFixture.log)[PartitionNumber(0)]?.next.number }
}
