import Base
import Columns
import Foundation
import GRDB
import Stores
import Synchronization
import Testing
import ViewConformance

@testable import SQLiteViews

private final class Flag: Sendable {
    private let value = Mutex(false)
    func set() { value.withLock { $0 = true } }
    var isSet: Bool { value.withLock { $0 } }
}

/// Rows and position agree whatever happens, and whoever looks.
@Suite struct CrashTests {
    /// Change `n` writes the value `n` into every row, so rows tell which change they are of.
    private func apply(_ n: Int64, to views: SQLiteViews) throws {
        let rows = (0..<50).map { ViewFixture.row("id-\($0)", at: 1, ["count": .int(n), "label": .string(String(repeating: "\(n % 10)", count: 40))]) }
        #expect(try views.apply(ViewFixture.change(rows, from: n - 1, to: n)) == .applied)
    }

    private func expectConsistent(_ views: SQLiteViews) throws -> Int64 {
        let answer = try views.query(ViewFixture.query(select: ["count"]))
        let position = answer.positions[PartitionNumber(0)]?.next.number ?? 0
        #expect(answer.rows.count == (position == 0 ? 0 : 50))
        #expect(answer.rows.allSatisfy { $0 == [.int(position)] })
        return position
    }

    /// A power cut may leave the write-ahead log cut anywhere after its last sync. The test cuts it at random places:
    /// the file then holds some change whole, never a part of one, and later changes apply on top.
    @Test func `a write-ahead log cut anywhere leaves rows and position of one change`() throws {
        let source = try TemporaryDirectory()
        let views = try SQLiteViews(directory: source.path)
        try views.prepare(ViewFixture.definition())
        for n in 1...20 { try apply(Int64(n), to: views) }
        let main = try Data(contentsOf: URL(fileURLWithPath: views.path))
        let wal = try Data(contentsOf: URL(fileURLWithPath: views.path + "-wal"))
        var random = SeededRandom(seed: 7)
        var seen = Set<Int64>()
        for _ in 0..<25 {
            let target = try TemporaryDirectory()
            let file = target.file(SQLiteViews.fileName)
            try main.write(to: URL(fileURLWithPath: file))
            try wal.prefix(wal.count / 4 + random.below(wal.count * 3 / 4)).write(to: URL(fileURLWithPath: file + "-wal"))
            let reopened = try SQLiteViews(directory: target.path)
            try reopened.prepare(ViewFixture.definition())
            let position = try expectConsistent(reopened)
            seen.insert(position)
            try apply(position + 1, to: reopened)
            #expect(try expectConsistent(reopened) == position + 1)
            try reopened.close()
        }
        #expect(seen.count > 3, "the cuts fell on different changes: \(seen)")
    }

    @Test func `readers see whole changes while the projector writes, and never wait for it`() async throws {
        let directory = try TemporaryDirectory()
        let views = try SQLiteViews(directory: directory.path)
        try views.prepare(ViewFixture.definition())
        let isDone = Flag()
        try await withThrowingTaskGroup(of: Int64.self) { group in
            group.addTask {
                defer { isDone.set() }
                for n in 1...150 { try self.apply(Int64(n), to: views) }
                return 0
            }
            group.addTask {
                var last: Int64 = 0
                while !isDone.isSet {
                    let position = try self.expectConsistent(views)
                    #expect(position >= last, "a view never goes back")
                    last = position
                }
                return last
            }
            for try await _ in group {}
        }
        #expect(try expectConsistent(views) == 150)
    }

    @Test func `a query answers while a change is being written`() throws {
        let directory = try TemporaryDirectory()
        let views = try SQLiteViews(directory: directory.path)
        try views.prepare(ViewFixture.definition())
        try apply(1, to: views)
        try views.pool.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            try db.execute(sql: "UPDATE usage SET count = 2")
            // On another thread: a connection pool refuses a read from inside a write.
            let answered = DispatchSemaphore(value: 0)
            DispatchQueue.global().async {
                let position = try? self.expectConsistent(views)
                #expect(position == 1)
                answered.signal()
            }
            #expect(answered.wait(timeout: .now() + 5) == .success)
            try db.execute(sql: "ROLLBACK")
        }
    }

    @Test func `a query by key, by its beginning, or for a further page reads the key's index and sorts nothing`() throws {
        let directory = try TemporaryDirectory()
        let views = try SQLiteViews(directory: directory.path)
        let view = ViewFixture.definition()
        try views.prepare(view)
        func plan(_ query: ViewQuery) throws -> [String] {
            let sql = try QuerySQL(query, from: PreparedView(view, retired: [], gained: []).queried, in: SQLiteDialect())
            let values = sql.parameters.map { value -> any DatabaseValueConvertible in
                if case .value(.string(let text), _) = value { return text }
                return 1
            }
            return try views.pool.read { db in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql.text, arguments: StatementArguments(values)).map { $0["detail"] as String }
            }
        }
        let byKey = try plan(ViewFixture.query(view, filter: .compare(column: "id", .equal, .string("a"))))
        #expect(byKey.count == 1 && byKey[0].contains("USING INDEX _pioneer_key_usage (id=?)"), "\(byKey)")
        let pattern = try #require(ViewQuery.Pattern("a%", ignoresCase: false))
        let byBeginning = try plan(ViewFixture.query(view, filter: .matches(column: "id", pattern)))
        #expect(byBeginning.count == 1 && byBeginning[0].contains("USING INDEX _pioneer_key_usage (id>? AND id<?)"), "\(byBeginning)")
        var page = ViewFixture.query(view)
        page.after = [.string("a"), .timestamp(EventTime(seconds: 1))]
        let further = try plan(page)
        #expect(further.count == 1 && further[0].contains("USING INDEX _pioneer_key_usage ((id,window_start)>(?,?))"), "\(further)")
    }
}
