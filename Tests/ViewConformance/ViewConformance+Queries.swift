import Base
import Columns
import Stores

extension ViewConformance {
    /// Texts that break stores which build SQL from them, or cut strings, or fold them.
    static let awkwardTexts = [
        "", " ", "'", "\"", "''", "a'; DROP TABLE usage; --", "\" OR 1=1 --", "%", "_", "\\", "?", ":x", "$1", "é", "e\u{301}", "É",
        "日本", "🐎", "\u{10FFFF}", "\n", "\t", "null", "NULL", "0", "{}", "a", "A", "aa",
    ]

    static let queryChecks: [Check] = [
        Check(description: "every type comes back as it went in, and so does null") { harness in
            let full = ViewFixture.row("full", at: 1, [
                "flag": .bool(true), "count": .int(.min), "mean": .double(-1.5e300), "label": .string("x"), "raw": .bytes([0, 255, 39]),
                "seen": .timestamp(EventTime(microseconds: -1)), "span": .duration(TimeSpan(microseconds: .max)),
                "tags": .map(["b": "\"2\"\n", "a": "", "é": "e\u{301}"]), "machine": .bool(true), "machine_sku": .string("m5"),
                "machine_cores": .int(4),
            ])
            let edge = ViewFixture.row("edge", at: 1, [
                "flag": .bool(false), "count": .int(.max), "mean": .double(.infinity), "label": .string(""), "raw": .bytes([]),
                "span": .duration(.zero), "tags": .map([:]), "machine": .bool(true), "machine_sku": .string(""),
            ])
            try roundTrip(harness, [full, edge, ViewFixture.row("null", at: 1)])
        },
        Check(description: "awkward strings are stored, found, ordered and deleted as bytes") { harness in
            let texts = awkwardTexts + (harness.holdsNUL ? ["\0", "a\0", "a\0b"] : [])
            let store = try roundTrip(harness, texts.map { ViewFixture.row($0, at: 1, ["label": .string($0), "raw": .bytes(Array($0.utf8))]) })
            for text in texts {
                for column in ["id", "label"] {
                    let found = try store.query(
                        ViewFixture.query(select: ["id"], filter: .compare(column: column, .equal, .string(text)))).rows
                    try expect(Canonical.same(found, [[.string(text)]]), "\(column) equal to '\(text)' found \(found)")
                }
            }
            _ = try store.apply(
                ViewFixture.change(deletes: texts.map { [.string($0), .timestamp(EventTime(seconds: 1))] }, from: 1, to: 2))
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 0, "rows after the deletes")
        },
        Check(description: "columns come in the order selected, with their descriptions") { harness in
            let store = try prepared(harness)
            let answer = try store.query(ViewFixture.query(select: ["mean", "id"]))
            try expectEqual(answer.columns.map(\.path), ["mean", "id"], "columns")
        },
        Check(description: "not of a comparison with null is not true") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1), ViewFixture.row("b", at: 1, ["count": .int(1)])], from: 0, to: 1))
            try expectEqual(try ids(store, .not(.compare(column: "count", .equal, .int(2)))), [[.string("b")]], "not equal to 2")
            try expectEqual(try ids(store, .compare(column: "count", .notEqual, .int(2))), [[.string("b")]], "unequal to 2")
            try expectEqual(try ids(store, .not(.isOneOf(column: "count", [.int(2)]))), [[.string("b")]], "not one of 2")
            try expectEqual(try ids(store, .isNull(column: "count")), [[.string("a")]], "null")
            try expectEqual(try ids(store, .not(.isNull(column: "count"))), [[.string("b")]], "not null")
            try expectEqual(try ids(store, .isOneOf(column: "count", [])).count, 0, "one of nothing")
            try expectEqual(try ids(store, .all([])).count, 2, "all of nothing")
            try expectEqual(try ids(store, .any([])).count, 0, "any of nothing")
        },
        Check(description: "nulls stand where the order says, ties by the key, pages meet") { harness in
            let store = try prepared(harness)
            var model = ViewModel(ViewFixture.definition())
            let rows = (0..<40).map { index in
                ViewFixture.row("r\(index % 7)", at: Int64(index), index % 3 == 0 ? [:] : ["count": .int(Int64(index % 4))])
            }
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
            model.apply(rows.map { ($0, .earliest) }, deletes: [], expireBefore: nil, partition: 0, position: .start)
            for isDescending in [true, false] {
                for nullsFirst in [true, false] {
                    let order = [ViewQuery.Order(column: "count", isDescending: isDescending, nullsFirst: nullsFirst)]
                    for offset in stride(from: 0, to: 45, by: 9) {
                        try expectRows(store, ViewFixture.query(order: order, limit: 9, offset: offset), model, "a page")
                    }
                }
            }
        },
    ]

    private static func ids(_ store: any ViewStore, _ filter: ViewQuery.Filter) throws -> [[Value]] {
        try store.query(ViewFixture.query(select: ["id"], filter: filter)).rows
    }

    @discardableResult
    private static func roundTrip(_ harness: any ViewStoreHarness, _ rows: [FixtureRow]) throws -> any ViewStore {
        let store = try prepared(harness)
        var model = ViewModel(ViewFixture.definition())
        _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
        model.apply(rows.map { ($0, .earliest) }, deletes: [], expireBefore: nil, partition: 0, position: .start)
        try expectRows(store, ViewFixture.query(), model, "the rows that went in")
        return store
    }
}
