import Base
import Columns
import Foundation
import HTTPTypes
import PostgresServer
import Stores
import Testing
import ViewConformance

@testable import HTTPAPI
@testable import PostgresViews
@testable import SQLiteViews

/// Requests that try to get out of a value into the statement around it, on every store.
///
/// Each is refused with a 4xx, or answered as the model answers. Of each statement that is made: it has nothing of what the
/// request brought, and is the same text as that of a harmless request of the same shape. Afterwards the tables are as before.
@Suite struct QueryInjectionTests {
    /// `PIONEER_INJECTION_REQUESTS=100000` tries more.
    static let requestCount = ProcessInfo.processInfo.environment["PIONEER_INJECTION_REQUESTS"].flatMap { Int($0) } ?? 2_500

    @Test func `nothing that a request brings gets into a statement to SQLite`() throws {
        let directory = NSTemporaryDirectory() + "/injection-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let views = try SQLiteViews(directory: directory)
        var run = try InjectionRun(views, seed: 1) { query in
            try QuerySQL(query, from: try views.preparedView(query.view.name).queried, in: SQLiteDialect()).text
        }
        try run.run(Self.requestCount)
    }

    @Test(.enabled(if: Postgres.isHere, Comment(rawValue: Postgres.skipped)))
    func `nothing that a request brings gets into a statement to PostgreSQL`() throws {
        let database = try Postgres.database()
        let views = try PostgresViews(PostgresSettings(url: database.url))
        var run = try InjectionRun(views, seed: 2) { query in
            let view = try views.preparedView(query.view.name)
            return try QuerySQL(query, from: view.queried, in: PostgresDialect(view: view)).text
        }
        run.replacement = "\u{FFFD}"
        let tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
        let before = try database.sql(tables)
        try run.run(Self.requestCount)
        #expect(try database.sql(tables) == before)
        #expect(try database.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE '%zq7x%'").isEmpty)
    }
}

private struct InjectionRun {
    /// In every text that a request brings, and in nothing else.
    static let mark = "zq7x"
    static let now = EventTime(seconds: 1_000)

    private let store: any ViewStore
    private let statement: (ViewQuery) throws -> String
    private let view = ViewFixture.definition(keep: nil)
    private var model: ViewModel
    private var hostile: HostileRequests
    /// What the store holds for U+0000, if it cannot hold that.
    var replacement: String?

    init(_ store: any ViewStore, seed: UInt64, statement: @escaping (ViewQuery) throws -> String) throws {
        self.store = store
        self.statement = statement
        hostile = HostileRequests(seed: seed, view: view)
        model = ViewModel(view)
        try store.prepare(view)
        let rows = hostile.rows()
        _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
        model.apply(rows.map { ($0, .earliest) }, deletes: [], expireBefore: nil, partition: 0, position: .start)
    }

    mutating func run(_ count: Int) throws {
        var answered = 0, refused = 0
        for _ in 0..<count {
            let request = hostile.request()
            do {
                let parameters = try QueryParameters(request)
                let query = try ViewQueryParser(view, now: Self.now).parse(parameters).query
                try check(query, request)
                answered += 1
            } catch let error as APIError {
                try #require((400..<500).contains(error.status.code), "\(error) of \(request)")
                refused += 1
            }
        }
        // Neither all nothing nor all refusals: both sides were tried.
        #expect(answered > count / 8 && refused > count / 20, "\(answered) answered, \(refused) refused")
        let all = ViewFixture.query(view)
        let found = try store.query(all).rows, expected = try model.answer(all)
        #expect(Canonical.same(found, expected), "the rows afterwards")
    }

    private func check(_ query: ViewQuery, _ request: String) throws {
        let text = try statement(query), harmless = try statement(Harmless.query(query))
        try #require(!text.contains(Self.mark) && !text.utf8.contains(0), "\(request) made \(text)")
        try #require(text == harmless, "\(request) made another text than a harmless request")
        let expected = Result { try model.answer(replacement.map { Harmless.replacingNUL(in: query, by: $0) } ?? query) }
        let actual = Result { try store.query(query).rows }
        switch (actual, expected) {
        case (.success(let actual), .success(let expected)):
            try #require(Canonical.same(actual, expected), "\(request)\n got \(actual)\n expected \(expected)")
        case (.failure(let error as EngineError), .failure(let other as EngineError)):
            try #require(error.code == other.code && APIError(error).status.code < 500, "\(request): \(error), expected \(other)")
        default: Issue.record("\(request): \(actual), expected \(expected)")
        }
        try checkPage(query, request)
    }

    /// As the interface asks: with the columns that say where the next page begins, and one row more.
    private func checkPage(_ query: ViewQuery, _ request: String) throws {
        var (wanted, place) = query.withPlace()
        wanted.limit += query.limit > 0 ? 1 : 0
        let text = try statement(wanted), harmless = try statement(Harmless.query(wanted))
        try #require(!text.contains(Self.mark) && !text.utf8.contains(0), "a page of \(request) made \(text)")
        try #require(text == harmless, "a page of \(request) made another text than a harmless request")
        let written = ByteArena(), expected = ByteArena()
        let names = query.select.map(\.name)
        let page = Result { try store.page(query, to: RowWriter(.elements, names: names, into: written)) }
        let answer = Result { try model.answer(replacement.map { Harmless.replacingNUL(in: wanted, by: $0) } ?? wanted) }
        switch (page, answer) {
        case (.success(let page), .success(let rows)):
            let writer = RowWriter(.elements, names: names, into: expected)
            for row in rows.prefix(query.limit) {
                for value in row.prefix(names.count) { writer.value(value) }
                writer.endRow()
            }
            let (found, model) = (String(decoding: written.bytes, as: UTF8.self), String(decoding: expected.bytes, as: UTF8.self))
            try #require(found == model, "a page of \(request)")
            let hasMore = query.limit > 0 && rows.count > query.limit
            let after = hasMore ? place.values(of: rows[query.limit - 1]) : nil
            try #require(
                Canonical.same(page.after.map { [$0] } ?? [], after.map { [$0] } ?? []), "\(request) goes on after \(page.after ?? [])")
        case (.failure(let error as EngineError), .failure(let other as EngineError)):
            try #require(error.code == other.code, "a page of \(request): \(error), expected \(other)")
        default: Issue.record("a page of \(request): \(page), expected \(answer)")
        }
    }
}

/// Queries with other values.
private enum Harmless {
    /// The same shape with values that harm nobody.
    static func query(_ query: ViewQuery) -> ViewQuery {
        changed(query, value) { pattern in
            // Signs stay, the greatest character, after which no text comes, and U+0000, which has no place in every store's order.
            var text = String.UnicodeScalarView(), isEscaped = false
            for scalar in pattern.unicodeScalars {
                let isKept = scalar == "\u{10FFFF}" || scalar == "\0" || (!isEscaped && (scalar == "%" || scalar == "_" || scalar == "\\"))
                text.append(isKept ? scalar : "a")
                isEscaped = scalar == "\\" && !isEscaped
            }
            return String(text)
        }
    }

    static func replacingNUL(in query: ViewQuery, by replacement: String) -> ViewQuery {
        func replaced(_ text: String) -> String { text.replacingOccurrences(of: "\0", with: replacement) }
        return changed(query, { if case .string(let text) = $0 { .string(replaced(text)) } else { $0 } }, replaced)
    }

    private static func value(_ value: Value) -> Value {
        switch value {
        case .null: .null
        case .bool: .bool(true)
        case .int: .int(1)
        case .double: .double(1)
        case .string: .string("x")
        case .bytes: .bytes([])
        case .timestamp: .timestamp(EventTime(seconds: 1))
        case .duration: .duration(.seconds(1))
        case .map: .map([:])
        }
    }

    private static func changed(_ query: ViewQuery, _ value: (Value) -> Value, _ pattern: (String) -> String) -> ViewQuery {
        func changed(_ filter: ViewQuery.Filter) -> ViewQuery.Filter {
            switch filter {
            case .compare(let column, let comparison, let other): .compare(column: column, comparison, value(other))
            case .isNull: filter
            case .isOneOf(let column, let values): .isOneOf(column: column, values.map(value))
            case .matches(let column, let other):
                ViewQuery.Pattern(pattern(other.text), ignoresCase: other.ignoresCase).map { .matches(column: column, $0) } ?? filter
            case .not(let inner): .not(changed(inner))
            case .all(let parts): .all(parts.map(changed))
            case .any(let parts): .any(parts.map(changed))
            }
        }
        var query = query
        query.filter = changed(query.filter)
        query.after = query.after.map { $0.map(value) }
        return query
    }
}

/// Rows and requests made of what breaks statements that are put together from text.
private struct HostileRequests {
    private var random: SeededRandom
    private let view: ViewDefinition
    private let names: [String]

    private static let pieces = [
        "'", "''", "\"", "\"\"", "`", ";", "--", "/*", "*/", "\\", "\\'", "\\\\", "$$", "$1", "$zq7x$", "?", "?1", ":a", "@a", "\0", "%", "_", "*",
        "(", ")", ",", ".", " ", "\n", "\r", "\t", "'; DROP TABLE usage; --", "' OR '1'='1", "\" OR 1=1 --", "'; COPY t FROM PROGRAM 'x'; --",
        "UNION SELECT", "pg_sleep(9)", "1e999", "NaN", "null", "NULL", "E'\\x27'", "U&'\\0027'", "é", "e\u{301}", "É", "K", "\u{212A}", "日本", "🐎",
        "\u{FFFD}", "\u{10FFFF}", "\u{202E}", "\u{FEFF}", "ʼ", "＇", "a", "A", "0", "-1", "now", "true", "{}", "&", "=", "+", "#",
    ]

    init(seed: UInt64, view: ViewDefinition) {
        random = SeededRandom(seed: seed)
        self.view = view
        names = view.type.columns.map(\.flatName)
    }

    private mutating func pick<T>(_ items: [T]) -> T { items[random.below(items.count)] }

    private mutating func text() -> String {
        if random.below(60) == 0 {
            // Not of signs that stand for any text, for which the model tries every way.
            let piece = pick(Self.pieces.filter { !$0.contains("%") && !$0.contains("*") })
            return String(repeating: piece, count: 3_000) + InjectionRun.mark
        }
        var text = ""
        let at = random.below(4)
        for index in 0..<(1 + random.below(4)) {
            if index == at { text += InjectionRun.mark }
            text += pick(Self.pieces)
        }
        return text.contains(InjectionRun.mark) ? text : text + InjectionRun.mark
    }

    // MARK: Rows

    /// Of texts that conditions are made of, without what no store holds.
    mutating func rows() -> [FixtureRow] {
        (0..<40).map { number in
            var label = random.below(2) == 0 ? pick(Self.pieces) : text()
            label = label.replacingOccurrences(of: "\0", with: "")
            if label.utf8.count > 200 { label = InjectionRun.mark }
            return ViewFixture.row(
                "r\(number)\(pick(["'", "\"", "%", ""]))", at: Int64(number % 5),
                [
                    "label": random.below(5) == 0 ? .null : .string(label), "count": random.below(4) == 0 ? .null : .int(Int64(random.below(4) - 1)),
                    "mean": .double(Double(random.below(3))), "raw": .bytes([39, 0, 34]), "flag": .bool(random.below(2) == 0),
                    "span": .duration(.seconds(Int64(random.below(3)))),
                ])
        }
    }

    // MARK: Requests

    mutating func request() -> String {
        var parts = (0..<(1 + random.below(3))).map { _ in random.below(4) == 0 ? treeParameter() : conditionParameter() }
        if random.below(3) == 0 { parts.append("select=" + encoded(select())) }
        if random.below(4) == 0 { parts.append("order=" + encoded(order())) }
        if random.below(6) == 0 { parts.append("limit=" + encoded(pick(["0", "3", "10000", "1; --", "-1", "1e3", text()]))) }
        if random.below(10) == 0 { parts.append("offset=" + encoded(pick(["0", "2", "10000000", "99999999999999999999", text()]))) }
        if random.below(8) == 0 { parts.append("cursor=" + encoded(cursor())) }
        if random.below(30) == 0 { parts.append(encoded(text()) + "=" + encoded(text())) }
        return parts.joined(separator: "&")
    }

    /// Percent-encoded, mostly: a client may send anything.
    private mutating func encoded(_ text: String) -> String {
        let isWhole = random.below(30) > 0
        return text.utf8.map { byte in
            let isPlain = (48...57).contains(byte) || (97...122).contains(byte | 0x20) || ".,()_*:".utf8.contains(byte)
            if isPlain || (!isWhole && byte > 32 && byte < 127) { return String(UnicodeScalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private mutating func column() -> String { random.below(3) > 0 ? pick(["label", "id"]) : pick(names) }

    private mutating func conditionParameter() -> String {
        let column = self.column()
        return encoded(column) + "=" + encoded(condition(on: column, isInTree: false))
    }

    private mutating func condition(on column: String, isInTree: Bool) -> String {
        let negation = random.below(6) == 0 ? "not." : ""
        let name = pick(["eq", "neq", "lt", "lte", "gt", "gte", "like", "ilike", "in", "is", "isdistinct", "eq", "like", "ilike", "match", "eq'"])
        if name == "in" {
            let values = (0..<random.below(4)).map { _ in quoted(operand(of: column)) }
            return "\(negation)in.(\(values.joined(separator: ",")))"
        }
        if name == "is" { return "\(negation)is.\(pick(["null", "not_null", "true", "unknown", text()]))" }
        let value = operand(of: column)
        return "\(negation)\(name).\(isInTree ? quoted(value) : value)"
    }

    private mutating func operand(of column: String) -> String {
        guard column != "label", column != "id", random.below(4) > 0 else { return random.below(3) == 0 ? pick(Self.pieces) : text() }
        return pick(["0", "1", "-1", "true", "false", "1.5", "-Infinity", "2026-01-01T00:00:00Z", "now-5m", "1s", "AAEC", "9223372036854775807"])
    }

    private mutating func quoted(_ text: String) -> String {
        if random.below(8) == 0 { return text }
        return "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
    }

    private mutating func treeParameter() -> String {
        pick(["or", "and", "not.or", "not.and"]) + "=" + encoded(tree(depth: 2))
    }

    private mutating func tree(depth: Int) -> String {
        let items = (0..<(1 + random.below(3))).map { _ in
            if depth > 0, random.below(4) == 0 { return pick(["or", "and", "not.and"]) + tree(depth: depth - 1) }
            let column = random.below(40) == 0 ? text() : self.column()
            return "\(column).\(condition(on: column, isInTree: true))"
        }
        return "(" + items.joined(separator: ",") + ")"
    }

    private mutating func select() -> String {
        let alias = "\(InjectionRun.mark)_" + String(repeating: "x", count: random.below(100))
        return pick([
            "id,label", "label,count()", "\(alias):label,n:count()", "\(alias):count.sum(),\(alias)2:mean.avg(),flag", "mean.max(),span.avg()",
            "count.sum(),count.avg(),id", "*", "\(text()):label", "label::text", "\(text())", "count.sum()),(SELECT 1", "\(alias):id",
        ])
    }

    private mutating func order() -> String {
        pick(["label", "label.desc", "count.desc.nullslast,label", "id.asc.nullsfirst", "mean,span.desc", text(), "label.\(text())", "n.desc", "tags"])
    }

    /// As a page gives them, of queries that fit and do not, with values of the client's choice; or something else.
    private mutating func cursor() -> String {
        guard random.below(3) > 0 else { return text() }
        let query = ViewFixture.query(view, limit: 3)
        let scope = PageScope(query, conditions: [], now: InjectionRun.now)
        return scope.cursor(after: [.string(text()), .timestamp(EventTime(seconds: Int64(random.below(5))))])
    }
}
