import Base
import Columns
import OwnThreads
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import PostgresViews

/// Servers that die, and disks that are full: what was applied stays, what was not is applied later, and nothing twice.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.hasOwn, Comment(rawValue: Postgres.skippedOwn))) struct ServerTests {
    private func rows(_ change: Int64) -> [FixtureRow] {
        (0..<Int64(200)).map { ViewFixture.row("r\(($0 + change * 100) % 1_000)", at: 1, ["count": .int(change), "label": .string("\(change)")]) }
    }

    /// Goes on from `next` as a projector does: what fails is tried again, a conflict says from where it goes on. All errors
    /// are transient; returns how many there were.
    private func project(
        _ next: inout Int64, until end: Int64, to views: PostgresViews, atError: () throws -> Void = {}
    ) throws -> Int {
        var errors = 0
        while next < end, errors < 100 {
            do {
                switch try views.apply(ViewFixture.change(rows(next), from: next, to: next + 1)) {
                case .applied: next += 1
                case .conflict(let actual): next = actual.number
                }
            } catch let error as EngineError {
                #expect(error.isTransient, "\(error)")
                errors += 1
                try atError()
            }
        }
        return errors
    }

    private func expectRows(_ changes: Int64, _ database: PostgresDatabase) throws {
        var expected: [String: Int64] = [:]
        for change in 0..<changes {
            for row in rows(change) { if case .string(let id)? = row["id"] { expected[id] = change } }
        }
        let found = try database.sql("SELECT id, count, label FROM pioneer.usage ORDER BY id")
        #expect(found == expected.sorted { $0.key < $1.key }.map { "\($0.key)|\($0.value)|\($0.value)" })
    }

    @Test func `a server that is killed and started again has every change, once`() throws {
        let server = try Postgres.own(settings: ["fsync": "on"])
        let database = try server.makeDatabase()
        let views = try PostgresViews(PostgresSettings(url: database.url))
        try views.prepare(ViewFixture.definition(keep: nil))
        var next: Int64 = 0
        for round: Int64 in 1...3 {
            // It may have lost its last moments, rows with position: then they are projected again.
            let errors = try project(&next, until: round * 5, to: views) { try server.start() }
            #expect(errors > 0 || round == 1)
            try server.kill()
        }
        try server.start()
        _ = try project(&next, until: 18, to: views)
        try database.terminateConnections()
        _ = try project(&next, until: 20, to: views)
        try expectRows(next, database)
    }

    @Test(.enabled(if: SmallTablespace.isPermitted, Comment(rawValue: SmallTablespace.skipped)))
    func `a full disk is a transient error, and the change applies once there is space`() throws {
        let server = try Postgres.own()
        let disk = try server.makeTablespace(megabytes: 32)
        let database = try server.makeDatabase(tablespace: disk.name)
        let views = try PostgresViews(PostgresSettings(url: database.url))
        try views.prepare(ViewFixture.definition(keep: nil))
        var next: Int64 = 0
        _ = try project(&next, until: 1, to: views)
        try disk.fill()
        var isFull = true
        while isFull, next < 100 { isFull = try project(&next, until: next + 1, to: views) { disk.free() } == 0 }
        #expect(!isFull, "the disk was never full")
        try expectRows(next, database)
        views.close()
        try database.drop()
    }
}
