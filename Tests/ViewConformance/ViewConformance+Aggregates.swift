import Base
import Columns
import Stores

extension ViewConformance {
    static let aggregateChecks: [Check] = [
        Check(description: "aggregates pass nulls over, and of nothing are null or 0") { harness in
            let store = try prepared(harness)
            let outputs: [ViewQuery.Output] = [
                .init("rows", source: nil, aggregate: .count), .init("n", source: "count", aggregate: .count),
                .init("total", source: "count", aggregate: .sum), .init("mean", source: "count", aggregate: .avg),
                .init("least", source: "count", aggregate: .min), .init("most", source: "label", aggregate: .max),
                .init("long", source: "span", aggregate: .avg), .init("sum", source: "mean", aggregate: .sum),
            ]
            let nothing: [Value] = [.int(0), .int(0), .null, .null, .null, .null, .null, .null]
            try expectGroups(store, outputs, [nothing], "of no rows")
            try expectGroups(store, [.init("id")] + outputs, [], "of no rows, by a column")
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1))
            try expectGroups(store, outputs, [[.int(1)] + nothing.dropFirst()], "of a row of nulls")
            let rows = [
                ViewFixture.row("a", at: 2, ["count": .int(3), "label": .string("é"), "span": .duration(TimeSpan(microseconds: 2))]),
                ViewFixture.row("a", at: 3, ["count": .int(4), "label": .string("z"), "span": .duration(TimeSpan(microseconds: 5))]),
                ViewFixture.row("b", at: 3, ["mean": .double(0.5)]),
            ]
            _ = try store.apply(ViewFixture.change(rows, from: 1, to: 2))
            try expectGroups(
                store, [.init("id")] + outputs,
                [
                    [.string("a"), .int(3), .int(2), .int(7), .double(3.5), .int(3), .string("é"), .duration(TimeSpan(microseconds: 4)), .null],
                    [.string("b"), .int(1), .int(0), .null, .null, .null, .null, .null, .double(0.5)],
                ], "by id")
        },
        Check(description: "answers have the columns' types, and nulls make one group") { harness in
            let store = try prepared(harness)
            let rows = (0..<4).map { ViewFixture.row("r\($0)", at: 1, $0 < 2 ? [:] : ["label": .string("x"), "count": .int(1)]) }
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
            var query = ViewFixture.query(order: [.init(column: "n", isDescending: true, nullsFirst: true)])
            query.select = [
                .init("team", source: "label"), .init("n", source: nil, aggregate: .count), .init("mean", source: "count", aggregate: .avg),
            ]
            let answer = try store.query(query)
            try expectEqual(answer.columns.map(\.path), ["team", "n", "mean"], "names")
            try expectEqual(answer.columns.map(\.type), [.string, .int, .double], "types")
            try expectEqual(answer.rows, [[.string("x"), .int(2), .double(1)], [.null, .int(2), .null]], "rows, ties by the group")
        },
        Check(description: "a sum of whole numbers may pass beyond 64 bits, but not end there") { harness in
            let store = try prepared(harness)
            func add(_ numbers: [Int64], from: Int64) throws {
                let rows = numbers.enumerated().map { ViewFixture.row("r\(from)-\($0)", at: 1, ["count": .int($1)]) }
                _ = try store.apply(ViewFixture.change(rows, from: from, to: from + 1))
            }
            let sum = ViewQuery.Output("sum", source: "count", aggregate: .sum)
            try add([.max, 1, 1, -3], from: 0)
            try expectGroups(store, [sum], [[.int(.max - 1)]], "passing beyond")
            try add([.max, .max], from: 1)
            try expectError("view.sum_overflow", naming: ["27670116110564327420"]) { try expectGroups(store, [sum], [], "ending beyond") }
            try expectGroups(
                store, [.init("avg", source: "count", aggregate: .avg)], [[.double(27670116110564327420.0 / 6)]], "the mean")
        },
        Check(description: "an answer's name that is another column's is the answer's") { harness in
            let store = try prepared(harness)
            _ = try store.apply(
                ViewFixture.change(
                    [ViewFixture.row("a", at: 1, ["label": .string("z")]), ViewFixture.row("b", at: 1, ["label": .string("y")])], from: 0, to: 1))
            var query = ViewFixture.query(order: [.init(column: "id", isDescending: false, nullsFirst: false)])
            query.select = [.init("id", source: "label"), .init("label", source: nil, aggregate: .count)]
            try expectEqual(try store.query(query).rows, [[.string("y"), .int(1)], [.string("z"), .int(1)]], "groups, by the answer's id")
            query.select = [.init("id", source: "label")]
            try expectEqual(try store.query(query).rows, [[.string("z")], [.string("y")]], "rows, by the view's id")
        },
    ]

    private static func expectGroups(
        _ store: any ViewStore, _ outputs: [ViewQuery.Output], _ rows: [[Value]], _ what: String
    ) throws {
        var query = ViewFixture.query()
        query.select = outputs
        let found = try store.query(query).rows
        try expect(Canonical.same(found, rows), "\(what): \(found), expected \(rows)")
    }
}
