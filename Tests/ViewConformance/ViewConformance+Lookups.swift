import Base
import Columns
import Stores

extension ViewConformance {
    static let lookupChecks: [Check] = [
        Check(description: "lookups asked together are answered as each is alone, and one that fails leaves the others") { harness in
            let store = try prepared(harness)
            let rows = (0..<40).map { ViewFixture.row("i-\($0)", at: Int64($0), ["count": .int(Int64($0)), "label": .string("l\($0)")]) }
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1, watermark: EventTime(seconds: 7)))
            var queries = (0..<45).map { lookup($0, select: $0 % 3 == 0 ? ["label"] : ["id", "count", "label"]) }
            queries[3].limit = 0
            queries[4].filter = .all([queries[4].filter, .compare(column: "count", .greater, .int(100))])
            queries[5].offset = 1
            try expect(queries.allSatisfy(\.isLookup), "each query is a lookup")
            let alone = queries.map { answer($0) { try store.page($0.query, to: $0.writer) } }
            try expectEqual(alone.filter { $0.contains("\"label\"") }.count, 37, "rows found one by one")
            try expectEqual(together(store, queries), alone, "lookups of one view")

            var broken = queries
            broken[7].select = [.init("nothing")]
            broken[9].view = ViewFixture.definition("nothing")
            let answers = together(store, broken)
            for index in queries.indices where index != 7 && index != 9 {
                try expectEqual(answers[index], alone[index], "a lookup beside one that fails")
            }
            try expectEqual([answers[7], answers[9]], ["view.mismatch", "view.unknown"], "the lookups that fail")
            try expectEqual(together(store, []), [], "no lookups")
        },
        Check(description: "a query is a lookup where its conditions give each column of the key one value") { _ in
            let id = ViewQuery.Filter.compare(column: "id", .equal, .string("a"))
            let start = ViewQuery.Filter.compare(column: "window_start", .equal, .timestamp(EventTime(seconds: 0)))
            func isLookup(_ filter: ViewQuery.Filter) -> Bool { ViewFixture.query(filter: filter).isLookup }
            try expect(isLookup(.all([id, start])) && isLookup(.all([.all([start]), .isNull(column: "label"), id])), "lookups")
            let others: [ViewQuery.Filter] = [
                id, start, .any([id, start]), .all([id, .not(start)]), .all([]),
                .all([id, .compare(column: "window_start", .lessOrEqual, .timestamp(EventTime(seconds: 0)))]),
                .all([start, .isOneOf(column: "id", [.string("a")])]),
            ]
            for other in others { try expect(!isLookup(other), "\(other) is no lookup") }
            var grouped = ViewFixture.query(filter: .all([id, start]))
            grouped.select = [.init("n", source: nil, aggregate: .count)]
            try expect(!grouped.isLookup, "an aggregate is no lookup")
        },
    ]

    private static func lookup(_ number: Int, select: [String]) -> ViewQuery {
        ViewFixture.query(
            select: select,
            filter: .all([
                .compare(column: "id", .equal, .string("i-\(number)")),
                .compare(column: "window_start", .equal, .timestamp(EventTime(seconds: Int64(number)))),
            ]))
    }

    /// The rows as written and where the view stood, or the error's code.
    private static func answer(_ query: ViewQuery, _ ask: (ViewPageRequest) throws -> ViewPage) -> String {
        let request = ViewPageRequest(query, to: RowWriter(.lines, names: query.select.map(\.name), into: ByteArena()))
        return text(request, Result { try ask(request) })
    }

    private static func together(_ store: any ViewStore, _ queries: [ViewQuery]) -> [String] {
        let requests = queries.map {
            ViewPageRequest($0, to: RowWriter(.lines, names: $0.select.map(\.name), into: ByteArena()))
        }
        return zip(requests, store.pages(requests)).map { text($0, $1) }
    }

    private static func text(_ request: ViewPageRequest, _ page: Result<ViewPage, any Error>) -> String {
        switch page {
        case .success(let page):
            "\(String(decoding: request.writer.arena.bytes, as: UTF8.self)) \(page.positions) \(page.after ?? [])"
        case .failure(let error): (error as? EngineError)?.code.text ?? "\(error)"
        }
    }
}
