public import Columns

/// What an expression yields.
public struct ExpressionType: Hashable, Sendable {
    /// Nil: the type of the literal `null`, which is every type's null.
    public var value: ValueType?
    /// Whether rows may yield null.
    public var isNullable: Bool

    public init(_ value: ValueType?, isNullable: Bool = false) {
        self.value = value
        self.isNullable = isNullable
    }
}

extension ExpressionType: CustomStringConvertible {
    /// `double`, `double or null`, `null`
    public var description: String {
        guard let value else { return "null" }
        return isNullable ? "\(value) or null" : "\(value)"
    }
}
