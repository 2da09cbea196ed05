/// The parser refuses a mapping that has a key twice, and stops there. To report that key and everything else in one
/// run, the second key is replaced in the text by private-use characters, as many as it has, so that nothing moves; the
/// text is parsed again; and the node with such a key is reported and left out.
struct DuplicateKeys {
    /// The keys replaced so far; the index is what the replacement's first character encodes.
    private(set) var names: [String] = []
    private static let base: UInt32 = 0xE000
    /// Each is another run of the parser, and nobody reads more.
    static let repairsMax = 30

    /// The name that a replacement stands for, if the key is one.
    func original(of key: String) -> String? {
        guard let first = key.unicodeScalars.first, first.value >= Self.base, Int(first.value - Self.base) < names.count
        else { return nil }
        return names[Int(first.value - Self.base)]
    }

    /// Replaces the next key `name` after the one at `line` and `column` (from 1), in the same mapping. Nil where it
    /// cannot be found, which leaves the caller with the parser's own message.
    mutating func repair(_ source: SourceText, name: String, line: Int, column: Int) -> SourceText? {
        guard names.count < Self.repairsMax, line >= 1, column >= 1, line <= source.lines.count else { return nil }
        let name = Array(name.unicodeScalars)
        guard !name.isEmpty else { return nil }
        let before = source.lines[line - 1].prefix(column - 1).last { $0 != " " && $0 != "\t" }
        let isFlow = before == "{" || before == ","
        let found = isFlow
            ? Self.inFlow(source, name, line - 1, column - 1)
            : Self.inBlock(source, name, line - 1, column - 1) ?? Self.inFlow(source, name, line - 1, column - 1)
        guard let found else { return nil }
        let mark = Unicode.Scalar(Self.base + UInt32(names.count))!
        let columns = found.column..<found.column + name.count
        var view = String.UnicodeScalarView()
        view.append(contentsOf: name)
        names.append(String(view))
        return source.replacing(line: found.line, columns, with: Array(repeating: mark, count: name.count))
    }

    /// Keys of a block mapping stand in one column; the mapping ends at the first line that begins left of it.
    private static func inBlock(_ source: SourceText, _ name: [Unicode.Scalar], _ line: Int, _ column: Int) -> (line: Int, column: Int)? {
        for next in source.lines.indices.dropFirst(line + 1) {
            let scalars = source.lines[next]
            guard let indent = scalars.firstIndex(where: { $0 != " " }), scalars[indent] != "#" else { continue }
            if indent < column { return nil }
            if indent == column, let at = key(name, in: scalars, at: column) { return (next, at) }
        }
        return nil
    }

    /// Keys of a flow mapping stand after its commas. Quotes and nested brackets are passed over.
    private static func inFlow(_ source: SourceText, _ name: [Unicode.Scalar], _ line: Int, _ column: Int) -> (line: Int, column: Int)? {
        var depth = 0
        var quote: Unicode.Scalar?
        var atKey = false
        for row in source.lines.indices.dropFirst(line) {
            let scalars = source.lines[row]
            for index in scalars.indices.dropFirst(row == line ? column : 0) {
                let scalar = scalars[index]
                if atKey, scalar != " ", scalar != "\t" {
                    atKey = false
                    if let at = key(name, in: scalars, at: index) { return (row, at) }
                }
                if let open = quote {
                    if scalar == open { quote = nil }
                    continue
                }
                switch scalar {
                case "\"", "'": quote = scalar
                case "{", "[": depth += 1
                case "}", "]":
                    depth -= 1
                    if depth < 0 { return nil }
                case "," where depth == 0: atKey = true
                default: break
                }
            }
        }
        return nil
    }

    /// The column of the key's first character, if the key `name`, quoted or not, stands at `at`.
    private static func key(_ name: [Unicode.Scalar], in scalars: [Unicode.Scalar], at: Int) -> Int? {
        let isQuoted = scalars[at] == "\"" || scalars[at] == "'"
        let start = isQuoted ? at + 1 : at
        var end = start + name.count
        guard end <= scalars.count, Array(scalars[start..<end]) == name else { return nil }
        if isQuoted { end += 1 }
        while end < scalars.count, scalars[end] == " " { end += 1 }
        return end < scalars.count && scalars[end] == ":" ? start : nil
    }
}
