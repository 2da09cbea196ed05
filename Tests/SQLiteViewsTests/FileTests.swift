import Base
import Columns
import Foundation
import GRDB
import Stores
import Testing
import ViewConformance

@testable import SQLiteViews

/// What may happen to the file: each comes out as an error that says what to do.
@Suite struct FileTests {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private func opened() throws -> SQLiteViews {
        let views = try SQLiteViews(directory: directory.path, lockWait: .milliseconds(50))
        try views.prepare(ViewFixture.definition())
        return views
    }

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            let error = error as? EngineError
            #expect(error?.remedy != nil || error?.code == .viewClosed)
            return error?.code.text
        }
    }

    @Test func `a query that takes too long is ended, and its connection goes on`() throws {
        let views = try SQLiteViews(directory: directory.path, readersMax: 1, queryTimeout: .zero)
        try views.prepare(ViewFixture.definition())
        let rows = (0..<5_000).map { ViewFixture.row("r\($0)", at: 1) }
        _ = try views.apply(ViewFixture.change(rows, from: 0, to: 1))
        #expect(code { _ = try views.query(ViewFixture.query()) } == "view.timed_out")
        #expect(try views.query(ViewFixture.query(limit: 1)).rows.count == 1)
        #expect(try views.rowCount(of: "usage") == 5_000)
    }

    @Test func `a projection and counts of rows do not wait for queries`() throws {
        let views = try SQLiteViews(directory: directory.path, readersMax: 1)
        try views.prepare(ViewFixture.definition())
        _ = try views.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1))
        let (next, count) = try views.readers.read { _ in
            (try views.positions(of: "usage", log: ViewFixture.log)[PartitionNumber(0)]?.next, try views.rowCount(of: "usage"))
        }
        #expect(next == Offset(1) && count == 1)
    }

    @Test func `a directory that is not there is refused`() {
        #expect(code { _ = try SQLiteViews(directory: directory.file("missing")) } == "view.not_writable")
    }

    @Test func `a file that is no database is refused as damaged, naming the file`() throws {
        try Data(repeating: 65, count: 9_000).write(to: URL(fileURLWithPath: directory.file(SQLiteViews.fileName)))
        #expect(code { _ = try opened() } == "view.corrupt")
    }

    @Test func `a database of another program is left alone`() throws {
        let other = try DatabaseQueue(path: directory.file(SQLiteViews.fileName))
        try other.write { try $0.execute(sql: "CREATE TABLE recipes (name TEXT)") }
        try other.close()
        #expect(code { _ = try opened() } == "view.foreign_file")
    }

    @Test func `a file of a newer release is refused, and works again when the version is known`() throws {
        let views = try opened()
        try views.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
        #expect(code { _ = try opened() } == "view.newer_format")
        try views.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 1") }
        #expect(code { _ = try opened() } == nil)
    }

    @Test func `a full disk changes nothing, and the same change applies once there is space`() throws {
        let views = try opened()
        try views.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 12") }
        let rows = (0..<2_000).map { ViewFixture.row("id-\($0)", at: $0, ["label": .string(String(repeating: "x", count: 100))]) }
        let change = ViewFixture.change(rows, from: 0, to: 9)
        #expect(code { _ = try views.apply(change) } == "view.disk_full")
        #expect(try views.query(ViewFixture.query()).rows.isEmpty)
        #expect(try views.positions(of: "usage", log: ViewFixture.log).isEmpty)
        try views.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        #expect(try views.apply(change) == .applied)
        #expect(try views.query(ViewFixture.query()).rows.count == 2_000)
    }

    @Test func `a lock that another process holds is a transient error`() throws {
        let views = try opened()
        let other = try DatabaseQueue(path: views.path)
        try other.inDatabase { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            let failure = #expect(throws: EngineError.self) { _ = try views.apply(ViewFixture.change(from: 0, to: 1)) }
            #expect(failure?.code == .viewLocked && failure?.isTransient == true)
            #expect(try views.query(ViewFixture.query()).rows.isEmpty)
            try db.execute(sql: "ROLLBACK")
        }
        #expect(try views.apply(ViewFixture.change(from: 0, to: 1)) == .applied)
    }

    @Test func `a closed store says so`() throws {
        let views = try opened()
        try views.close()
        #expect(code { _ = try views.query(ViewFixture.query()) } == "view.closed")
        #expect(code { _ = try views.apply(ViewFixture.change(from: 0, to: 1)) } == "view.closed")
    }

    @Test func `a definition that cannot be a table is refused`() throws {
        let views = try opened()
        func code(_ definition: ViewDefinition) -> String? { self.code { try views.prepare(definition) } }
        #expect(code(ViewFixture.definition("_pioneer_views")) == "view.definition")
        #expect(code(ViewFixture.definition("sqlite_x")) == "view.definition")
        #expect(code(ViewFixture.definition("a\"b")) == "view.definition")
        #expect(code(ViewFixture.definition("x", key: [])) == "view.definition")
        #expect(code(ViewFixture.definition("x", key: ["nothing"])) == "view.definition")
        let folded = RowType([.init("id", .string), .init("ID", .int)])
        #expect(code(ViewFixture.definition("x", type: folded, key: ["id"])) == "view.definition")
        let hidden = RowType([.init("id", .string), .init("_Event_Time", .int)])
        #expect(code(ViewFixture.definition("x", type: hidden, key: ["id"])) == "view.definition")
    }

    @Test func `column names with quotes and SQL in them are names`() throws {
        let views = try opened()
        let type = RowType([.init("id", .string), .init("a\"b", .int, isNullable: true), .init("x); DROP TABLE usage; --", .int, isNullable: true)])
        let view = ViewFixture.definition("odd", type: type, key: ["id"])
        try views.prepare(view)
        let row: FixtureRow = ["id": .string("i"), "a\"b": .int(1), "x); DROP TABLE usage; --": .int(2)]
        #expect(try views.apply(ViewFixture.change([row], from: 0, to: 1, view: "odd", type: type)) == .applied)
        let order = [ViewQuery.Order(column: "a\"b", isDescending: true, nullsFirst: true)]
        #expect(try views.query(ViewFixture.query(view, order: order)).rows == [[.string("i"), .int(1), .int(2)]])
        #expect(try views.query(ViewFixture.query()).rows.isEmpty)
    }

    @Test func `a query or change that was not checked against the definition is refused`() throws {
        let views = try opened()
        func code(_ query: ViewQuery) -> String? { self.code { _ = try views.query(query) } }
        var elsewhere = ViewFixture.query()
        elsewhere.after = [.string("a")]
        var meanOfTexts = ViewFixture.query()
        meanOfTexts.select = [.init("mean", source: "label", aggregate: .avg)]
        let pattern = try #require(ViewQuery.Pattern("a%", ignoresCase: false))
        let wrong: [ViewQuery] = [
            elsewhere, meanOfTexts, ViewFixture.query(filter: .matches(column: "count", pattern)),
            ViewFixture.query(select: ["nothing"]), ViewFixture.query(select: []),
            ViewFixture.query(select: ["id\" FROM sqlite_schema --"]), ViewFixture.query(select: ["_event_time"]),
            ViewFixture.query(filter: .isNull(column: "nothing")),
            ViewFixture.query(filter: .compare(column: "count", .equal, .string("1"))),
            ViewFixture.query(order: [.init(column: "nothing", isDescending: false, nullsFirst: false)]),
        ]
        for query in wrong {
            let error = #expect(throws: EngineError.self) { _ = try views.query(query) }
            #expect(error?.code == .viewMismatch)
        }
        let deletes: [[Value]] = [[.int(1), .timestamp(.earliest)]]
        let error = #expect(throws: EngineError.self) { _ = try views.apply(ViewFixture.change(deletes: deletes, from: 0, to: 1)) }
        #expect(error?.code == .viewMismatch)
    }

    @Test func `NaN is stored as null, for SQL has none`() throws {
        let views = try opened()
        _ = try views.apply(ViewFixture.change([ViewFixture.row("a", at: 1, ["mean": .double(.nan)])], from: 0, to: 1))
        #expect(try views.query(ViewFixture.query(select: ["mean"])).rows == [[.null]])
        let query = ViewFixture.query(filter: .not(.compare(column: "mean", .equal, .double(.nan))))
        #expect(try views.query(query).rows.isEmpty)
    }
}
