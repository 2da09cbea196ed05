import Base

/// Tokens to syntax tree, by the grammar of the CEL specification:
///
///     Expr       = Binary ["?" Binary ":" Expr]
///     Binary     = Unary {operator Unary}          grouped by BinaryOperator.precedence, to the left
///     Unary      = Member | "!" {"!"} Member | "-" {"-"} Member
///     Member     = Primary {"." name ["(" args ")"] | "[" Expr "]"}
///     Primary    = literal | ["."] name ["(" args ")"] | "(" Expr ")" | list | map | message
///
/// The first error ends the parse: what follows it would be guesses.
struct Parser {
    let text: String
    private let bytes: [UInt8]
    private let tokens: [Token]
    private var at = 0
    /// How many `Expr` and unary operators are open.
    private var depth = 0

    static func tree(of text: String) throws(ExpressionIssue) -> SyntaxNode {
        let bytes = Array(text.utf8)
        var parser = Parser(text: text, bytes: bytes, tokens: try Lexer.tokens(of: bytes))
        let tree = try parser.expression()
        if parser.token.kind != .end { throw parser.unexpected("an operator or the end") }
        return tree
    }

    private init(text: String, bytes: [UInt8], tokens: [Token]) {
        self.text = text
        self.bytes = bytes
        self.tokens = tokens
    }

    // MARK: Tokens

    private var token: Token { tokens[at] }

    private func spelling(_ token: Token) -> String { String(decoding: bytes[token.range], as: UTF8.self) }

    private mutating func take() -> Token {
        defer { if at < tokens.count - 1 { at += 1 } }
        return tokens[at]
    }

    private mutating func takes(_ symbol: String) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        at += 1
        return true
    }

    /// Steps over the symbol and returns where it ends.
    @discardableResult
    private mutating func expect(_ symbol: String) throws(ExpressionIssue) -> Int {
        guard token.kind == .symbol(symbol) else { throw unexpected("'\(symbol)'") }
        return take().range.upperBound
    }

    private func unexpected(_ wanted: String) -> ExpressionIssue {
        let found = token.kind == .end ? "the expression ends" : "'\(spelling(token))' stands"
        return ExpressionIssue(.expressionSyntax, "\(found) where \(wanted) should come", at: token.range)
    }

    private func tooDeep(_ range: Range<Int>) -> ExpressionIssue {
        ExpressionIssue(
            .expressionTooDeep, "the expression nests deeper than \(Expression.depthMax)",
            remedy: "Compute parts of it in a map before.", at: range)
    }

    /// Every node is made here, so that no tree is higher than what may be walked by recursion.
    private func node(
        _ kind: SyntaxNode.Kind, _ range: Range<Int>, focus: Range<Int>? = nil
    ) throws(ExpressionIssue) -> SyntaxNode {
        let node = SyntaxNode(kind, range, focus: focus)
        if node.height > Expression.depthMax { throw tooDeep(range) }
        return node
    }

    // MARK: Operators

    private mutating func expression() throws(ExpressionIssue) -> SyntaxNode {
        depth += 1
        defer { depth -= 1 }
        if depth > Expression.depthMax { throw tooDeep(token.range) }
        let condition = try binary(1)
        let question = token.range
        guard takes("?") else { return condition }
        let then = try binary(1)
        try expect(":")
        let otherwise = try expression()
        return try node(
            .conditional(condition, then: then, otherwise: otherwise),
            condition.range.lowerBound..<otherwise.range.upperBound, focus: question)
    }

    private var binaryOperator: BinaryOperator? {
        switch token.kind {
        case .symbol(let symbol): BinaryOperator(rawValue: symbol)
        case .identifier: spelling(token) == "in" ? .in : nil
        default: nil
        }
    }

    private mutating func binary(_ least: Int) throws(ExpressionIssue) -> SyntaxNode {
        var left = try unary()
        while let op = binaryOperator, op.precedence >= least {
            if op == .and || op == .or {
                left = try logical(op, first: left)
                continue
            }
            let focus = take().range
            let right = try binary(op.precedence + 1)
            left = try node(.binary(op, left, right), left.range.lowerBound..<right.range.upperBound, focus: focus)
        }
        return left
    }

    /// A chain of one logical operator, as a balanced tree: it means the same, and its height is the logarithm.
    private mutating func logical(_ op: BinaryOperator, first: SyntaxNode) throws(ExpressionIssue) -> SyntaxNode {
        var operands = [first]
        var operators: [Range<Int>] = []
        while binaryOperator == op {
            operators.append(take().range)
            operands.append(try binary(op.precedence + 1))
        }
        return try balanced(op, operands[...], operators[...])
    }

    private func balanced(
        _ op: BinaryOperator, _ operands: ArraySlice<SyntaxNode>, _ operators: ArraySlice<Range<Int>>
    ) throws(ExpressionIssue) -> SyntaxNode {
        guard operands.count > 1 else { return operands[operands.startIndex] }
        let half = (operands.count + 1) / 2
        let left = try balanced(op, operands.prefix(half), operators.prefix(half - 1))
        let right = try balanced(op, operands.dropFirst(half), operators.dropFirst(half))
        return try node(
            .binary(op, left, right), left.range.lowerBound..<right.range.upperBound,
            focus: operators[operators.startIndex + half - 1])
    }

    private mutating func unary() throws(ExpressionIssue) -> SyntaxNode {
        let op: UnaryOperator
        switch token.kind {
        case .symbol("!"): op = .not
        case .symbol("-"): op = .negate
        default: return try member()
        }
        var signs: [Range<Int>] = []
        while token.kind == .symbol(op.rawValue) { signs.append(take().range) }
        if signs.count > Expression.depthMax { throw tooDeep(signs[0]) }
        var operand: SyntaxNode
        if op == .negate, token.kind == .int || token.kind == .double, let sign = signs.popLast() {
            operand = try members(of: number(sign: sign))
        } else {
            operand = try member()
        }
        for sign in signs.reversed() {
            operand = try node(.unary(op, operand), sign.lowerBound..<operand.range.upperBound, focus: sign)
        }
        return operand
    }

    // MARK: Members

    private mutating func member() throws(ExpressionIssue) -> SyntaxNode { try members(of: primary()) }

    private mutating func members(of primary: SyntaxNode) throws(ExpressionIssue) -> SyntaxNode {
        var operand = primary
        while true {
            let start = operand.range.lowerBound
            if takes(".") {
                let (name, focus) = try selector()
                if takes("(") {
                    let (arguments, end) = try list(until: ")", allowsTrailingComma: false)
                    operand = try node(.call(name, target: operand, arguments: arguments), start..<end, focus: focus)
                } else {
                    operand = try node(.select(operand, field: name), start..<focus.upperBound, focus: focus)
                }
            } else if takes("[") {
                let key = try expression()
                let end = try expect("]")
                operand = try node(.index(operand, key: key), start..<end, focus: key.range)
            } else if token.kind == .symbol("{"), let name = operand.path {
                operand = try message(name, from: start)
            } else {
                return operand
            }
        }
    }

    /// A name after a dot: any word that is no keyword, reserved ones too, or one in backticks.
    private mutating func selector() throws(ExpressionIssue) -> (String, Range<Int>) {
        let name = spelling(token)
        switch token.kind {
        case .identifier where !Lexer.keywords.contains(name): return (name, take().range)
        case .quotedIdentifier: return (String(name.dropFirst().dropLast()), take().range)
        default: throw unexpected("a field's name")
        }
    }

    /// Expressions up to the closing symbol, which is stepped over; the position after it.
    private mutating func list(
        until close: String, allowsTrailingComma: Bool
    ) throws(ExpressionIssue) -> ([SyntaxNode], Int) {
        var items: [SyntaxNode] = []
        if token.kind != .symbol(close) {
            repeat {
                if allowsTrailingComma, !items.isEmpty, token.kind == .symbol(close) { break }
                items.append(try expression())
            } while takes(",")
        }
        guard token.kind == .symbol(close) else { throw unexpected("',' or '\(close)'") }
        return (items, take().range.upperBound)
    }

    // MARK: Primaries

    private mutating func primary() throws(ExpressionIssue) -> SyntaxNode {
        let start = token.range.lowerBound
        switch token.kind {
        case .int, .double: return try number(sign: nil)
        case .uint:
            let value = try LiteralText.uint(Substring(spelling(token)), at: token.range)
            return try node(.literal(.uint(value)), take().range)
        case .string:
            let content = try LiteralText.content(bytes[token.range], isBytes: false)
            return try node(.literal(.string(String(decoding: content, as: UTF8.self))), take().range)
        case .bytes:
            let content = try LiteralText.content(bytes[token.range], isBytes: true)
            return try node(.literal(.bytes(content)), take().range)
        case .symbol("("):
            at += 1
            let inner = try expression()
            return inner.widened(to: start..<(try expect(")")))
        case .symbol("["):
            at += 1
            let (items, end) = try list(until: "]", allowsTrailingComma: true)
            return try node(.list(items), start..<end)
        case .symbol("{"): return try map()
        case .symbol("."), .identifier: return try name()
        default: throw unexpected("a value")
        }
    }

    private mutating func number(sign: Range<Int>?) throws(ExpressionIssue) -> SyntaxNode {
        let token = take()
        let range = (sign?.lowerBound ?? token.range.lowerBound)..<token.range.upperBound
        let digits = Substring(spelling(token))
        return try node(
            .literal(
                token.kind == .double
                    ? .double(LiteralText.double(digits, isNegative: sign != nil, at: range))
                    : .int(LiteralText.int(digits, isNegative: sign != nil, at: range))),
            range)
    }

    private mutating func name() throws(ExpressionIssue) -> SyntaxNode {
        let start = token.range.lowerBound
        let isAbsolute = takes(".")
        guard token.kind == .identifier else { throw unexpected("a name") }
        let word = spelling(token)
        if !isAbsolute {
            switch word {
            case "true", "false": return try node(.literal(.bool(word == "true")), take().range)
            case "null": return try node(.literal(.null), take().range)
            default: break
            }
        }
        if Lexer.keywords.contains(word) { throw unexpected("a value") }
        if Lexer.reserved.contains(word) {
            throw ExpressionIssue(
                .expressionSyntax, "'\(word)' is a reserved word of CEL", remedy: "It may stand after a dot: record.\(word).",
                at: token.range)
        }
        let focus = take().range
        guard takes("(") else {
            return try node(.identifier(word, isAbsolute: isAbsolute), start..<focus.upperBound, focus: focus)
        }
        let (arguments, end) = try list(until: ")", allowsTrailingComma: false)
        return try node(.call(word, target: nil, arguments: arguments), start..<end, focus: focus)
    }

    private mutating func map() throws(ExpressionIssue) -> SyntaxNode {
        let start = take().range.lowerBound
        var entries: [SyntaxNode.MapEntry] = []
        while token.kind != .symbol("}") {
            let key = try expression()
            try expect(":")
            entries.append(.init(key: key, value: try expression()))
            guard takes(",") else { break }
        }
        return try node(.map(entries), start..<(try expect("}")))
    }

    private mutating func message(_ name: String, from start: Int) throws(ExpressionIssue) -> SyntaxNode {
        let focus = start..<take().range.lowerBound
        var fields: [SyntaxNode.MessageField] = []
        while token.kind != .symbol("}") {
            let (field, _) = try selector()
            try expect(":")
            fields.append(.init(name: field, value: try expression()))
            guard takes(",") else { break }
        }
        return try node(.message(name, fields), start..<(try expect("}")), focus: focus)
    }
}
