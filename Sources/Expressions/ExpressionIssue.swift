public import Base

/// Something wrong in an expression's text.
public struct ExpressionIssue: Error, Hashable, Sendable {
    /// Stable across releases: `expression.what`.
    public var code: ErrorCode
    /// What is wrong, quoting the text and naming the types.
    public var message: String
    /// What is allowed and what to do.
    public var remedy: String?
    /// Where, in UTF-8 offsets into the expression's text.
    public var range: Range<Int>

    public init(_ code: ErrorCode, _ message: String, remedy: String? = nil, at range: Range<Int>) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.range = range
    }
}

extension ErrorCode {
    /// The text is no CEL.
    public static let expressionSyntax = ErrorCode("expression.syntax")
    /// The text nests deeper than `Expression.depthMax`.
    public static let expressionTooDeep = ErrorCode("expression.too_deep")
    /// Valid CEL that the engine does not take.
    public static let expressionUnsupported = ErrorCode("expression.unsupported")
    /// Operands or arguments of types that do not go together.
    public static let expressionType = ErrorCode("expression.type")
    /// A value that may be null is used without a test.
    public static let expressionNullable = ErrorCode("expression.nullable")
    public static let expressionUnknownField = ErrorCode("expression.unknown_field")
    public static let expressionUnknownFunction = ErrorCode("expression.unknown_function")
    /// A known function with the wrong number of arguments.
    public static let expressionArity = ErrorCode("expression.arity")
    /// A constant that its conversion can never take, such as `timestamp("yesterday")`.
    public static let expressionConstant = ErrorCode("expression.constant")
}
