import Base
import Columns
import Stores

extension ViewConformance {
    static let tableChecks: [Check] = [
        Check(description: "preparing a view twice changes nothing") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 0, to: 5))
            try store.prepare(ViewFixture.definition())
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 1, "rows")
        },
        Check(description: "a definition gains columns, and rows that are there hold null in them") { harness in
            let before = ViewFixture.definition(type: RowType(Array(ViewFixture.type.columns.prefix(3))))
            let store = try prepared(harness, before)
            let old = ViewFixture.row("a", at: 1, ["flag": .bool(true)])
            _ = try store.apply(ViewFixture.change([old], from: 0, to: 1, type: before.type))
            try store.prepare(ViewFixture.definition())
            _ = try store.apply(ViewFixture.change([ViewFixture.row("b", at: 1, ["count": .int(7)])], from: 1, to: 2))
            try expectEqual(
                try store.query(ViewFixture.query(select: ["id", "flag", "count"])).rows,
                [[.string("a"), .bool(true), .null], [.string("b"), .null, .int(7)]], "rows")
        },
        Check(description: "a column that is gained may hold null whatever its type says, and pages go by it all the same") { harness in
            let before = ViewFixture.definition(type: RowType(Array(ViewFixture.type.columns.prefix(3))))
            let store = try prepared(harness, before)
            let old = (0..<3).map { ViewFixture.row("old \($0)", at: 1) }
            _ = try store.apply(ViewFixture.change(old, from: 0, to: 1, type: before.type))
            let gained = ViewFixture.definition(type: RowType(before.type.columns + [.init("rank", .int)]))
            try store.prepare(gained)
            let new = (0..<3).map { ViewFixture.row("new \($0)", at: 1, ["rank": .int(Int64($0))]) }
            _ = try store.apply(ViewFixture.change(new, from: 1, to: 2, type: gained.type))
            for isDescending in [false, true] {
                let order = [ViewQuery.Order(column: "rank", isDescending: isDescending, nullsFirst: false)]
                var (query, place) = ViewFixture.query(gained, select: ["id"], order: order, limit: 2).withPlace()
                var ids: [Value] = []
                while let last = try { let rows = try store.query(query).rows; ids += rows.map { $0[0] }; return rows.last }() {
                    query.after = place.values(of: last)
                }
                let numbers = isDescending ? [2, 1, 0] : [0, 1, 2]
                let expected = numbers.map { "new \($0)" } + (0..<3).map { "old \($0)" }
                try expectEqual(ids, expected.map(Value.string), "ids, descending: \(isDescending)")
            }
        },
        Check(description: "a definition loses a column, which comes back empty for rows written without it") { harness in
            let store = try prepared(harness)
            _ = try store.apply(
                ViewFixture.change([ViewFixture.row("a", at: 1, ["span": .duration(.seconds(1))])], from: 0, to: 1))
            let without = ViewFixture.definition(type: RowType(ViewFixture.type.columns.filter { $0.path != "span" }))
            try store.prepare(without)
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1)], from: 1, to: 2, type: without.type))
            try store.prepare(ViewFixture.definition())
            try expectEqual(try store.query(ViewFixture.query(select: ["id", "span"])).rows, [[.string("a"), .null]], "rows")
        },
        Check(description: "a column whose type changed is refused, naming both types") { harness in
            let store = try prepared(harness)
            var type = ViewFixture.type
            type.columns[4].type = .int
            try expectError("view.incompatible", naming: ["mean", "double", "int"]) { try store.prepare(ViewFixture.definition(type: type)) }
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 0, "the view stays usable: rows")
        },
        Check(description: "a column that left and returns with another type is refused") { harness in
            let store = try prepared(harness)
            try store.prepare(ViewFixture.definition(type: RowType(ViewFixture.type.columns.filter { $0.path != "span" })))
            var type = ViewFixture.type
            type.columns[8].type = .string
            try expectError("view.incompatible", naming: ["span", "duration", "string"]) {
                try store.prepare(ViewFixture.definition(type: type))
            }
        },
        Check(description: "a key that changed is refused, naming both keys") { harness in
            let store = try prepared(harness)
            try expectError("view.incompatible", naming: ["id, window_start", "[id]"]) {
                try store.prepare(ViewFixture.definition(key: ["id"]))
            }
        },
        Check(description: "a null in the key is a value like any other") { harness in
            let view = ViewFixture.definition(key: ["id", "label", "raw"])
            let store = try prepared(harness, view)
            func change(_ count: Int64, from: Int64, deletes: [[Value]] = []) -> ViewChange {
                let rows = [FixtureRow(), ["label": .string("")], ["raw": .bytes([])], ["label": .string(""), "raw": .bytes([])]].map {
                    ViewFixture.row("a", at: 1, $0.merging(["count": .int(count)]) { $1 })
                }
                return ViewFixture.change(deletes.isEmpty ? rows : [], deletes: deletes, from: from, to: from + 1)
            }
            _ = try store.apply(change(1, from: 0))
            _ = try store.apply(change(2, from: 1))
            try expectEqual(
                try store.query(ViewFixture.query(view, select: ["count"])).rows, Array(repeating: [.int(2)], count: 4), "rows after an update")
            _ = try store.apply(change(0, from: 2, deletes: [[.string("a"), .null, .bytes([])], [.string("a"), .null, .null]]))
            try expectEqual(
                try store.query(ViewFixture.query(view, select: ["label", "raw"])).rows,
                [[.string(""), .bytes([])], [.string(""), .null]], "rows after deletes")
        },
        Check(description: "rows past their time go, late ones too, and those at the limit stay") { harness in
            let store = try prepared(harness)
            let rows = (0..<10).map { ViewFixture.row("a", at: $0) }
            _ = try store.apply(ViewFixture.change(rows, expireBefore: EventTime(seconds: 4), from: 0, to: 1))
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 6, "rows after the first expiry")
            _ = try store.apply(ViewFixture.change([ViewFixture.row("late", at: 1)], expireBefore: EventTime(seconds: 4), from: 1, to: 2))
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 6, "rows after a late one")
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 9)], expireBefore: nil, from: 2, to: 3))
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 6, "rows after a change without expiry")
        },
        Check(description: "an upsert replaces the whole row and its event time") { harness in
            let store = try prepared(harness)
            let times = [EventTime(seconds: 1)]
            _ = try store.apply(
                ViewFixture.change([ViewFixture.row("a", at: 1, ["count": .int(1), "label": .string("x")])], from: 0, to: 1, eventTimes: times))
            _ = try store.apply(
                ViewFixture.change([ViewFixture.row("a", at: 1, ["mean": .double(2.5)])], from: 1, to: 2, eventTimes: [EventTime(seconds: 50)]))
            try expectEqual(
                try store.query(ViewFixture.query(select: ["count", "label", "mean"])).rows, [[.null, .null, .double(2.5)]], "the row")
            _ = try store.apply(ViewFixture.change(expireBefore: EventTime(seconds: 50), from: 2, to: 3))
            try expectEqual(try store.query(ViewFixture.query()).rows.count, 1, "rows after expiry up to the new time")
        },
    ]
}
