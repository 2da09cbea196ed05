import Base

/// Cuts an expression's text into tokens, as the CEL specification's "Syntax" section has them.
///
/// It looks only for where a token ends; what a literal means is `LiteralText`'s.
struct Lexer {
    private let text: [UInt8]
    private var at = 0

    /// The tokens, the last of kind `.end`.
    static func tokens(of text: [UInt8]) throws(ExpressionIssue) -> [Token] {
        var lexer = Lexer(text: text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private init(text: [UInt8]) { self.text = text }

    /// Words that name nothing, as the specification reserves them.
    static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]
    /// Words that are part of the language.
    static let keywords: Set<String> = ["false", "in", "null", "true"]

    static func isPlainIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first), !keywords.contains(name) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || isDigit($0) }
    }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 || byte == 95 }
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
    static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 < 6 }

    private func byte(_ ahead: Int = 0) -> UInt8 { at + ahead < text.count ? text[at + ahead] : 0 }

    private mutating func next() throws(ExpressionIssue) -> Token {
        skipSpace()
        guard at < text.count else { return Token(kind: .end, range: at..<at) }
        let start = at
        if let prefix = literalPrefix() { return try quoted(prefix, from: start) }
        let kind: Token.Kind
        if Self.isLetter(byte()) {
            while Self.isLetter(byte()) || Self.isDigit(byte()) { at += 1 }
            kind = .identifier
        } else if Self.isDigit(byte()) || (byte() == 46 && Self.isDigit(byte(1))) {
            kind = number()
        } else if byte() == 96 {
            try skipQuotedIdentifier()
            kind = .quotedIdentifier
        } else {
            kind = try symbol()
        }
        return Token(kind: kind, range: start..<at)
    }

    private mutating func skipSpace() {
        while at < text.count {
            switch text[at] {
            case 9, 10, 12, 13, 32: at += 1
            case 47 where byte(1) == 47:
                while at < text.count, text[at] != 10 { at += 1 }
            default: return
            }
        }
    }

    // MARK: Literals

    private struct QuotePrefix {
        var isBytes: Bool
        var isRaw: Bool
        var length: Int
    }

    /// What stands before a quote here: nothing, `r`, `b` or `br`, in either case.
    private func literalPrefix() -> QuotePrefix? {
        func isQuote(_ byte: UInt8) -> Bool { byte == 34 || byte == 39 }
        let first = byte() | 0x20, second = byte(1) | 0x20
        if isQuote(byte()) { return QuotePrefix(isBytes: false, isRaw: false, length: 0) }
        if first == 114, isQuote(byte(1)) { return QuotePrefix(isBytes: false, isRaw: true, length: 1) }
        if first == 98, isQuote(byte(1)) { return QuotePrefix(isBytes: true, isRaw: false, length: 1) }
        if first == 98, second == 114, isQuote(byte(2)) { return QuotePrefix(isBytes: true, isRaw: true, length: 2) }
        return nil
    }

    private mutating func quoted(_ prefix: QuotePrefix, from start: Int) throws(ExpressionIssue) -> Token {
        at += prefix.length
        let quote = byte()
        let isTriple = byte(1) == quote && byte(2) == quote
        at += isTriple ? 3 : 1
        while at < text.count {
            if byte() == quote, !isTriple || (byte(1) == quote && byte(2) == quote) {
                at += isTriple ? 3 : 1
                return Token(kind: prefix.isBytes ? .bytes : .string, range: start..<at)
            }
            if !isTriple, byte() == 10 || byte() == 13 { break }
            at += !prefix.isRaw && byte() == 92 && at + 1 < text.count ? 2 : 1
        }
        throw ExpressionIssue(
            .expressionSyntax, "the string that begins here does not end",
            remedy: "Close it with the quote it began with; a string over several lines needs three quotes.",
            at: start..<min(at, text.count))
    }

    private mutating func number() -> Token.Kind {
        if byte() == 48, byte(1) | 0x20 == 120, Self.isHexDigit(byte(2)) {
            at += 2
            while Self.isHexDigit(byte()) { at += 1 }
            return takeUnsignedSuffix()
        }
        var isDouble = false
        while Self.isDigit(byte()) { at += 1 }
        if byte() == 46, Self.isDigit(byte(1)) {
            isDouble = true
            at += 1
            while Self.isDigit(byte()) { at += 1 }
        }
        let signLength = byte(1) == 43 || byte(1) == 45 ? 1 : 0
        if byte() | 0x20 == 101, Self.isDigit(byte(1 + signLength)) {
            isDouble = true
            at += 1 + signLength
            while Self.isDigit(byte()) { at += 1 }
        }
        return isDouble ? .double : takeUnsignedSuffix()
    }

    private mutating func takeUnsignedSuffix() -> Token.Kind {
        guard byte() | 0x20 == 117 else { return .int }
        at += 1
        return .uint
    }

    private mutating func skipQuotedIdentifier() throws(ExpressionIssue) {
        let start = at
        at += 1
        while at < text.count, byte() != 96 {
            let isAllowed = Self.isLetter(byte()) || Self.isDigit(byte()) || [45, 46, 47, 32].contains(byte())
            guard isAllowed else { break }
            at += 1
        }
        guard byte() == 96, at > start + 1 else {
            throw ExpressionIssue(
                .expressionSyntax, "the quoted name that begins here does not end",
                remedy: "A name in backticks holds letters, digits, '_', '-', '.', '/' and spaces.",
                at: start..<min(at + 1, text.count))
        }
        at += 1
    }

    // MARK: Operators

    private mutating func symbol() throws(ExpressionIssue) -> Token.Kind {
        let two: String? = switch (byte(), byte(1)) {
        case (38, 38): "&&"
        case (124, 124): "||"
        case (61, 61): "=="
        case (33, 61): "!="
        case (60, 61): "<="
        case (62, 61): ">="
        default: nil
        }
        if let two {
            at += 2
            return .symbol(two)
        }
        let one: String? = switch byte() {
        case 33: "!"
        case 37: "%"
        case 40: "("
        case 41: ")"
        case 42: "*"
        case 43: "+"
        case 44: ","
        case 45: "-"
        case 46: "."
        case 47: "/"
        case 58: ":"
        case 60: "<"
        case 62: ">"
        case 63: "?"
        case 91: "["
        case 93: "]"
        case 123: "{"
        case 125: "}"
        default: nil
        }
        guard let one else { throw unexpectedCharacter() }
        at += 1
        return .symbol(one)
    }

    private func unexpectedCharacter() -> ExpressionIssue {
        var end = at + 1
        while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
        let character = String(decoding: text[at..<end], as: UTF8.self)
        let remedy: String? = switch byte() {
        case 61: "equality is written =="
        case 38: "'and' is written &&"
        case 124: "'or' is written ||"
        default: nil
        }
        return ExpressionIssue(.expressionSyntax, "'\(character)' has no meaning here", remedy: remedy, at: at..<end)
    }
}
