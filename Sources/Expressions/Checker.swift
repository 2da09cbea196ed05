import Base
import Columns

/// Syntax tree to typed tree: resolves names and overloads against a row type, and finds what is wrong.
///
/// A part that is wrong becomes an invalid node, over which nothing more is said, so that one run reports every mistake
/// once. `present` are the columns that the tests around a node have shown to hold a value (`Checker+Nulls`).
struct Checker {
    let row: RowType
    var issues: [ExpressionIssue] = []
    /// Columns that the expression needs.
    var columnsRead: Set<Int> = []

    init(_ row: RowType) { self.row = row }

    /// What a node yields; it may be null or a record.
    mutating func check(_ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        switch node.kind {
        case .literal(let literal): return constant(literal, node)
        case .identifier, .select: return name(node, present)
        case .index(let operand, let key): return index(check(operand, present), by: check(key, present), node)
        case .call(let name, let target, let arguments): return call(name, target, arguments, node, present)
        case .unary(.not, let operand): return not(operand, node, present)
        case .unary(.negate, let operand): return resolve("neg", .symbol, [value(operand, present)], node)
        case .binary(let op, let left, let right): return binary(op, left, right, node, present)
        case .conditional(let condition, let then, let otherwise):
            return conditional(condition, then, otherwise, node, present)
        case .list: return unsupported("a list other than on the right of 'in'", node)
        case .map: return unsupported("a map literal", node)
        case .message(let name, _): return unsupported("the message literal '\(name){…}'", node)
        }
    }

    private mutating func constant(_ literal: Literal, _ node: SyntaxNode) -> TypedNode {
        switch literal {
        case .null: TypedNode(.constant(.null), .null, isNullable: true, node)
        case .bool(let flag): TypedNode(.constant(.bool(flag)), .value(.bool), node)
        case .int(let number): TypedNode(.constant(.int(number)), .value(.int), node)
        case .double(let number): TypedNode(.constant(.double(number)), .value(.double), node)
        case .string(let text): TypedNode(.constant(.string(text)), .value(.string), node)
        case .bytes(let bytes): TypedNode(.constant(.bytes(bytes)), .value(.bytes), node)
        case .uint: unsupported("the uint literal '\(node)'", node)
        }
    }

    private mutating func binary(
        _ op: BinaryOperator, _ left: SyntaxNode, _ right: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>
    ) -> TypedNode {
        switch op {
        case .and: return and(left, right, node, present)
        case .or: return or(left, right, node, present)
        case .in: return membership(left, right, node, present)
        case .equal, .notEqual:
            if right.kind == .literal(.null) { return nullTest(left, isNegated: op == .notEqual, node, present) }
            if left.kind == .literal(.null) { return nullTest(right, isNegated: op == .notEqual, node, present) }
        default: break
        }
        return resolve(op.rawValue, .symbol, [value(left, present), value(right, present)], node)
    }

    // MARK: Overloads

    /// The call of the overload that takes these arguments, or an issue that lists those there are.
    mutating func resolve(_ name: String, _ style: Overload.Style, _ arguments: [TypedNode], _ node: SyntaxNode) -> TypedNode {
        if arguments.contains(where: \.isInvalid) { return .invalid(node) }
        let candidates = (Overload.named[name] ?? []).filter { $0.style == style }
        let arguments = style == .symbol ? withLiteralsBesideDoubles(arguments) : arguments
        let types = arguments.map(\.type)
        guard let overload = candidates.first(where: { $0.parameters.map(StaticType.value) == types }) else {
            return report(noOverload(name, style, types, candidates, node), node)
        }
        return TypedNode(.call(overload, arguments), .value(overload.result), node)
    }

    /// The comfort beyond CEL: an int literal beside a double is a double.
    func withLiteralsBesideDoubles(_ nodes: [TypedNode]) -> [TypedNode] {
        nodes.contains { $0.type == .value(.double) } ? nodes.map { $0.withLiteralAsDouble() } : nodes
    }

    private func noOverload(
        _ name: String, _ style: Overload.Style, _ types: [StaticType], _ candidates: [Overload], _ node: SyntaxNode
    ) -> ExpressionIssue {
        let names = types.map(\.description)
        let message: String
        switch style {
        case .symbol where name == "[]": message = "\(names[0]) has no index of type \(names[1])"
        case .symbol where names.count == 1: message = "'\(name == "neg" ? "-" : name)' does not take \(names[0])"
        case .symbol: message = "'\(name)' does not take \(names[0]) and \(names[1])"
        case .function: message = "\(name)() does not take \(names.joined(separator: ", "))"
        case .member where names.count == 1: message = "\(names[0]) has no \(name)()"
        case .member:
            message = "\(name)() does not take \(names.dropFirst().joined(separator: ", ")) of \(names[0])"
        }
        let isMixed = Set(types) == [.value(.int), .value(.double)] && candidates.contains { $0.parameters == [.double, .double] }
        let forms = "allowed: " + candidates.map(\.signature).joined(separator: ", ")
        return ExpressionIssue(
            .expressionType, message, remedy: isMixed ? "turn the int into a double with double(…); \(forms)" : forms,
            at: node.range)
    }

    // MARK: Issues

    mutating func report(_ issue: ExpressionIssue, _ node: SyntaxNode) -> TypedNode {
        issues.append(issue)
        return .invalid(node)
    }

    mutating func unsupported(_ what: String, _ node: SyntaxNode) -> TypedNode {
        report(
            ExpressionIssue(
                .expressionUnsupported, "\(what) is not supported",
                remedy: "Expressions work on \(Self.valueTypes) and null.", at: node.range), node)
    }

    private static let valueTypes = "bool, int, double, string, bytes, timestamp, duration, map(string, string), records"
}
