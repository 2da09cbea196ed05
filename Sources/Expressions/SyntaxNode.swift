/// A constant as the text has it.
public enum Literal: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
}

/// The operators of CEL with two operands.
public enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
    case or = "||"
    case and = "&&"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in` = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    /// How tightly the operator binds; all of them group to the left.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in: 3
        case .add, .subtract: 4
        case .multiply, .divide, .remainder: 5
        }
    }
}

public enum UnaryOperator: String, Hashable, Sendable {
    case not = "!"
    case negate = "-"
}

/// A node of the syntax tree: what was written, before names and types are looked at.
///
/// Macros (`has`, `all`, `exists`, …) are calls here. Trees are at most `Expression.depthMax` nodes high, so that
/// everything that walks them may recurse.
public struct SyntaxNode: Hashable, Sendable {
    public indirect enum Kind: Hashable, Sendable {
        case literal(Literal)
        /// `isAbsolute`: written with a leading dot, so that no variable of a macro hides it.
        case identifier(String, isAbsolute: Bool)
        case select(SyntaxNode, field: String)
        case index(SyntaxNode, key: SyntaxNode)
        /// `name(a, b)`, or `target.name(a, b)`.
        case call(String, target: SyntaxNode?, arguments: [SyntaxNode])
        case unary(UnaryOperator, SyntaxNode)
        case binary(BinaryOperator, SyntaxNode, SyntaxNode)
        case conditional(SyntaxNode, then: SyntaxNode, otherwise: SyntaxNode)
        case list([SyntaxNode])
        case map([MapEntry])
        /// `a.b.Type{field: value}`
        case message(String, [MessageField])
    }

    public struct MapEntry: Hashable, Sendable {
        public let key: SyntaxNode
        public let value: SyntaxNode
    }

    public struct MessageField: Hashable, Sendable {
        public let name: String
        public let value: SyntaxNode
    }

    public let kind: Kind
    /// Where it stands in the text, in UTF-8 offsets, with the parentheses around it.
    public let range: Range<Int>
    /// The part that gives the node its name: operator, function or field.
    public let focus: Range<Int>
    /// Nodes on the longest way down, this one included.
    let height: Int

    init(_ kind: Kind, _ range: Range<Int>, focus: Range<Int>? = nil) {
        self.init(kind, range, focus: focus ?? range, height: 1 + (kind.children.map(\.height).max() ?? 0))
    }

    private init(_ kind: Kind, _ range: Range<Int>, focus: Range<Int>, height: Int) {
        self.kind = kind
        self.range = range
        self.focus = focus
        self.height = height
    }

    /// The same node, with the parentheses around it.
    func widened(to range: Range<Int>) -> SyntaxNode { SyntaxNode(kind, range, focus: focus, height: height) }

    /// `or_else(self, fallback)`: for keys of a file that stand beside an expression and say what it is where its value
    /// is missing. Issues point into this node's text.
    public func orElse(_ fallback: Literal) -> SyntaxNode {
        SyntaxNode(.call("or_else", target: nil, arguments: [self, SyntaxNode(.literal(fallback), range)]), range)
    }

    /// The nodes directly below, in the order of the text.
    public var children: [SyntaxNode] { kind.children }

    /// `a.b.c` where the node is nothing but names; nil otherwise.
    public var path: String? {
        switch kind {
        case .identifier(let name, _): name
        case .select(let operand, let field): operand.path.map { $0 + "." + field }
        default: nil
        }
    }
}

extension SyntaxNode.Kind {
    var children: [SyntaxNode] {
        switch self {
        case .literal, .identifier: []
        case .select(let operand, _): [operand]
        case .index(let operand, let key): [operand, key]
        case .call(_, let target, let arguments): (target.map { [$0] } ?? []) + arguments
        case .unary(_, let operand): [operand]
        case .binary(_, let left, let right): [left, right]
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .list(let items): items
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .message(_, let fields): fields.map(\.value)
        }
    }
}
