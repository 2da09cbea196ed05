import Base
import Columns
import Stores

extension ViewConformance {
    /// A page that is written must say what the same query's values do.
    static let writtenChecks: [Check] = [
        Check(description: "rows are written as their values are, in every form, awkward texts and nulls among them") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change(writtenRows(harness), from: 0, to: 1, watermark: EventTime(seconds: 7)))
            for select in [ViewFixture.type.columns.map(\.flatName), ["tags"], ["label", "machine", "raw"], ["mean", "span", "seen"]] {
                try expectWritten(store, ViewFixture.query(select: select))
                try expectWritten(store, ViewFixture.query(select: select, limit: 7))
                try expectWritten(store, ViewFixture.query(select: select, filter: .isNull(column: "label"), limit: 1, offset: 1))
            }
            try expectWritten(store, ViewFixture.query(limit: 0))
            try expectWritten(store, ViewFixture.query(filter: .compare(column: "id", .equal, .string("nobody"))))
        },
        Check(description: "written groups are those of the query") { harness in
            let store = try prepared(harness)
            _ = try store.apply(ViewFixture.change(writtenRows(harness), from: 0, to: 1))
            var query = ViewFixture.query(limit: 2)
            query.select = [.init("flag"), .init("n", source: nil, aggregate: .count), .init("top", source: "count", aggregate: .max)]
            try expectWritten(store, query)
        },
        Check(description: "written pages go through all rows, each once, and the last one says so") { harness in
            let store = try prepared(harness)
            let rows = writtenRows(harness)
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
            for limit in [1, 3, rows.count - 1, rows.count, rows.count + 1] {
                var query = ViewFixture.query(
                    select: ["id"], order: [.init(column: "label", isDescending: true, nullsFirst: true)], limit: limit)
                let all = try store.query(ViewFixture.query(select: ["id"], order: query.order)).rows
                var seen = 0
                repeat {
                    let page = try expectWritten(store, query)
                    seen += min(limit, all.count - seen)
                    try expectEqual(page.after == nil, seen == all.count, "whether the page up to row \(seen) is the last")
                    query.after = page.after
                } while query.after != nil
            }
        },
        Check(description: "a page of a view that is not there is refused as its query is") { harness in
            let store = try prepared(harness)
            let query = ViewFixture.query(ViewFixture.definition("nothing"))
            try expectError("view.unknown", naming: ["nothing"]) {
                _ = try store.page(query, to: RowWriter(.lines, names: query.select.map(\.name), into: ByteArena()))
            }
        },
    ]

    private static func writtenRows(_ harness: any ViewStoreHarness) -> [FixtureRow] {
        let further = ["\u{1F}\r\u{8}\u{C}", "a,b", String(repeating: "é\"", count: 300)]
        let texts = awkwardTexts + (harness.holdsNUL ? ["\0", "a\0b"] : []) + further
        return texts.enumerated().map { index, text in
            let isNull = index % 4 == 3
            var row: FixtureRow = ["machine": .bool(index % 3 == 0), "machine_sku": index % 3 == 0 ? .string(text) : .null]
            guard !isNull else { return ViewFixture.row("i-\(index)", at: Int64(index), row) }
            row["flag"] = .bool(index % 2 == 0)
            row["count"] = .int(Int64(index) &* 1_234_567_890_123)
            row["mean"] = .double(index == 4 ? .infinity : Double(index) / 3)
            row["label"] = .string(text)
            row["raw"] = .bytes(Array(text.utf8))
            row["seen"] = .timestamp(EventTime(microseconds: Int64(index) * 999_999))
            row["span"] = .duration(TimeSpan(microseconds: Int64(index - 3) * 1_500_000))
            row["tags"] = .map([text: "v", "zz": text, "b": "", "aaa": "1"])
            return ViewFixture.row("i-\(index)", at: Int64(index), row)
        }
    }

    /// Writes the query's page in every form, and compares each with one made of the query's values.
    @discardableResult
    private static func expectWritten(_ store: any ViewStore, _ query: ViewQuery) throws -> ViewPage {
        var (more, place) = query.withPlace()
        more.limit += 1
        let answer = try store.query(more)
        let rows = answer.rows.prefix(query.limit)
        let hasMore = query.limit > 0 && answer.rows.count > query.limit
        let after = hasMore ? place.values(of: answer.rows[query.limit - 1]) : nil
        var page = ViewPage(after: nil, positions: [:])
        for form in [RowWriter.Form.elements, .lines, .csv] {
            let written = ByteArena(), expected = ByteArena()
            written.append("before")
            expected.append("before")
            let writer = RowWriter(form, names: query.select.map(\.name), into: written)
            page = try store.page(query, to: writer)
            let model = RowWriter(form, names: query.select.map(\.name), into: expected)
            for row in rows {
                for value in row.prefix(query.select.count) { model.value(value) }
                model.endRow()
            }
            try expectEqual(writer.rowCount, rows.count, "rows written as \(form)")
            let (text, wanted) = (String(decoding: written.bytes, as: UTF8.self), String(decoding: expected.bytes, as: UTF8.self))
            try expect(unescaped(text) == unescaped(wanted), "as \(form): \(text.prefix(2_000))\n expected \(wanted.prefix(2_000))")
            let isSame = Canonical.same(page.after.map { [$0] } ?? [], after.map { [$0] } ?? [])
            try expect(isSame, "goes on after \(page.after ?? []), expected \(after ?? [])")
            try expectEqual(page.positions, answer.positions, "positions")
        }
        return page
    }

    /// Control characters in the texts of a map may be written in either of JSON's two ways.
    private static func unescaped(_ text: String) -> String {
        var text = text
        for (long, short) in [("\\u0008", "\\b"), ("\\u0009", "\\t"), ("\\u000a", "\\n"), ("\\u000c", "\\f"), ("\\u000d", "\\r")] {
            text = text.replacing(long, with: short)
        }
        return text
    }
}
