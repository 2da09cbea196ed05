import Base
import Columns
import Stores

extension ViewConformance {
    static let nameChecks: [Check] = [
        Check(description: "columns may be called like words, parts and signs of SQL") { harness in
            let names = ["select", "order", "groups", "page", "c0", "c1", "count", "a b", "a\"b", "a'b", "a;b", "--", "$1", "?", "é", "Ä", "null"]
            let type = RowType([.init("id", .string)] + names.map { .init($0, .int, isNullable: true) })
            let view = ViewFixture.definition(type: type, key: ["id"], keep: nil)
            let store = try prepared(harness, view)
            var model = ViewModel(view)
            let rows: [FixtureRow] = (0..<4).map { number in
                var row: FixtureRow = ["id": .string("r\(number)")]
                for (index, name) in names.enumerated() { row[name] = .int(Int64((number + index) % 3)) }
                return row
            }
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1, type: type))
            model.apply(rows.map { ($0, .earliest) }, deletes: [], expireBefore: nil, partition: 0, position: .start)
            for name in names {
                let filter = ViewQuery.Filter.compare(column: name, .greater, .int(0))
                let order = [ViewQuery.Order(column: name, isDescending: true, nullsFirst: true)]
                try expectRows(store, ViewFixture.query(view, filter: filter, order: order), model, name)
                var query = ViewFixture.query(view, order: order)
                query.select = [.init(name), .init("c0 ", source: "id", aggregate: .max), .init("rows", source: nil, aggregate: .count)]
                try expectRows(store, query, model, "groups by \(name)")
            }
        },
        Check(description: "an answer's columns may have long names that begin alike") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change([ViewFixture.row("a", at: 1, ["count": .int(4)])], from: 0, to: 1))
            let long = String(repeating: "x", count: 200)
            var query = ViewFixture.query(order: [.init(column: long + "2", isDescending: false, nullsFirst: false)])
            query.select = [
                .init(long + "1", source: "id"), .init(long + "2", source: "count", aggregate: .sum),
                .init(long + "3", source: nil, aggregate: .count),
            ]
            let answer = try store.query(query)
            try expectEqual(answer.columns.map(\.path), [long + "1", long + "2", long + "3"], "names")
            try expectEqual(answer.rows, [[.string("a"), .int(4), .int(1)]], "rows")
        },
    ]
}
