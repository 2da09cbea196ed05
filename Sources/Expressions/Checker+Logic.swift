import Base
import Columns

/// Conditions, and `in`.
extension Checker {
    /// A node that must be a bool, and no null.
    mutating func condition(_ node: SyntaxNode, of operation: String, _ present: Set<Int>) -> TypedNode {
        let condition = value(node, present)
        guard condition.type == .value(.bool) || condition.isInvalid else {
            return report(
                ExpressionIssue(
                    .expressionType, "'\(operation)' needs a bool, '\(node)' is of type \(condition.type)",
                    remedy: "Compare it with something.", at: node.range), node)
        }
        return condition
    }

    mutating func not(_ operand: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        negated(condition(operand, of: "!", present), node)
    }

    mutating func negated(_ operand: TypedNode, _ node: SyntaxNode) -> TypedNode {
        var result = resolve("!", .symbol, [operand], node)
        result.presentIfTrue = operand.presentIfFalse
        result.presentIfFalse = operand.presentIfTrue
        return result
    }

    mutating func and(_ left: SyntaxNode, _ right: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        let a = condition(left, of: "&&", present)
        let b = condition(right, of: "&&", present.union(a.presentIfTrue))
        var result = a.isInvalid || b.isInvalid ? .invalid(node) : TypedNode(.and(a, b), .value(.bool), node)
        result.presentIfTrue = a.presentIfTrue.union(b.presentIfTrue)
        result.presentIfFalse = a.presentIfFalse.intersection(b.presentIfFalse)
        return result
    }

    mutating func or(_ left: SyntaxNode, _ right: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        let a = condition(left, of: "||", present)
        let b = condition(right, of: "||", present.union(a.presentIfFalse))
        var result = a.isInvalid || b.isInvalid ? .invalid(node) : TypedNode(.or(a, b), .value(.bool), node)
        result.presentIfTrue = a.presentIfTrue.intersection(b.presentIfTrue)
        result.presentIfFalse = a.presentIfFalse.union(b.presentIfFalse)
        return result
    }

    /// `x in [constants]`, `key in map`.
    mutating func membership(_ left: SyntaxNode, _ right: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        guard case .list(let items) = right.kind else {
            return resolve("in", .symbol, [value(left, present), value(right, present)], node)
        }
        let operand = value(left, present)
        let elements = items.map { value($0, present) }
        guard !operand.isInvalid, !elements.contains(where: \.isInvalid) else { return .invalid(node) }
        if let computed = elements.first(where: { !$0.isConstant }) {
            return unsupported("the computed element '\(computed.syntax)' in a list", computed.syntax)
        }
        let comparable = elements.compactMap { comparison(of: operand, with: $0) }
        // Elements of another type are no mistake in a list of several types, as CEL has it: they are just not equal.
        let isMixed = Set(elements.map(\.type)).count > 1
        guard comparable.count == elements.count || isMixed else {
            return report(
                ExpressionIssue(
                    .expressionType, "'in' looks for a value of type \(operand.type) among values of type \(elements[0].type)",
                    remedy: "The list must hold values of type \(operand.type).", at: node.range), node)
        }
        return TypedNode(.anyOf(operand, comparable), .value(.bool), node)
    }

    private func comparison(of operand: TypedNode, with element: TypedNode) -> (Overload, TypedNode)? {
        let element = operand.type == .value(.double) ? element.withLiteralAsDouble() : element
        let types = [operand.type, element.type]
        let overload = Overload.named["=="]?.first { $0.parameters.map(StaticType.value) == types }
        return overload.map { ($0, element) }
    }
}

extension TypedNode {
    /// The same in every row of every batch.
    var isConstant: Bool {
        switch kind {
        case .constant: true
        case .call(_, let arguments): arguments.allSatisfy(\.isConstant)
        default: false
        }
    }
}
