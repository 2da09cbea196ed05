import Base

/// Expressions that YAML cut in pieces: in `{ p95: quantile(value, 0.95), n: count() }` the value of `p95` ends at the comma,
/// and `0.95)` is another key without a value. Found, so that the one mistake is told as such and not as three others.
struct CutExpressions {
    /// Entries whose value was cut.
    private(set) var heads: Set<Int> = []
    /// Entries that are no entries but what was cut off.
    private(set) var rests: Set<Int> = []
    private let entries: [YAMLNode.Entry]

    init(_ entries: [YAMLNode.Entry]) {
        self.entries = entries
        var index = 0
        while index < entries.count {
            let head = index
            var open = Self.openBrackets(entries[head].value)
            index += 1
            while open > 0, index < entries.count, entries[index].value.isNull {
                open += Self.balance(entries[index].key.value)
                rests.insert(index)
                heads.insert(head)
                index += 1
            }
        }
    }

    func report(to findings: FindingCollector) {
        for head in heads.sorted() {
            guard let text = entries[head].value.scalar?.text else { continue }
            let rest = entries[(head + 1)...].indices.prefix { rests.contains($0) }.map { entries[$0].key.value }
            let whole = ([text] + rest).joined(separator: ", ")
            findings.add(
                .badValue, "'\(text.shortened)' ends at a comma, as values do in { … }",
                remedy: "Quote the expression: \(entries[head].key.value): '\(whole)'. Or write each on a line of its own.",
                at: entries[head].value.location)
        }
    }

    /// How many brackets a plain value leaves open.
    private static func openBrackets(_ value: YAMLNode) -> Int {
        guard let scalar = value.scalar, scalar.isPlain else { return 0 }
        return max(0, balance(scalar.text))
    }

    private static func balance(_ text: String) -> Int {
        text.reduce(0) { $1 == "(" ? $0 + 1 : $1 == ")" ? $0 - 1 : $0 }
    }
}
