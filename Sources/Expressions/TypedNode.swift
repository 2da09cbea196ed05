import Columns

/// The checker's types: those of columns, and those that only live inside an expression.
enum StaticType: Hashable, CustomStringConvertible {
    case value(ValueType)
    /// The literal `null`'s.
    case null
    /// Of something that was already reported: fits everywhere, so that one mistake is one issue.
    case invalid

    var description: String {
        switch self {
        case .value(let type): type.description
        case .null: "null"
        case .invalid: "invalid"
        }
    }
}

/// A node of the typed tree: every name resolved, every operand of the type its operation takes.
struct TypedNode {
    indirect enum Kind {
        /// `.null` included.
        case constant(Value)
        /// A column of the row, by its index.
        case column(Int)
        /// A record: no value of its own, but it may be tested. It is there where all these presence columns say so.
        case record(path: String, presence: [Int])
        case clock
        case call(Overload, [TypedNode])
        case and(TypedNode, TypedNode)
        case or(TypedNode, TypedNode)
        case conditional(TypedNode, then: TypedNode, otherwise: TypedNode)
        /// Whether all these columns hold a value.
        case present([Int])
        /// Whether the operand's value is there.
        case notNull(TypedNode)
        /// The first operand's value, or the second where that is null or lacks its key.
        case orElse(TypedNode, TypedNode)
        /// Whether the operand equals one of the constants; the overloads compare it with each.
        case anyOf(TypedNode, [(Overload, TypedNode)])
        case invalid
    }

    var kind: Kind
    var type: StaticType
    var isNullable = false
    /// The text it comes from.
    let syntax: SyntaxNode
    /// For conditions: the columns that hold a value in every row where the condition is true, or false.
    var presentIfTrue: Set<Int> = []
    var presentIfFalse: Set<Int> = []

    init(_ kind: Kind, _ type: StaticType, isNullable: Bool = false, _ syntax: SyntaxNode) {
        self.kind = kind
        self.type = type
        self.isNullable = isNullable
        self.syntax = syntax
    }

    static func invalid(_ syntax: SyntaxNode) -> TypedNode { TypedNode(.invalid, .invalid, syntax) }

    var isInvalid: Bool { type == .invalid }

    /// The number, for an int that stands in the text as a literal.
    var intLiteral: Int64? {
        if case .literal(.int(let number)) = syntax.kind, type == .value(.int) { number } else { nil }
    }

    /// The same node with an int literal turned into the double it means beside one.
    func withLiteralAsDouble() -> TypedNode {
        intLiteral.map { TypedNode(.constant(.double(Double($0))), .value(.double), syntax) } ?? self
    }
}
