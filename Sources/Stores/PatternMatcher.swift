/// `ViewQuery.Pattern` against text, both in UTF-8.
///
/// 1. Walk through both, a character each; `_` takes any.
/// 2. At a `%` note both places: it takes nothing for now.
/// 3. Where they differ, go back to the last `%` and let it take one character more; without one they do not match.
///
/// An earlier `%` need never take more: what the later one could reach then, it reaches anyway. So the work is at most
/// the product of the lengths.
public struct PatternMatcher {
    private let pattern: UnsafeBufferPointer<UInt8>
    private let ignoresCase: Bool

    /// The pattern's bytes must live as long as this is used.
    public init(pattern: UnsafeBufferPointer<UInt8>, ignoresCase: Bool) {
        self.pattern = pattern
        self.ignoresCase = ignoresCase
    }

    /// - Complexity: O(text × pattern) at worst, O(text + pattern) with one `%`.
    public func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var at = 0, patternAt = 0
        var back: (text: Int, pattern: Int)?
        while at < text.count {
            if patternAt < pattern.count {
                let byte = pattern[patternAt]
                if byte == UInt8(ascii: "%") {
                    patternAt += 1
                    back = (at, patternAt)
                    continue
                }
                if byte == UInt8(ascii: "_") {
                    patternAt += 1
                    at += Self.length(text[at])
                    continue
                }
                let literal = byte == UInt8(ascii: "\\") ? patternAt + 1 : patternAt
                if literal < pattern.count, same(text, at, literal) {
                    at += Self.length(text[at])
                    patternAt = literal + Self.length(pattern[literal])
                    continue
                }
            }
            guard let last = back else { return false }
            at = last.text + Self.length(text[last.text])
            patternAt = last.pattern
            back = (at, patternAt)
        }
        return pattern[min(patternAt, pattern.count)...].allSatisfy { $0 == UInt8(ascii: "%") }
    }

    private func same(_ text: UnsafeBufferPointer<UInt8>, _ at: Int, _ patternAt: Int) -> Bool {
        let a = text[at], b = pattern[patternAt]
        if a < 0x80, b < 0x80 { return a == b || (ignoresCase && Self.lower(a) == Self.lower(b)) }
        let x = Self.scalar(text, at), y = Self.scalar(pattern, patternAt)
        return x == y || (ignoresCase && x.folded == y.folded)
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 0x20 : byte }

    /// Bytes of the character that begins with this one.
    private static func length(_ byte: UInt8) -> Int { byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4 }

    private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Unicode.Scalar {
        let end = min(at + length(bytes[at]), bytes.count)
        return String(decoding: bytes[at..<end], as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
    }
}

extension Unicode.Scalar {
    /// The lower case where that is one character, else the character itself: what patterns compare that ignore case.
    public var folded: Unicode.Scalar {
        let mapping = properties.lowercaseMapping.unicodeScalars
        return mapping.count == 1 ? mapping.first ?? self : self
    }
}

extension ViewQuery.Pattern {
    /// Whether the whole of the text fits.
    public func matches(_ text: String) -> Bool {
        var pattern = self.text, text = text
        return pattern.withUTF8 { pattern in
            text.withUTF8 { PatternMatcher(pattern: pattern, ignoresCase: ignoresCase).matches($0) }
        }
    }
}
