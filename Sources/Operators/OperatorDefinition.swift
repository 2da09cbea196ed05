public import Columns
public import Expressions
public import Stores

/// What the planner found an operator to be: everything resolved to column indices and compiled expressions.
public enum OperatorDefinition: Sendable {
    /// Rows where the condition is true pass; where it is null they do not.
    case filter(CompiledExpression)
    /// Adds one column for each expression, in order.
    case map([CompiledExpression])
    /// Keeps the columns at these indices of the input, in this order.
    case select([Int])
    case window(WindowDefinition)

    /// Makes the operator for one task. `type` is the stream's own row type, `name` its name.
    public func makeOperator(name: String, type: RowType, scope: StateScope) -> any Operator {
        switch self {
        case .filter(let condition): FilterOperator(name: name, condition: condition)
        case .map(let expressions): MapOperator(name: name, type: type, expressions: expressions)
        case .select(let columns): SelectOperator(type: type, columns: columns)
        case .window(let window): WindowOperator(name: name, type: type, definition: window, scope: scope)
        }
    }

    /// Of operators with state, the window they are.
    public var window: WindowDefinition? {
        guard case .window(let window) = self else { return nil }
        return window
    }
}
