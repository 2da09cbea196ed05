import Base
import Columns
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// Queries that read from another server than the one that is written. What stands for the replica is a database of its own,
/// so that its rows and positions tell which one answered.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct ReplicaTests {
    private func filled(_ url: String, replica: String? = nil, rows: Int) throws -> PostgresViews {
        let views = try PostgresViews(PostgresSettings(url: url, replicaURL: replica))
        try views.prepare(ViewFixture.definition())
        let rows = (0..<rows).map { ViewFixture.row("r\($0)", at: 1) }
        _ = try views.apply(ViewFixture.change(rows, from: 0, to: Int64(rows.count)))
        return views
    }

    private func expect(_ views: PostgresViews, rows: Int, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        let answer = try views.query(ViewFixture.query())
        #expect(answer.rows.count == rows, sourceLocation: sourceLocation)
        // Fresh as the rows are, not as the primary is.
        #expect(answer.positions[PartitionNumber(0)]?.next == Offset(Int64(rows)), sourceLocation: sourceLocation)
        #expect(try views.rowCount(of: "usage") == rows, sourceLocation: sourceLocation)
    }

    @Test func `queries read the replica, projections the primary`() throws {
        let primary = try Postgres.database(), replica = try Postgres.database()
        _ = try filled(replica.url, rows: 2)
        let views = try filled(primary.url, replica: replica.url, rows: 5)
        try expect(views, rows: 2)
        #expect(try views.positions(of: "usage", log: ViewFixture.log)[PartitionNumber(0)]?.next == Offset(5))
    }

    @Test func `a replica that has no such table yet is passed over`() throws {
        let primary = try Postgres.database(), replica = try Postgres.database()
        let views = try filled(primary.url, replica: replica.url, rows: 5)
        try expect(views, rows: 5)
        _ = try filled(replica.url, rows: 2)
        try expect(views, rows: 2)
    }

    @Test func `of a replica that swallows everything one query at a time finds out whether it still does`() throws {
        let primary = try Postgres.database(), replica = try SilentServer()
        let views = try filled(primary.url, replica: "postgresql://nobody@127.0.0.1:\(replica.port)/none", rows: 5)
        try expect(views, rows: 5)
        #expect(replica.takeConnections() == 1)
        views.readers.askReplicaAgain()
        try BlockingTask.atOnce(6) { _ = try views.query(ViewFixture.query()) }
        #expect(replica.takeConnections() == 1)
    }

    @Test func `an address of a replica that cannot be read is refused at the start`() throws {
        let primary = try Postgres.database()
        let error = #expect(throws: EngineError.self) {
            try PostgresViews(PostgresSettings(url: primary.url, replicaURL: "postgresql://host:port:5432/"))
        }
        #expect(error?.code == .viewAddress)
    }

    @Test(.enabled(if: Postgres.hasOwn, Comment(rawValue: Postgres.skippedOwn)))
    func `the primary answers while the replica is away, and the replica when it is back`() throws {
        let server = try Postgres.own()
        let primary = try Postgres.database(), replica = try server.makeDatabase()
        _ = try filled(replica.url, rows: 2)
        let views = try filled(primary.url, replica: replica.url, rows: 5)
        try expect(views, rows: 2)
        // The engine does not wait for its rows to be durable, and the log is not here to bring them again: a commit that does
        // makes all before it durable too.
        try replica.sql("CREATE TABLE synced ()")
        try server.kill()
        for _ in 0..<3 { try expect(views, rows: 5) }
        try server.start()
        views.readers.askReplicaAgain()
        try expect(views, rows: 2)
        try server.crash()
        // Both may answer while it recovers; nothing fails.
        for _ in 0..<20 { _ = try views.query(ViewFixture.query()) }
    }
}
