import Base
import Columns
import Stores

extension ViewConformance {
    static let patternChecks: [Check] = [
        Check(description: "patterns fit whole texts, letter by letter, with and without case") { harness in
            let store = try prepared(harness)
            let texts = ["", "a", "A", "ab", "aXb", "a%b", "a_b", "é", "É", "e\u{301}", "日本", "🐎", "a\nb", "%", "\\", "\u{10FFFF}x"]
            let rows = texts.enumerated().map { ViewFixture.row("r\($0)", at: 1, ["label": .string($1)]) }
            _ = try store.apply(ViewFixture.change(rows + [ViewFixture.row("null", at: 1)], from: 0, to: 1))
            let expected: [(pattern: String, exact: [String], folded: [String])] = [
                ("", [""], [""]), ("%", texts, texts), ("_", ["a", "A", "é", "É", "🐎", "%", "\\"], ["a", "A", "é", "É", "🐎", "%", "\\"]),
                ("a", ["a"], ["a", "A"]), ("A%", ["A"], ["a", "A", "ab", "aXb", "a%b", "a_b", "a\nb"]),
                ("a_b", ["aXb", "a%b", "a_b", "a\nb"], ["aXb", "a%b", "a_b", "a\nb"]), ("a\\_b", ["a_b"], ["a_b"]),
                ("a\\%%", ["a%b"], ["a%b"]), ("\\%", ["%"], ["%"]), ("\\\\", ["\\"], ["\\"]), ("%b", ["ab", "aXb", "a%b", "a_b", "a\nb"],
                    ["ab", "aXb", "a%b", "a_b", "a\nb"]), ("É", ["É"], ["é", "É"]), ("e%", ["e\u{301}"], ["e\u{301}"]),
                ("%x%", ["\u{10FFFF}x"], ["aXb", "\u{10FFFF}x"]), ("\u{10FFFF}%", ["\u{10FFFF}x"], ["\u{10FFFF}x"]), ("_本", ["日本"], ["日本"]),
                ("%%__%", ["ab", "aXb", "a%b", "a_b", "e\u{301}", "日本", "a\nb", "\u{10FFFF}x"],
                    ["ab", "aXb", "a%b", "a_b", "e\u{301}", "日本", "a\nb", "\u{10FFFF}x"]),
            ]
            for (text, exact, folded) in expected {
                for (ignoresCase, wanted) in [(false, exact), (true, folded)] {
                    guard let pattern = ViewQuery.Pattern(text, ignoresCase: ignoresCase) else { throw Violation(description: text) }
                    let filter = ViewQuery.Filter.matches(column: "label", pattern)
                    try expectLabels(store, filter, wanted, "\(pattern)")
                    try expectLabels(store, .not(filter), texts.filter { text in !wanted.contains { $0.utf8.elementsEqual(text.utf8) } }, "not \(pattern)")
                }
            }
        },
        Check(description: "case is ignored by the lower case that is one character, in every script and no locale") { harness in
            let store = try prepared(harness)
            var model = ViewModel(ViewFixture.definition())
            let texts = [
                "k", "K", "\u{212A}", "å", "Å", "\u{212B}", "i", "I", "İ", "ı", "i\u{307}", "ß", "ẞ", "ss", "Σ", "σ", "ς", "ǅ", "ǆ", "Ǆ", "𐐀", "𐐨",
                "Ω", "ω", "\u{2126}", "µ", "μ", "Μ", "ﬀ", "Ⓐ", "ⓐ", "Ꭰ", "ꭰ", "ა", "Ა", "@", "[", "`", "{", "%", "_", "\\",
            ]
            let rows = texts.enumerated().map { ViewFixture.row("r\($0)", at: 1, ["label": .string($1)]) }
            _ = try store.apply(ViewFixture.change(rows, from: 0, to: 1))
            model.apply(rows.map { ($0, .earliest) }, deletes: [], expireBefore: nil, partition: 0, position: .start)
            for text in texts.flatMap({ [$0, "%" + $0, "\\" + $0] }) {
                guard let pattern = ViewQuery.Pattern(text, ignoresCase: true) else { continue }
                try expectRows(store, ViewFixture.query(select: ["label"], filter: .matches(column: "label", pattern)), model, "\(pattern)")
            }
        },
        Check(description: "a pattern that begins with a text with U+0000 finds what was stored of such a text") { harness in
            let store = try prepared(harness)
            let texts = ["a\0", "a\0b", "ab", "a\u{1}"]
            _ = try store.apply(ViewFixture.change(texts.enumerated().map { ViewFixture.row("r\($0)", at: 1, ["label": .string($1)]) }, from: 0, to: 1))
            for ignoresCase in [false, true] {
                guard let pattern = ViewQuery.Pattern("a\0%", ignoresCase: ignoresCase) else { continue }
                let found = try store.query(ViewFixture.query(select: ["id"], filter: .matches(column: "label", pattern))).rows
                try expect(Canonical.same(found, [[.string("r0")], [.string("r1")]]), "\(pattern) found \(found)")
            }
        },
        Check(description: "a pattern's end may be no lone backslash") { _ in
            try expect(ViewQuery.Pattern("a\\", ignoresCase: false) == nil, "a lone backslash was taken")
            try expect(ViewQuery.Pattern("a\\\\", ignoresCase: false) != nil, "an escaped backslash was refused")
        },
    ]

    private static func expectLabels(_ store: any ViewStore, _ filter: ViewQuery.Filter, _ labels: [String], _ what: String) throws {
        let order = [ViewQuery.Order(column: "label", isDescending: false, nullsFirst: false)]
        let found = try store.query(ViewFixture.query(select: ["label"], filter: filter, order: order)).rows
        let sorted = labels.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { [Value.string($0)] }
        try expect(Canonical.same(found, sorted), "\(what) found \(found), expected \(sorted)")
    }
}
