extension SyntaxNode: CustomStringConvertible {
    /// The expression in CEL, with parentheses only where precedence asks for them; parsing it gives a tree
    /// that means the same, and the same text.
    public var description: String { text(within: 0) }

    /// How tightly this node binds: the scale of `BinaryOperator.precedence`, below it `?:`, above it unary and members.
    private var precedence: Int {
        switch kind {
        case .conditional: 0
        case .binary(let op, _, _): op.precedence
        case .unary: 6
        case .literal(.int(let number)) where number < 0: 6
        case .literal(.double(let number)) where number.sign == .minus: 6
        default: 7
        }
    }

    private func text(within least: Int) -> String {
        precedence < least ? "(\(bare))" : bare
    }

    private var bare: String {
        switch kind {
        case .literal(let literal): return literal.description
        case .identifier(let name, let isAbsolute): return (isAbsolute ? "." : "") + name
        case .select(let operand, let field): return operand.text(within: 7) + "." + Self.selector(field)
        case .index(let operand, let key): return operand.text(within: 7) + "[" + key.text(within: 0) + "]"
        case .call(let name, let target, let arguments):
            let list = arguments.map { $0.text(within: 0) }.joined(separator: ", ")
            return (target.map { $0.text(within: 7) + "." } ?? "") + "\(name)(\(list))"
        case .unary(let op, let operand):
            return op.rawValue + operand.text(within: 7)
        case .binary(let op, let left, let right):
            // Chains of one logical operator mean the same however they are grouped.
            let isLogical = op == .and || op == .or
            return left.text(within: op.precedence) + " \(op.rawValue) "
                + right.text(within: isLogical ? op.precedence : op.precedence + 1)
        case .conditional(let condition, let then, let otherwise):
            return condition.text(within: 1) + " ? " + then.text(within: 1) + " : " + otherwise.text(within: 0)
        case .list(let items): return "[" + items.map { $0.text(within: 0) }.joined(separator: ", ") + "]"
        case .map(let entries):
            return "{" + entries.map { $0.key.text(within: 0) + ": " + $0.value.text(within: 0) }.joined(separator: ", ") + "}"
        case .message(let name, let fields):
            return name + "{" + fields.map { "\(Self.selector($0.name)): " + $0.value.text(within: 0) }.joined(separator: ", ") + "}"
        }
    }

    private static func selector(_ name: String) -> String {
        Lexer.isPlainIdentifier(name) ? name : "`\(name)`"
    }
}

extension Literal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return "\(number)"
        case .uint(let number): return "\(number)u"
        case .double(let number): return "\(number)"
        case .string(let text):
            var quoted = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": quoted += "\\\""
                case "\\": quoted += "\\\\"
                case "\n": quoted += "\\n"
                case "\r": quoted += "\\r"
                default: quoted.unicodeScalars.append(scalar)
                }
            }
            return quoted + "\""
        case .bytes(let bytes):
            let digits = Array("0123456789abcdef".unicodeScalars)
            var quoted = "b\""
            for byte in bytes {
                quoted += "\\x"
                quoted.unicodeScalars.append(digits[Int(byte >> 4)])
                quoted.unicodeScalars.append(digits[Int(byte & 15)])
            }
            return quoted + "\""
        }
    }
}
