import Base
import Columns
import Stores

extension ViewConformance {
    static let indexChecks: [Check] = [
        Check(description: "a table has the indexes of its definition whenever they change, and answers the same with any") { harness in
            let all = [["label", "window_start"], ["label"], ["flag", "count", "mean"], ["raw", "seen"], ["span"], ["machine_sku", "id"]]
            let store = try prepared(harness, ViewFixture.definition(indexes: [all[0]]))
            let rows = (0..<40).map(indexedRow)
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 40))
            let query = ViewFixture.query(
                select: ["id", "window_start"], filter: .compare(column: "label", .equal, .string("l-1")),
                order: [.init(column: "window_start", isDescending: true, nullsFirst: true)])
            let expected = try store.query(query).rows
            try expectEqual(expected.count, 8, "rows of a label")
            for indexes in [[all[0]], all, Array(all.reversed()), Array(all.dropFirst(2)), [], [all[1]]] {
                let view = ViewFixture.definition(indexes: indexes)
                try store.prepare(view)
                try expectIndexes(harness, view)
                try expectEqual(try store.query(query).rows, expected, "rows with the indexes \(indexes)")
            }
        },
        Check(description: "an index on a column that the definition has just gained holds the rows that were there") { harness in
            let before = ViewFixture.definition(type: RowType(Array(ViewFixture.type.columns.prefix(3))))
            let store = try prepared(harness, before)
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 1, type: before.type))
            let view = ViewFixture.definition(indexes: [["count"]])
            try store.prepare(view)
            try expectIndexes(harness, view)
            let query = ViewFixture.query(view, select: ["id"], filter: .isNull(column: "count"))
            try expectEqual(try store.query(query).rows, [[.string("a")]], "rows")
        },
        Check(description: "an index goes with its column, and comes back with it") { harness in
            let store = try prepared(harness, ViewFixture.definition(indexes: [["span"], ["count"]]))
            let without = ViewFixture.definition(type: RowType(ViewFixture.type.columns.filter { $0.path != "span" }), indexes: [["count"]])
            try store.prepare(without)
            try expectIndexes(harness, without)
            let again = ViewFixture.definition(indexes: [["span"], ["count"]])
            try store.prepare(again)
            try expectIndexes(harness, again)
        },
        Check(description: "views with like names have indexes of their own") { harness in
            let long = String(repeating: "v", count: 40)
            let views = ["a", "a_label", long + "1", long + "2"].map { ViewFixture.definition($0, indexes: [["label"], ["machine_sku"]]) }
            let store = try prepared(harness, views[0])
            for view in views.dropFirst() { try store.prepare(view) }
            for view in views { try expectIndexes(harness, view) }
            try store.prepare(ViewFixture.definition("a"))
            for view in views.dropFirst() { try expectIndexes(harness, view) }
        },
    ]

    private static func indexedRow(_ n: Int) -> FixtureRow {
        let row: FixtureRow = [
            "label": n % 5 == 0 ? .null : .string("l-\(n % 4)"), "flag": .bool(n % 2 == 0), "count": .int(Int64(n % 3)),
            "raw": .bytes([UInt8(n)]), "span": .duration(.seconds(Int64(n % 6))), "machine": .bool(true),
            "machine_sku": .string("m-\(n % 3)"),
        ]
        return ViewFixture.row("i-\(n % 7)", at: Int64(n), row)
    }

    private static func expectIndexes(_ harness: any ViewStoreHarness, _ view: ViewDefinition) throws {
        guard let names = try harness.indexes(of: view.name) else { return }
        let own = names.filter { $0.hasPrefix(ViewDefinition.indexPrefix) }
        try expectEqual(Set(own), Set(view.indexes.map { view.indexName(of: $0) }), "indexes of '\(view.name)'")
    }
}
