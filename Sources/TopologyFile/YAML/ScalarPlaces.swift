public import Base

/// From here on, the scalar's text stands in the file character by character, up to the next place.
public struct ScalarPlace: Hashable, Sendable {
    /// Bytes of UTF-8 from the start of the text.
    public var offset: Int
    public var location: SourceLocation
}

/// Aligns a scalar's text with the file it was read from, so that a finding about the 40th character of a folded or
/// quoted expression points at that character.
///
/// 1. The style says where the text begins: after the quote, on the line after a block's header, or right here.
/// 2. Text and file are walked together. Equal characters match. A run of white space matches a run of white space
///    (folding, indentation). In quotes, `''` and escapes match the character they stand for.
/// 3. What cannot be matched keeps the nearest place before it.
///
/// Exact for every character that is not white space.
struct ScalarAlignment {
    enum Style { case plain, singleQuoted, doubleQuoted, block }

    private let source: SourceText
    private let style: Style
    /// Where the walk stands in the file, counted from 0.
    private var line: Int
    private var column: Int

    /// - Parameters line, column: the scalar's mark, counted from 1 in Unicode scalars.
    static func places(of text: String, style: Style, in source: SourceText, line: Int, column: Int) -> [ScalarPlace] {
        var walk = ScalarAlignment(source: source, style: style, line: line - 1, column: column - 1)
        return walk.run(text)
    }

    private init(source: SourceText, style: Style, line: Int, column: Int) {
        self.source = source
        self.style = style
        self.line = line
        self.column = column
        switch style {
        case .plain: break
        case .singleQuoted, .doubleQuoted: self.column += 1
        case .block:
            self.line += 1
            self.column = 0
        }
    }

    private mutating func run(_ text: String) -> [ScalarPlace] {
        var places: [ScalarPlace] = []
        var offset = 0
        // The place where the next character would be, if it stood right after the one before.
        var expected: (line: Int, column: Int)?
        var inWhiteSpace = false
        for scalar in text.unicodeScalars {
            let isWhite = scalar.properties.isWhitespace
            if isWhite {
                if !inWhiteSpace { note(offset, &places, &expected) }
                inWhiteSpace = true
            } else {
                if inWhiteSpace || offset == 0 || style == .doubleQuoted { skipWhiteSpace(before: scalar) }
                inWhiteSpace = false
                note(offset, &places, &expected)
                expected = (line, column + 1)
                step(over: scalar)
            }
            offset += UTF8.width(scalar)
        }
        if places.isEmpty { places.append(place(offset: 0)) }
        return places
    }

    private func note(_ offset: Int, _ places: inout [ScalarPlace], _ expected: inout (line: Int, column: Int)?) {
        if let expected, expected == (line, column), !places.isEmpty { return }
        places.append(place(offset: offset))
        expected = (line, column)
    }

    private func place(offset: Int) -> ScalarPlace {
        ScalarPlace(offset: offset, location: source.location(line: line + 1, column: column + 1))
    }

    /// Moves past spaces, line breaks and, in double quotes, escaped line breaks and escaped white space.
    private mutating func skipWhiteSpace(before scalar: Unicode.Scalar) {
        while line < source.lines.count {
            guard let here = source.scalar(line, column) else {
                guard line + 1 < source.lines.count else { return }
                line += 1
                column = 0
                continue
            }
            if here == " " || here == "\t" {
                column += 1
            } else if style == .doubleQuoted, here == "\\" {
                guard let next = source.scalar(line, column + 1) else {
                    column += 1
                    continue
                }
                guard "nt rNLP_".unicodeScalars.contains(next) else { return }
                column += 2
            } else {
                return
            }
        }
    }

    private mutating func step(over scalar: Unicode.Scalar) {
        guard let here = source.scalar(line, column) else { return }
        if style == .singleQuoted, here == "'" {
            column += 2
        } else if style == .doubleQuoted, here == "\\" {
            switch source.scalar(line, column + 1) {
            case "x": column += 4
            case "u": column += 6
            case "U": column += 10
            default: column += 2
            }
        } else if here == scalar {
            column += 1
        }
    }
}
