import Base

/// A file's text by lines, as YAML 1.1 breaks them, so that a line and column count the same here and in the parser.
///
/// The parser counts columns in Unicode scalars, editors in characters: `location(line:column:)` goes from one to the
/// other.
struct SourceText: Sendable {
    let file: String
    /// Without their line breaks.
    private(set) var lines: [[Unicode.Scalar]]
    /// Whether a line's columns are the same in scalars and in characters.
    private let isASCII: [Bool]

    init(_ text: String, file: String) {
        self.file = file
        var lines: [[Unicode.Scalar]] = [[]]
        var afterCarriageReturn = false
        for scalar in text.unicodeScalars {
            defer { afterCarriageReturn = scalar == "\r" }
            switch scalar {
            case "\n" where afterCarriageReturn: continue
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
            default: lines[lines.count - 1].append(scalar)
            }
        }
        // A byte order mark takes no column.
        if lines[0].first == "\u{FEFF}" { lines[0].removeFirst() }
        self.lines = lines
        isASCII = lines.map { $0.allSatisfy(\.isASCII) }
    }

    /// The text with some columns of a line replaced, all counted from 0.
    func replacing(line: Int, _ columns: Range<Int>, with scalars: [Unicode.Scalar]) -> SourceText {
        var copy = self
        copy.lines[line].replaceSubrange(columns, with: scalars)
        return copy
    }

    /// The text, its line breaks written as `\n`.
    var text: String {
        var view = String.UnicodeScalarView()
        for (index, line) in lines.enumerated() {
            if index > 0 { view.append("\n") }
            view.append(contentsOf: line)
        }
        return String(view)
    }

    /// Where the scalar at `column` (from 1) of `line` (from 1) stands, in characters. Places outside the text are moved
    /// to its nearest.
    /// - Complexity: O(column).
    func location(line: Int, column: Int) -> SourceLocation {
        guard line <= lines.count else { return location(line: lines.count, column: lines[lines.count - 1].count + 1) }
        let line = max(line, 1)
        guard !isASCII[line - 1] else { return SourceLocation(file: file, line: line, column: max(1, column)) }
        let before = lines[line - 1].prefix(max(0, column - 1))
        var view = String.UnicodeScalarView()
        view.append(contentsOf: before)
        return SourceLocation(file: file, line: line, column: String(view).count + 1)
    }

    /// The scalar at a place, both counted from 0; nil past the end of the line.
    func scalar(_ line: Int, _ column: Int) -> Unicode.Scalar? {
        guard lines.indices.contains(line), lines[line].indices.contains(column) else { return nil }
        return lines[line][column]
    }
}
