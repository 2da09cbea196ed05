import Base
import Columns
import Foundation
import OwnThreads
import PostgresServer
import Stores
import Synchronization
import Testing
import ViewConformance

@testable import PostgresViews

/// Connections, servers and grants that fail: what may pass is transient, and rows and position stay together.
@Suite(.serialized, .ownThreads, .enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped))) struct FaultTests {
    private func failure(_ body: () throws -> Void) -> EngineError? { #expect(throws: EngineError.self, performing: body) }

    /// Runs the change while somebody holds the position's lock, does `meanwhile` to it, and lets the lock go.
    private func applyBehindLock(
        _ fixture: WriteFixture, _ change: ViewChange, holding: String = "SELECT * FROM pioneer._pioneer_positions FOR UPDATE",
        ending: String = "ROLLBACK", meanwhile: () throws -> Void = {}
    ) throws -> Result<ViewOutcome, any Error> {
        let box = ChangeBox(change)
        return try behindLock(fixture, holding, ending, meanwhile) { try fixture.views.apply(box.change) }
    }

    private func behindLock<Value: Sendable>(
        _ fixture: WriteFixture, _ holding: String, _ ending: String, _ meanwhile: () throws -> Void = {},
        _ body: @escaping @Sendable () throws -> Value
    ) throws -> Result<Value, any Error> {
        let holder = try PostgresConnection(PostgresAddress(fixture.database.url), applicationName: "holder")
        try holder.execute("BEGIN; " + holding)
        let outcome = Mutex<Result<Value, any Error>?>(nil)
        let thread = Thread {
            let result = Result { try body() }
            outcome.withLock { $0 = result }
        }
        thread.start()
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pioneer' AND wait_event_type = 'Lock'"
        while try fixture.database.sql(waiting) != ["1"], outcome.withLock({ $0 == nil }) { Thread.sleep(forTimeInterval: 0.02) }
        try meanwhile()
        try holder.execute(ending)
        while outcome.withLock({ $0 == nil }) { Thread.sleep(forTimeInterval: 0.02) }
        return try #require(outcome.withLock { $0 })
    }

    private struct ChangeBox: @unchecked Sendable {
        let change: ViewChange
        init(_ change: ViewChange) { self.change = change }
    }

    @Test func `a connection that is killed within a change leaves nothing of it, and the change applies on a new one`() throws {
        let fixture = try WriteFixture()
        _ = try fixture.views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1))
        let change = ViewFixture.change([ViewFixture.row("b", at: 1)], from: 1, to: 2)
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pioneer'"
        let result = try applyBehindLock(fixture, change) { _ = try fixture.database.sql(kill) }
        let error = failure { _ = try result.get() }
        #expect(error?.code == .viewUnreachable && error?.isTransient == true, "\(String(describing: error))")
        #expect(try fixture.ids() == ["a"])
        #expect(try fixture.views.apply(change) == .applied)
        #expect(try fixture.ids() == ["a", "b"])
    }

    @Test func `a zombie that waited for the position learns by conflict, and its rows roll back`() throws {
        let fixture = try WriteFixture()
        _ = try fixture.views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1))
        let zombie = ViewFixture.change([ViewFixture.row("z", at: 1)], deletes: [[.string("a"), .timestamp(EventTime(seconds: 1))]], from: 1, to: 9)
        let outcome = try applyBehindLock(fixture, zombie, ending: "UPDATE pioneer._pioneer_positions SET next_offset = 2; COMMIT")
        #expect(try outcome.get() == .conflict(actual: Offset(2)))
        #expect(try fixture.ids() == ["a"])
    }

    @Test func `a view that starts over waits for who is within a change of another partition, and removes its rows too`() throws {
        let fixture = try WriteFixture(ViewFixture.definition(keep: nil))
        _ = try fixture.views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1))
        let insert = "INSERT INTO pioneer.usage (id, window_start, _event_time) VALUES ('late', '1970-01-01Z', '1970-01-01Z')"
        let position = { (partition: Int) in "INSERT INTO pioneer._pioneer_positions VALUES ('usage', \(partition), '\(ViewFixture.log)', 7, '-infinity')" }
        // The partition's first change, and one of a partition that is there.
        _ = try fixture.database.sql(position(1))
        for other in ["UPDATE pioneer._pioneer_positions SET next_offset = 9 WHERE partition = 1", position(2)] {
            let next = try #require(try fixture.next())
            var change = ViewFixture.change([ViewFixture.row("b", at: 1)], from: next, to: next + 1)
            change.startsOver = [PartitionNumber(0): Offset(next), PartitionNumber(1): Offset(20), PartitionNumber(2): Offset(20)]
            let outcome = try applyBehindLock(fixture, change, holding: "\(other); \(insert)", ending: "COMMIT")
            #expect(try outcome.get() == .applied)
            #expect(try fixture.ids() == ["b"])
            let others = try fixture.database.sql("SELECT next_offset FROM pioneer._pioneer_positions WHERE partition > 0")
            #expect(others == ["20", "20"])
            _ = try fixture.database.sql("DELETE FROM pioneer._pioneer_positions WHERE partition = 2")
        }
    }

    @Test func `a rebuild that is being finished is not given up any more`() throws {
        let fixture = try WriteFixture(ViewFixture.definition(keep: nil))
        let number = try fixture.views.beginRebuild(of: "usage", at: .earliest).number
        let outcome = try behindLock(
            fixture, "SELECT * FROM pioneer._pioneer_rebuilds FOR UPDATE", "UPDATE pioneer._pioneer_rebuilds SET state = 'done'; COMMIT"
        ) { try fixture.views.cancelRebuild(of: "usage", at: .earliest) }
        #expect(try outcome.get() == false)
        let last = try fixture.views.rebuild(of: "usage")
        #expect(last?.number == number && last?.state == .done)
    }

    @Test func `a new table that somebody removed is told, and is there again once the view was prepared`() throws {
        let fixture = try WriteFixture(ViewFixture.definition(keep: nil))
        let number = try fixture.views.beginRebuild(of: "usage", at: .earliest).number
        let table = try #require(
            try fixture.database.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'pioneer' AND tablename LIKE '%new_usage'").first)
        _ = try fixture.database.sql("DROP TABLE pioneer.\(table)")
        var change = ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1)
        change.rebuild = number
        #expect(failure { _ = try fixture.views.apply(change) }?.code == .viewTableGone)
        try fixture.views.prepare(ViewFixture.definition(keep: nil))
        #expect(try fixture.views.apply(change) == .applied)
        #expect(try fixture.views.finishRebuild(of: "usage", number: number, at: .earliest) == .done)
        #expect(try fixture.ids() == ["a"])
    }

    @Test(.enabled(if: Postgres.hasOwn, Comment(rawValue: Postgres.skippedOwn)))
    func `a server process that was stopped counts as lost, and the change applies on a new connection`() throws {
        let server = try Postgres.own(), database = try server.makeDatabase()
        let views = try PostgresViews(PostgresSettings(url: database.url, statementTimeout: .milliseconds(500)))
        try views.prepare(ViewFixture.definition())
        let rows = (0..<5_000).map { ViewFixture.row("\($0)", at: 1, ["label": .string(String(repeating: "x", count: 1_000))]) }
        let change = ViewFixture.change(rows, from: 0, to: 1)
        let process = "SELECT pid FROM pg_stat_activity WHERE datname = '\(database.name)' AND application_name = 'pioneer'"
        let id = try #require(try server.sql(process).first.flatMap { pid_t($0) })
        #expect(kill(id, SIGSTOP) == 0)
        defer { kill(id, SIGCONT) }
        let error = failure { _ = try views.apply(change) }
        #expect(error?.code == .viewUnreachable && error?.isTransient == true, "\(String(describing: error))")
        #expect(try views.apply(change) == .applied)
        #expect(try database.sql("SELECT count(*) FROM pioneer.usage") == ["5000"])
    }

    @Test func `a view that is as it was made is prepared without a lock on its table`() throws {
        var view = ViewFixture.definition()
        view.description = "What machines use"
        let fixture = try WriteFixture(view, lockTimeout: .milliseconds(100))
        let holder = try PostgresConnection(PostgresAddress(fixture.database.url), applicationName: "holder")
        // As CREATE INDEX and VACUUM hold.
        try holder.execute("BEGIN; LOCK TABLE pioneer.usage IN SHARE UPDATE EXCLUSIVE MODE")
        try fixture.views.prepare(view)
        view.description = "Something else"
        #expect(failure { try fixture.views.prepare(view) }?.code == .viewLocked)
        try holder.execute("ROLLBACK")
    }

    @Test func `of engines that move one position at once, one wins each time`() async throws {
        let fixture = try WriteFixture()
        let won = try await withThrowingTaskGroup(of: Int.self) { group in
            for engine in 0..<4 {
                group.addTask {
                    let views = try PostgresViews(PostgresSettings(url: fixture.database.url))
                    try views.prepare(ViewFixture.definition())
                    var won = 0, at: Int64 = 0
                    while at < 20 {
                        let row = ViewFixture.row("\(at)", at: 1, ["count": .int(Int64(engine))])
                        switch try views.apply(ViewFixture.change([row], from: at, to: at + 1)) {
                        case .applied: (won, at) = (won + 1, at + 1)
                        case .conflict(let actual): at = actual.number
                        }
                    }
                    return won
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(won == 20)
        #expect(try fixture.stored() == 20)
    }

    @Test func `a commit whose answer is lost is a conflict with its own end the next time`() throws {
        // Without partitions, so that the change has one COMMIT.
        let view = ViewFixture.definition(keep: nil)
        let fixture = try WriteFixture(view)
        let proxy = try CommitCutter(to: fixture.database.url)
        let views = try PostgresViews(PostgresSettings(url: proxy.url))
        try views.prepare(view)
        proxy.cutsCommits.store(true, ordering: .relaxed)
        let change = ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 7)
        let error = failure { _ = try views.apply(change) }
        #expect(error?.isTransient == true)
        proxy.cutsCommits.store(false, ordering: .relaxed)
        #expect(try views.apply(change) == .conflict(actual: Offset(7)))
        #expect(try fixture.ids() == ["a"])
    }

    @Test func `what may pass is transient, and says what happened`() throws {
        let expected: [(state: String, code: ErrorCode)] = [
            ("57P01", .viewUnreachable), ("57P02", .viewUnreachable), ("57P03", .viewUnreachable), ("08006", .viewUnreachable),
            ("25006", .viewReadOnly), ("53100", .viewDiskFull), ("53200", .viewOverloaded), ("53300", .viewOverloaded),
            ("57014", .viewTimedOut), ("55P03", .viewLocked), ("40P01", .viewLocked), ("40001", .viewLocked), ("58030", .viewIO),
            ("42P01", .viewTableGone), ("3F000", .viewTableGone), ("42703", .viewTableGone),
        ]
        for (state, code) in expected {
            let error = PostgresViews.engineError(PostgresFailure("words", state: state), place: "PostgreSQL at db", schema: "s")
            #expect(error.code == code && error.isTransient && error.remedy != nil && error.message.contains("words (\(state))"))
        }
        for state in ["42501", "XX001", "42601", "22021"] {
            let error = PostgresViews.engineError(PostgresFailure("words", state: state), place: "PostgreSQL at db", schema: "s")
            #expect(!error.isTransient && error.remedy != nil)
        }
    }

    @Test func `a lock that somebody holds for long is a transient error, and the change applies once it is free`() throws {
        let fixture = try WriteFixture(lockTimeout: .milliseconds(100))
        _ = try fixture.views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1))
        let change = ViewFixture.change([ViewFixture.row("b", at: 1)], from: 1, to: 2)
        let holder = try PostgresConnection(PostgresAddress(fixture.database.url), applicationName: "holder")
        try holder.execute("BEGIN; LOCK TABLE pioneer._pioneer_positions")
        let error = failure { _ = try fixture.views.apply(change) }
        #expect(error?.code == .viewLocked && error?.isTransient == true)
        try holder.execute("ROLLBACK")
        #expect(try fixture.views.apply(change) == .applied)
    }

    @Test func `a server that takes no writes is a transient error`() throws {
        let fixture = try WriteFixture()
        _ = try fixture.database.sql("ALTER DATABASE \(fixture.database.name) SET default_transaction_read_only = on")
        let error = failure { _ = try PostgresViews(PostgresSettings(url: fixture.database.url)) }
        #expect(error?.isTransient == true, "\(String(describing: error))")
    }

    @Test func `the engine works with the grants of its documentation, readers with theirs, and a missing one is named`() throws {
        let database = try Postgres.database(), server = try Postgres.shared()
        let engine = Postgres.unique("engine"), reader = Postgres.unique("reader")
        defer { _ = try? server.sql("DROP OWNED BY \(engine), \(reader); DROP ROLE \(engine), \(reader)", in: database.name) }
        try server.sql("CREATE ROLE \(engine) LOGIN PASSWORD 'e'; CREATE ROLE \(reader) LOGIN PASSWORD 'r'")
        try server.sql("GRANT CONNECT ON DATABASE \(database.name) TO \(engine), \(reader)")
        let settings = PostgresSettings(url: server.url(database: database.name, role: (engine, "e")), schema: "views")
        func expectDenied(_ grant: String) throws {
            let error = failure { _ = try PostgresViews(settings) }
            #expect(error?.code == .viewDenied && error?.isTransient == false)
            let named = try #require(error?.remedy?.dropLast().split(separator: "run: ").last.map(String.init))
            #expect(named.contains(grant), "\(named)")
            try server.sql(named, in: database.name)
        }
        try expectDenied("GRANT TEMPORARY ON DATABASE")
        try server.sql("CREATE SCHEMA views", in: database.name)
        try expectDenied("GRANT USAGE, CREATE ON SCHEMA \"views\"")
        let views = try PostgresViews(settings)
        try server.sql(
            """
            GRANT USAGE ON SCHEMA views TO \(reader); GRANT SELECT ON ALL TABLES IN SCHEMA views TO \(reader);
            ALTER DEFAULT PRIVILEGES FOR ROLE \(engine) IN SCHEMA views GRANT SELECT ON TABLES TO \(reader)
            """, in: database.name)
        try views.prepare(ViewFixture.definition(keep: .days(2)))
        #expect(try views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], expireBefore: EventTime(seconds: 1), from: 0, to: 1)) == .applied)
        let read = try PostgresConnection(PostgresAddress(server.url(database: database.name, role: (reader, "r"))), applicationName: "r")
        #expect(try read.execute("SELECT id FROM views.usage").string(0, 0) == "a")
        #expect(throws: PostgresFailure.self) { try read.execute("DELETE FROM views.usage") }
    }

    @Test func `a table that somebody removed is told, and is there again once the view was prepared`() throws {
        let fixture = try WriteFixture()
        _ = try fixture.database.sql("DROP TABLE pioneer.usage")
        let change = ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1)
        let error = failure { _ = try fixture.views.apply(change) }
        #expect(error?.code == .viewTableGone && error?.isTransient == true)
        try fixture.views.prepare(ViewFixture.definition())
        #expect(try fixture.views.apply(change) == .applied)
    }
}
