import Base
import Columns
import Stores

/// Numbers, times and spans at their ends.
extension ViewConformance {
    static let numberChecks: [Check] = [
        Check(description: "a double that is no number is null, and zero has no sign") { harness in
            let store = try prepared(harness)
            let rows = [ViewFixture.row("nan", at: 1, ["mean": .double(.nan)]), ViewFixture.row("zero", at: 1, ["mean": .double(-0.0)])]
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
            let found = try store.query(ViewFixture.query(select: ["mean"])).rows
            try expect(Canonical.same(found, [[.null], [.double(0)]]), "the doubles: \(found)")
            try expectEqual(try ids(store, .isNull(column: "mean")), [[.string("nan")]], "null")
            try expectEqual(try ids(store, .compare(column: "mean", .equal, .double(-0.0))), [[.string("zero")]], "equal to negative zero")
        },
        Check(description: "sums and means of doubles that leave their range are infinite, zero or null, and no error") { harness in
            let store = try prepared(harness)
            let cases: [(numbers: [Double], sum: Value, mean: Value)] = [
                ([1.5e308, 1.5e308], .double(.infinity), .double(.infinity)),
                ([-1.5e308, -1.5e308, 1], .double(-.infinity), .double(-.infinity)),
                ([.infinity, 1], .double(.infinity), .double(.infinity)), ([.infinity, -.infinity], .null, .null),
                ([1e308, 5e307], .double(1.5e308), .double(7.5e307)), ([1e300, 1e300, -1e300], .double(1e300), .double(1e300 / 3)),
                ([.leastNonzeroMagnitude, 0, 0], .double(.leastNonzeroMagnitude), .double(0)),
                ([.leastNonzeroMagnitude, .leastNonzeroMagnitude], .double(2 * .leastNonzeroMagnitude), .double(.leastNonzeroMagnitude)),
                ([-0.0, -0.0], .double(0), .double(0)), ([0.5, .nan], .double(0.5), .double(0.5)),
            ]
            for (index, (numbers, sum, mean)) in cases.enumerated() {
                let rows = numbers.enumerated().map { ViewFixture.row("\(index)", at: Int64($0), ["mean": .double($1)]) }
                _ = try store.apply(ViewFixture.change(rows, from: Int64(index), to: Int64(index + 1)))
                var query = ViewFixture.query(filter: .compare(column: "id", .equal, .string("\(index)")))
                query.select = [.init("sum", source: "mean", aggregate: .sum), .init("avg", source: "mean", aggregate: .avg)]
                let found = try store.query(query).rows
                try expect(Canonical.same(found, [[sum, mean]]), "of \(numbers): \(found), expected \([sum, mean])")
            }
        },
        Check(description: "the longest and shortest spans and the furthest times are stored, found and ordered") { harness in
            let store = try prepared(harness)
            let spans: [Int64] = [.min, .min + 1, -86_400_000_001, -1, 0, 1, 86_400_000_000, .max]
            let times: [Int64] = [-62_135_596_800_000_000, -1, 0, 1, 253_402_300_799_999_999]
            let rows = spans.enumerated().map { index, span in
                ViewFixture.row(
                    "r\(index)", at: 1,
                    [
                        "span": .duration(TimeSpan(microseconds: span)),
                        "seen": .timestamp(EventTime(microseconds: times[min(index, times.count - 1)])),
                    ])
            }
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
            var model = ViewModel(ViewFixture.definition())
            model.apply(rows.map { ($0, .earliest) }, deletes: [], expireBefore: nil, partition: 0, position: .start)
            for isDescending in [false, true] {
                let order = ["seen", "span"].map { ViewQuery.Order(column: $0, isDescending: isDescending, nullsFirst: false) }
                try expectRows(store, ViewFixture.query(order: order), model, "all")
            }
            let ends: [(String, Value)] = [
                ("span", .duration(TimeSpan(microseconds: .min))), ("span", .duration(TimeSpan(microseconds: .max))),
                ("seen", .timestamp(.earliest)), ("seen", .timestamp(.latest)), ("seen", .timestamp(EventTime(microseconds: .min + 1))),
            ]
            for (column, value) in ends {
                for comparison in ViewQuery.Filter.Comparison.allCases {
                    let filter = ViewQuery.Filter.compare(column: column, comparison, value)
                    try expectRows(store, ViewFixture.query(filter: filter), model, "compared with an end")
                }
                try expectRows(store, ViewFixture.query(filter: .isOneOf(column: column, [value, value])), model, "one of two ends")
            }
        },
        Check(description: "means of spans are rounded to the microsecond, halves away from zero, whatever their size") { harness in
            let store = try prepared(harness)
            var model = ViewModel(ViewFixture.definition())
            let groups: [[Int64]] = [
                [1, 2], [-1, -2], [0, 1], [0, -1], [1, 1, 2], [1, 2, 2], [.max, .max - 1], [.min, .min + 1], [.max, .min],
                [.max, .max, .max],
                Array(repeating: 0, count: 40) + [20], Array(repeating: 0, count: 40) + [21],
            ]
            let rows = groups.enumerated().flatMap { group, spans in
                spans.enumerated().map { ViewFixture.row("g\(group)", at: Int64($0), ["span": .duration(TimeSpan(microseconds: $1))]) }
            }
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
            model.apply(rows.map { ($0, .earliest) }, deletes: [], expireBefore: nil, partition: 0, position: .start)
            var query = ViewFixture.query(order: [.init(column: "mean", isDescending: true, nullsFirst: false)])
            query.select = [.init("id"), .init("mean", source: "span", aggregate: .avg)]
            try expectRows(store, query, model, "means")
            query.after = [.duration(TimeSpan(microseconds: 2)), .string("g0")]
            try expectRows(store, query, model, "means, further on")
        },
        Check(description: "limits and offsets may be as large as numbers are") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1), ViewFixture.row("b", at: 1)], from: 0, to: 1))
            for (limit, offset, count) in [(Int.max, 0, 2), (Int.max, 1, 1), (Int.max, Int.max, 0), (0, 0, 0), (1, 1, 1), (1 << 24, 0, 2)] {
                let rows = try store.query(ViewFixture.query(limit: limit, offset: offset)).rows
                try expectEqual(rows.count, count, "rows with limit \(limit) and offset \(offset)")
            }
        },
    ]

    private static func ids(_ store: any ViewStore, _ filter: ViewQuery.Filter) throws -> [[Value]] {
        try store.query(ViewFixture.query(select: ["id"], filter: filter)).rows
    }
}
