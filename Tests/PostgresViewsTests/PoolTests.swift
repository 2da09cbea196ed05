import Base
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// Connections of queries: shared, bounded, and replaced when they break.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct PoolTests {
    private func opened(_ settings: PostgresSettings) throws -> PostgresViews {
        let views = try PostgresViews(settings)
        try views.prepare(ViewFixture.definition())
        _ = try views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1))
        return views
    }

    private func sleep(_ views: PostgresViews, seconds: Double) throws {
        _ = try views.readers.read([.init(sql: "SELECT pg_sleep(\(seconds))")])
    }

    @Test func `connections are opened as queries need them, up to the number, and used again`() throws {
        let database = try Postgres.database()
        let views = try opened(PostgresSettings(url: database.url, readersMax: 3))
        #expect(views.readers.connectionCount == 0)
        for _ in 0..<5 { _ = try views.query(ViewFixture.query()) }
        #expect(views.readers.connectionCount == 1)
        try BlockingTask.atOnce(9) { try sleep(views, seconds: 0.1) }
        #expect(views.readers.connectionCount == 3)
        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pioneer queries'"
        #expect(try database.sql(open) == ["3"])
        views.close()
        #expect(throws: EngineError.self) { try views.query(ViewFixture.query()) }
    }

    @Test func `a query that waits too long for a connection is told that all are busy`() throws {
        let database = try Postgres.database()
        let views = try opened(PostgresSettings(url: database.url, readersMax: 1, queryWait: .milliseconds(50)))
        let sleeper = BlockingTask { try sleep(views, seconds: 3) }
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        while try database.sql(sleeping) != ["1"] {}
        let error = #expect(throws: EngineError.self) { try views.query(ViewFixture.query()) }
        #expect(error?.code == .viewBusy && error?.isTransient == true && error?.domain == .environment, "\(String(describing: error))")
        try sleeper.wait()
        #expect(try views.query(ViewFixture.query()).rows.count == 1)
    }

    @Test func `a query that takes too long is ended, and its connection goes on`() throws {
        let database = try Postgres.database()
        let views = try opened(PostgresSettings(url: database.url, readersMax: 1, queryTimeout: .milliseconds(50)))
        _ = try views.query(ViewFixture.query())
        let failure = #expect(throws: PostgresFailure.self) { try sleep(views, seconds: 30) }
        #expect(failure?.state == "57014" && failure?.isConnectionLost == false)
        #expect(try views.query(ViewFixture.query()).rows.count == 1)
    }

    @Test func `a server that does not answer any more is not waited for`() throws {
        let database = try Postgres.database()
        let connection = try PostgresConnection(PostgresAddress(database.url), applicationName: "patience")
        let failure = #expect(throws: PostgresFailure.self) {
            try connection.pipelined([.init(sql: "SELECT pg_sleep(30)")], timeout: .milliseconds(50))
        }
        #expect(failure?.isConnectionLost == true && !connection.isUsable)
    }

    @Test func `a query that was not answered in time is not sent again`() throws {
        let database = try Postgres.database()
        let address = try PostgresAddress(database.url)
        let pool = PostgresPool(max: 1, wait: .seconds(1)) { try PostgresConnection(address, applicationName: "patience") }
        _ = try pool.read { try $0.pipelined([.init(sql: "SELECT 1")], timeout: .seconds(30)) }
        var runs = 0
        let failure = #expect(throws: PostgresFailure.self) {
            try pool.read { connection in
                runs += 1
                _ = try connection.pipelined([.init(sql: "SELECT pg_sleep(30)")], timeout: .milliseconds(50))
            }
        }
        #expect(failure?.isConnectionLost == true && runs == 1)
    }

    @Test func `queries do not notice that their connections were ended`() throws {
        let database = try Postgres.database()
        let views = try opened(PostgresSettings(url: database.url, readersMax: 4))
        for _ in 0..<3 {
            try BlockingTask.atOnce(4) { try sleep(views, seconds: 0.05) }
            try database.terminateConnections()
            try BlockingTask.atOnce(8) {
                let count = try views.query(ViewFixture.query()).rows.count
                #expect(count == 1)
            }
        }
    }

    @Test(.enabled(if: Postgres.hasOwn, Comment(rawValue: Postgres.skippedOwn)))
    func `a server that is away is an error that passes, and one that returned answers at once`() throws {
        let server = try Postgres.own(), database = try server.makeDatabase()
        let views = try opened(PostgresSettings(url: database.url, readersMax: 2))
        _ = try views.query(ViewFixture.query())
        for isKilled in [true, false] {
            if isKilled { try server.kill() } else { try server.stop() }
            let error = #expect(throws: EngineError.self) { try views.query(ViewFixture.query()) }
            #expect(error?.code == .viewUnreachable && error?.isTransient == true, "\(String(describing: error))")
            try server.start()
            _ = try views.query(ViewFixture.query())
            #expect(views.readers.connectionCount == 1)
        }
    }
}
