import Stores

/// A pattern that ignores case, in terms of `translate` and `LIKE`, which mind it: every character of a text that folds to a
/// letter of the pattern is made that letter, and then the text is compared with the folded pattern.
///
/// Exact for every character, whatever the database's locale: characters of the text that fold to none of the pattern's
/// letters stay what they are, and none of them is such a letter, because a folded letter folds to itself.
struct FoldedPattern {
    /// The pattern, with its letters folded.
    private(set) var text = ""
    /// The characters that fold to letters of the pattern, and beside each the letter.
    private(set) var others = ""
    private(set) var lower = ""

    init(_ pattern: ViewQuery.Pattern) {
        var scalars = String.UnicodeScalarView(), from = String.UnicodeScalarView(), to = String.UnicodeScalarView()
        var seen: Set<Unicode.Scalar> = []
        for scalar in pattern.text.unicodeScalars {
            // Signs of the pattern have no case.
            let folded = scalar.folded
            scalars.append(folded)
            guard let others = Self.othersByLower[folded], seen.insert(folded).inserted else { continue }
            for other in others {
                from.append(other)
                to.append(folded)
            }
        }
        text = String(scalars)
        others = String(from)
        lower = String(to)
    }

    /// The scalars that fold to each, itself left out. There is case in the first two planes only.
    static let othersByLower: [Unicode.Scalar: [Unicode.Scalar]] = {
        var table: [Unicode.Scalar: [Unicode.Scalar]] = [:]
        for value in UInt32(0)...0x1FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let folded = scalar.folded
            if folded != scalar { table[folded, default: []].append(scalar) }
        }
        return table
    }()
}
