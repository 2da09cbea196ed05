import Base
import Columns

/// Nulls: where a value is asked for, tests for it, and defaults.
///
/// Flow typing: a condition carries the columns that hold a value in every row where it is true
/// (`presentIfTrue`), and where it is false. `a && b` checks b, and `a ? b : c` its branches, with what a has shown.
/// Tests of columns cannot fail, so a fault that an operator absorbs takes no knowledge away.
extension Checker {
    /// A node that must yield a value: no null, no record.
    mutating func value(_ node: SyntaxNode, _ present: Set<Int>) -> TypedNode { requiringValue(check(node, present)) }

    /// Says so where a node yields a record, or may be null. What may be null keeps its type, so that more can be said.
    mutating func requiringValue(_ node: TypedNode) -> TypedNode {
        var node = requiringNoRecord(node)
        switch node.type {
        case .invalid: return node
        case .null:
            return report(
                ExpressionIssue(
                    .expressionType, "null is no operand here", remedy: "Null is for comparing: x == null, x != null.",
                    at: node.syntax.range), node.syntax)
        case .value(let type):
            if node.isNullable { issues.append(nullable(node, type)) }
            node.isNullable = false
            return node
        }
    }

    mutating func requiringNoRecord(_ node: TypedNode) -> TypedNode {
        guard case .record(let path, _) = node.kind else { return node }
        return report(
            ExpressionIssue(
                .expressionType, "'\(path)' is a record, which is no value",
                remedy: "Name one of its fields, or test it: \(path) != null.", at: node.syntax.range), node.syntax)
    }

    func nullable(_ node: TypedNode, _ type: ValueType) -> ExpressionIssue {
        let text = "\(node.syntax)"
        var reason = "'\(text)' may be null", tested = text
        if case .column(let index) = node.kind, !row.columns[index].isNullable,
            let record = row.enclosingRecords(of: index).last {
            tested = row.columns[record].path
            reason += ", because '\(tested)' may be"
        }
        return ExpressionIssue(
            .expressionNullable, reason,
            remedy: "Test it: \(tested) != null ? … : …, or give a default: or_else(\(text), \(Self.example(type))).",
            at: node.syntax.range)
    }

    private static func example(_ type: ValueType) -> String {
        switch type {
        case .bool: "false"
        case .int: "0"
        case .double: "0.0"
        case .string: "\"\""
        case .bytes: "b\"\""
        case .timestamp: "now()"
        case .duration: "duration(\"0s\")"
        case .map, .record: "…"
        }
    }

    // MARK: Tests

    /// `x == null`, and with `isNegated` `x != null`.
    mutating func nullTest(
        _ operand: SyntaxNode, isNegated: Bool, _ node: SyntaxNode, _ present: Set<Int>
    ) -> TypedNode {
        let operand = check(operand, present)
        let test: TypedNode
        switch operand.kind {
        case .invalid: return .invalid(node)
        case .constant(.null): test = TypedNode(.constant(.bool(false)), .value(.bool), node)
        case .column(let index): test = presence(presenceColumns(of: index), node)
        case .record(_, let columns): test = presence(columns, node)
        default: test = TypedNode(.notNull(operand), .value(.bool), node)
        }
        return isNegated ? test : negated(test, node)
    }

    /// Whether all the columns hold a value; what is never null always does.
    private mutating func presence(_ columns: [Int], _ node: SyntaxNode) -> TypedNode {
        columnsRead.formUnion(columns)
        guard !columns.isEmpty else { return TypedNode(.constant(.bool(true)), .value(.bool), node) }
        var test = TypedNode(.present(columns), .value(.bool), node)
        test.presentIfTrue = Set(columns)
        return test
    }

    /// `has(a.b)`: whether the field holds a value, or the map the key. It asks about all that is on the way, too.
    mutating func has(_ argument: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        if let path = argument.path, let found = field(path, argument, present) {
            switch found.kind {
            case .column(let index): return presence(presenceColumns(of: index), node)
            case .record(_, let columns): return presence(columns, node)
            default: return .invalid(node)
            }
        }
        guard case .select(let operand, let name) = argument.kind else {
            if argument.path != nil { return check(argument, present) }
            return report(
                ExpressionIssue(
                    .expressionType, "has() does not take '\(argument)'", remedy: "It takes a field: has(record.field).",
                    at: argument.range), node)
        }
        var owner = check(operand, present)
        guard owner.type == .value(.map) else {
            // The message is the one that the field itself would get.
            return selection(of: name, from: owner, argument)
        }
        owner.isNullable = false
        var test = resolve("in", .symbol, [Self.key(name, argument), owner], node)
        // A null map reads as an empty one, so that the key also shows the map to be there.
        if case .column(let index) = owner.kind { test.presentIfTrue = Set(presenceColumns(of: index)) }
        return test
    }

    // MARK: Choices

    mutating func conditional(
        _ condition: SyntaxNode, _ then: SyntaxNode, _ otherwise: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>
    ) -> TypedNode {
        let condition = self.condition(condition, of: "?:", present)
        let first = requiringNoRecord(check(then, present.union(condition.presentIfTrue)))
        let second = requiringNoRecord(check(otherwise, present.union(condition.presentIfFalse)))
        guard let (a, b) = sameType(first, second, "the branches of '?:'", node), !condition.isInvalid else {
            return .invalid(node)
        }
        let type = a.type == .null ? b.type : a.type
        return TypedNode(
            .conditional(condition, then: a, otherwise: b), type, isNullable: a.isNullable || b.isNullable, node)
    }

    mutating func orElse(_ operand: SyntaxNode, _ fallback: SyntaxNode, _ node: SyntaxNode, _ present: Set<Int>) -> TypedNode {
        let first: TypedNode
        switch operand.kind {
        // A key of a map that is null is missing like any other.
        case .index(let map, let key):
            first = index(check(map, present), by: check(key, present), operand, allowsNull: true)
        case .select(let map, let name) where operand.path.flatMap({ field($0, operand, present) }) == nil:
            first = selection(of: name, from: check(map, present), operand, allowsNull: true)
        default: first = check(operand, present)
        }
        let second = requiringNoRecord(check(fallback, present))
        guard let (a, b) = sameType(requiringNoRecord(first), second, "the arguments of or_else()", node) else {
            return .invalid(node)
        }
        let type = a.type == .null ? b.type : a.type
        return TypedNode(.orElse(a, b), type, isNullable: b.isNullable, node)
    }

    /// The two as values of one type: an int literal beside a double becomes one, null goes with everything.
    private mutating func sameType(
        _ first: TypedNode, _ second: TypedNode, _ what: String, _ node: SyntaxNode
    ) -> (TypedNode, TypedNode)? {
        guard !first.isInvalid, !second.isInvalid else { return nil }
        let both = withLiteralsBesideDoubles([first, second])
        guard both[0].type == both[1].type || both.contains(where: { $0.type == .null }) else {
            issues.append(
                ExpressionIssue(
                    .expressionType, "\(what) are \(both[0].type) and \(both[1].type)",
                    remedy: "Both must be of one type; convert one of them.", at: node.range))
            return nil
        }
        return (both[0], both[1])
    }
}
