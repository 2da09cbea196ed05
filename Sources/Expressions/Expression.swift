import Base
public import Columns

/// The expression language: CEL, statically typed against a row type.
///
/// The way of an expression: text → tokens (`Lexer`) → syntax tree (`Parser`) → typed tree (`Checker`) → kernels
/// (`Lowering`) → `CompiledExpression`, which computes a column from a batch.
///
/// What goes beyond CEL: `now()`, `or_else(x, default)`, `has(x)` of a nullable field of the row, an int literal beside a
/// double is a double, and a nullable value must be tested before it is used.
public enum Expression {
    /// The most nodes on one way down the syntax tree, and the most brackets open at once: what CEL's implementations
    /// take, and little enough to walk by recursion on any thread's stack.
    public static let depthMax = 250

    /// The syntax tree of a text, or what is wrong with it.
    /// - Complexity: O(length).
    public static func parse(_ text: String) -> (SyntaxNode?, [ExpressionIssue]) {
        do throws(ExpressionIssue) {
            return (try Parser.tree(of: text), [])
        } catch {
            return (nil, [error])
        }
    }

    /// Parses and compiles a text: see `compile(_:over:expecting:mayBeNull:)` of a syntax tree.
    public static func compile(
        _ text: String, over row: RowType, expecting expected: ValueType? = nil, mayBeNull: Bool = true
    ) -> (CompiledExpression?, [ExpressionIssue]) {
        let (tree, issues) = parse(text)
        guard let tree else { return (nil, issues) }
        return compile(tree, over: row, expecting: expected, mayBeNull: mayBeNull)
    }

    /// Compiles a syntax tree, or a part of one, over rows of a type.
    ///
    /// - Parameters:
    ///   - expected: The type that the result must have; an int literal for a double is one, and null has any type.
    ///     Nil: any type.
    ///   - mayBeNull: False: an expression that may yield null is an issue.
    /// - Returns: The expression, or nil and every issue found.
    public static func compile(
        _ node: SyntaxNode, over row: RowType, expecting expected: ValueType? = nil, mayBeNull: Bool = true
    ) -> (CompiledExpression?, [ExpressionIssue]) {
        var checker = Checker(row)
        var typed = checker.requiringNoRecord(checker.check(node, []))
        if expected == .double { typed = typed.withLiteralAsDouble() }
        if let expected {
            if typed.type == .null {
                typed.type = .value(expected)
            } else if !typed.isInvalid, typed.type != .value(expected) {
                typed = checker.report(
                    ExpressionIssue(
                        .expressionType, "the expression is of type \(typed.type), where \(expected) is needed", at: node.range), node)
            }
        }
        if !mayBeNull, typed.isNullable, !typed.isInvalid { checker.issues.append(checker.nullable(typed, typed.columnType)) }
        guard checker.issues.isEmpty, !typed.isInvalid else {
            return (nil, checker.issues.sorted { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) })
        }
        let type: ValueType? = typed.type == .null ? nil : typed.columnType
        return (
            CompiledExpression(
                Lowering.kernel(typed, as: typed.columnType), ExpressionType(type, isNullable: typed.isNullable),
                columnsRead: checker.columnsRead.sorted(), columns: row.columns.count),
            []
        )
    }
}
