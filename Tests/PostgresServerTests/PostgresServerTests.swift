import OwnThreads
import PostgresServer
import Testing

@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, "\(Postgres.skipped)"))
struct PostgresServerTests {
    @Test func `a database's role owns it and may do nothing else`() throws {
        let database = try Postgres.database()
        try database.sql("CREATE SCHEMA own; CREATE TABLE own.t (x int); INSERT INTO own.t VALUES (1), (2)")
        #expect(try database.sql("SELECT x FROM own.t ORDER BY x") == ["1", "2"])
        #expect(throws: PostgresTrouble.self) { try database.sql("CREATE DATABASE another") }
        #expect(throws: PostgresTrouble.self) { try database.sql("CREATE ROLE another") }
    }

    @Test(.enabled(if: Postgres.hasOwn, "\(Postgres.skippedOwn)"))
    func `what was committed is there after each way to end a server`() throws {
        let server = try Postgres.own(), database = try server.makeDatabase()
        try database.sql("CREATE SCHEMA own; CREATE TABLE own.t (x int); INSERT INTO own.t VALUES (1)")
        try server.kill()
        #expect(throws: PostgresTrouble.self) { try database.sql("SELECT 1") }
        try server.start()
        try database.sql("INSERT INTO own.t VALUES (2)")
        try server.stop()
        try server.start()
        #expect(try server.sql("SHOW fsync") == ["on"])
        try server.crash()
        var rows: [String]?
        while rows == nil { rows = try? database.sql("SELECT x FROM own.t ORDER BY x") }
        #expect(rows == ["1", "2"])
        try database.drop()
        try database.makeAgain()
        #expect(throws: PostgresTrouble.self) { try database.sql("SELECT x FROM own.t") }
    }

    @Test(.enabled(if: Postgres.hasOwn && SmallTablespace.isPermitted, "\(SmallTablespace.skipped)"))
    func `a tablespace fills up, and has room again`() throws {
        let server = try Postgres.own(), space = try server.makeTablespace(megabytes: 16)
        let database = try server.makeDatabase(tablespace: space.name)
        try database.sql("CREATE SCHEMA own; CREATE TABLE own.t (x text)")
        try space.fill()
        #expect(throws: PostgresTrouble.self) { try database.sql("INSERT INTO own.t SELECT repeat('x', 100) FROM generate_series(1, 10000)") }
        space.free()
        try database.sql("INSERT INTO own.t SELECT repeat('x', 100) FROM generate_series(1, 10000)")
    }
}
