/// Text on a terminal: how many columns it takes, how it is cut, and what may not reach the terminal as it is.
enum CellText {
    static let ellipsis = "…"

    /// The columns that a text takes: East Asian wide characters and emoji two (Unicode Standard Annex 11, "W" and "F"),
    /// marks none. - Complexity: O(length).
    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width($1) }
    }

    static func width(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.isASCII { return 1 }
        let isWide = wide.contains { $0.contains(first.value) }
            || first.properties.isEmojiPresentation
            || character.unicodeScalars.contains { $0.value == 0xFE0F }
        return isWide ? 2 : 1
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
        0x20000...0x3FFFD,
    ]

    /// The text within `limit` columns, its end replaced by `…` where it is longer. - Precondition: `limit` is at least 1.
    static func cut(_ text: String, to limit: Int) -> String {
        precondition(limit >= 1, "an ellipsis needs a column")
        guard width(text) > limit else { return text }
        var kept = ""
        var taken = 0
        for character in text {
            let next = width(character)
            guard taken + next <= limit - 1 else { break }
            kept.append(character)
            taken += next
        }
        return kept + ellipsis
    }

    /// The text with control characters as escapes: what comes from a topic must not steer the terminal.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where isControl(scalar): out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Controls, and the marks that turn the direction of writing.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }
}
