/// Lets an unquoted expression have a conditional: `x: a ? b : c`.
///
/// YAML takes the second colon for another key and refuses the line. Where the parser stops at such a colon, and a ` ? `
/// stands before it in its line, the colon is replaced by a private-use character (nothing moves), the text is parsed
/// again, and the scalars get their colons back. In `{ … }` this does not help, and the expression must be quoted.
struct ConditionalColons {
    private static let substitute: Unicode.Scalar = "\u{F8F0}"
    /// Each is another run of the parser.
    private static let repairsMax = 30
    private var count = 0

    /// The text with the colon at `line` and `column` (from 1) replaced, if that is what the parser stopped at.
    mutating func repair(_ source: SourceText, problem: String, line: Int, column: Int) -> SourceText? {
        guard problem.hasPrefix("mapping values are not allowed"), count < Self.repairsMax,
            source.scalar(line - 1, column - 1) == ":",
            count > 0 || !source.lines.contains(where: { $0.contains(Self.substitute) })
        else { return nil }
        let before = source.lines[line - 1].prefix(column - 1)
        guard before.indices.dropFirst().dropLast().contains(where: { before[$0] == "?" && before[$0 - 1] == " " && before[$0 + 1] == " " })
        else { return nil }
        count += 1
        return source.replacing(line: line - 1, column - 1..<column, with: [Self.substitute])
    }

    /// A scalar's text as the file has it.
    func restored(_ text: String) -> String {
        guard count > 0 else { return text }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text.unicodeScalars.lazy.map { $0 == Self.substitute ? ":" : $0 })
        return String(view)
    }
}
