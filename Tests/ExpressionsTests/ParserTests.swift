import Base
import Columns
import Testing

@testable import Expressions

struct ParserTests {
    /// The tree, written out with every grouping in parentheses.
    private func grouped(_ text: String) -> String {
        func write(_ node: SyntaxNode) -> String {
            switch node.kind {
            case .binary(let op, let left, let right): "(\(write(left)) \(op.rawValue) \(write(right)))"
            case .unary(let op, let operand): "(\(op.rawValue)\(write(operand)))"
            case .conditional(let c, let a, let b): "(\(write(c)) ? \(write(a)) : \(write(b)))"
            case .select(let operand, let field): "\(write(operand)).\(field)"
            case .index(let operand, let key): "\(write(operand))[\(write(key))]"
            case .call(let name, let target, let arguments):
                (target.map { write($0) + "." } ?? "") + "\(name)(\(arguments.map(write).joined(separator: ", ")))"
            default: "\(node)"
            }
        }
        let (tree, issues) = Expression.parse(text)
        return tree.map(write) ?? issues.map(\.message).joined()
    }

    @Test(arguments: [
        ("a + b * c - d", "((a + (b * c)) - d)"), ("a - b - c", "((a - b) - c)"), ("a || b && c", "(a || (b && c))"),
        ("a < b == c", "((a < b) == c)"), ("!a && -b < c", "((!a) && ((-b) < c))"), ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a in b || c", "((a in b) || c)"), ("-1 - -2", "(-1 - -2)"), ("a -1", "(a - 1)"), ("-a.b[c].d(e)", "(-a.b[c].d(e))"),
        ("--a", "(-(-a))"), ("a && b && c && d", "((a && b) && (c && d))"), ("(a + b) * c", "((a + b) * c)"), ("a.b.c", "a.b.c"),
        (".a.b", ".a.b"),
        ("a.if", "a.if"), ("a.`b-c`", "a.b-c"), ("[1, 2,]", "[1, 2]"), ("{1: 2, \"a\": 3u,}", "{1: 2, \"a\": 3u}"),
        ("a.b.C{d: 1, e: 2}", "a.b.C{d: 1, e: 2}"),
        ("0x1F + 1e3 + .5 + 0xFFu", "(((31 + 1000.0) + 0.5) + 255u)"), ("a // note\n + b", "(a + b)"), ("has(a.b)", "has(a.b)"),
        ("a.all(x, x > 1)", "a.all(x, (x > 1))"),
        ("-9223372036854775808", "-9223372036854775808"), ("(a).b", "a.b"), ("1 .size()", "1.size()"),
    ])
    func `precedence and literals are CEL's`(text: String, expected: String) {
        #expect(grouped(text) == expected)
    }

    @Test(arguments: [
        ("r'\\n' + R\"\"\"a\"b\"\"\"", "\"\\\\n\" + \"a\\\"b\""), ("'a\\u00e9\\x41\\101\\U0001F62C'", "\"aéAA😬\""),
        ("b'\\xff\\377a' + Br'\\x'", "b\"\\xff\\xff\\x61\" + b\"\\x5c\\x78\""),
        ("'''a\nb'''", "\"a\\nb\""), ("\"\"\"\"\"\"", "\"\""), ("''", "\"\""), ("'\\'\\\"\\`\\?\\a'", "\"'\\\"`?\u{7}\""),
    ])
    func `strings and bytes keep what they say`(text: String, expected: String) throws {
        #expect(try #require(Expression.parse(text).0).description == expected)
    }

    @Test(arguments: [
        ("", 0..<0), ("a +", 3..<3), ("a b", 2..<3), ("(a", 2..<2), ("a ? b", 5..<5), ("a ? b ? c : d : e", 6..<7), ("'abc", 0..<4),
        ("'a\nb'", 0..<2), ("'\\q'", 1..<3),
        ("'\\ud800'", 1..<7), ("b'\\u0041'", 2..<4), ("a = b", 2..<3), ("a & b", 2..<3), ("9223372036854775808", 0..<19),
        ("99999999999999999999u", 0..<21),
        ("1e999", 0..<5), ("if", 0..<2), ("a.true", 2..<6), ("f(a,)", 4..<5), ("!-a", 1..<2), ("`a`", 0..<3), ("a.``", 2..<4),
        ("é", 0..<2), ("in", 0..<2), ("[,]", 1..<2), ("0x", 1..<2),
    ])
    func `a syntax error says where`(text: String, range: Range<Int>) {
        let (tree, issues) = Expression.parse(text)
        #expect(tree == nil)
        #expect(issues.map(\.range) == [range])
        #expect(issues.map(\.code) == [.expressionSyntax])
    }

    @Test func `ranges and focus point at the text`() throws {
        let tree = try #require(Expression.parse("\"é\" == (a.b)").0)
        #expect(tree.range == 0..<13 && tree.focus == 5..<7)
        #expect(tree.children[1].range == 8..<13 && tree.children[1].focus == 11..<12)
        let call = try #require(Expression.parse("quantile(value, 0.95)").0)
        guard case .call("quantile", nil, let arguments) = call.kind else { throw Mismatch() }
        #expect(call.range == 0..<21 && call.focus == 0..<8 && arguments.map(\.range) == [9..<14, 16..<20])
    }

    private struct Mismatch: Error {}

    @Test(arguments: [
        String(repeating: "(", count: 5000) + "a", String(repeating: "[", count: 300) + String(repeating: "]", count: 300),
        String(repeating: "!", count: 5000) + "a", "a" + String(repeating: " + a", count: 5000), "a" + String(repeating: ".b", count: 5000),
        String(repeating: "a ? b : ", count: 5000) + "c", String(repeating: "f(", count: 5000) + "a",
        String(repeating: "- ", count: 5000) + "a",
    ])
    func `what nests too deep is refused`(text: String) {
        #expect(Expression.parse(text).1.map(\.code) == [.expressionTooDeep])
    }

    @Test func `what nests as deep as allowed is taken`() {
        #expect(Expression.parse(String(repeating: "(", count: 249) + "1" + String(repeating: ")", count: 249)).0 != nil)
        let sum = Expression.compile("1" + String(repeating: " + 1", count: 249), over: Fixture.row).0
        #expect(sum?.constant == .int(250))
        let chain = "false" + String(repeating: " || false", count: 9_999) + " || true"
        #expect(Expression.compile(chain, over: Fixture.row).0?.constant == .bool(true))
    }

    private static let seeds = [
        "metric == \"cpu_utilization\" && value > 5.0", "maybe != null ? maybe * 2 : 0.0", "tags[\"timezone\"].startsWith('Eu')",
        "has(machines.tags.os) || count in [1, 2, 3]", "at + duration(\"1h\") > now()", "[1, {2: b'\\x00'}, a.B{c: 0xffu}]",
        "r\"\"\"a\"\"\" + 'é\\u00e9' // c",
        "or_else(tags.zone, \"UTC\").size() % 3 - -1", ".a.`b c`.d(e, f)[g]", "tags.exists(k, k == 'x') ? 1e3 : .5",
    ]

    @Test func `no text makes the parser or checker fail, and printing is stable`() {
        var random = SeededRandom(seed: 7)
        let alphabet = Array("abr'\"\\`()[]{}<>=!&|?:.,+-*/% 019xueE\n\tinté\u{1F600}truenull".utf8)
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = (0..<random.below(24)).map { _ in
                    round % 4 == 0 ? UInt8(random.below(256)) : alphabet[random.below(alphabet.count)]
                }
            } else {
                bytes = Array(Self.seeds[random.below(Self.seeds.count)].utf8)
                for _ in 0...random.below(3) {
                    let at = random.below(bytes.count)
                    switch random.below(3) {
                    case 0: bytes.remove(at: at)
                    case 1: bytes.insert(alphabet[random.below(alphabet.count)], at: at)
                    default: bytes[at] = alphabet[random.below(alphabet.count)]
                    }
                    if bytes.isEmpty { bytes = [97] }
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let (tree, issues) = Expression.parse(text)
            if (tree == nil) != !issues.isEmpty { Issue.record("a tree or an issue: \(text)") }
            let length = text.utf8.count
            guard let tree else {
                if issues.contains(where: { $0.range.upperBound > length }) { Issue.record("past the end: \(text)") }
                continue
            }
            if Expression.parse(tree.description).0?.description != tree.description { Issue.record("reprinted: \(text)") }
            let (compiled, found) = Expression.compile(tree, over: Fixture.row)
            if (compiled == nil) != !found.isEmpty { Issue.record("an expression or an issue: \(text)") }
            if found.contains(where: { $0.range.upperBound > length }) { Issue.record("past the end: \(text)") }
        }
    }
}
