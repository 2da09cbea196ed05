public import Columns

extension ViewQuery {
    /// A condition on a row. Three-valued, as in SQL: a comparison with a null is neither true nor false, and neither is
    /// its `not`; `all` is false as soon as one part is, `any` true.
    public indirect enum Filter: Hashable, Sendable {
        public enum Comparison: String, Sendable, CaseIterable {
            case equal = "eq", notEqual = "neq", less = "lt", lessOrEqual = "lte", greater = "gt", greaterOrEqual = "gte"
        }
        /// Neither true nor false where the column is null. The value has the column's type and is not null. Strings
        /// compare by their bytes.
        case compare(column: String, Comparison, Value)
        case isNull(column: String)
        /// Whether the column equals one of the values, none of which is null.
        case isOneOf(column: String, [Value])
        case matches(column: String, Pattern)
        case not(Filter)
        case all([Filter])
        case any([Filter])
    }

    /// SQL's `LIKE` on a column of strings: the whole of the text must fit the pattern.
    public struct Pattern: Hashable, Sendable {
        /// `%` stands for any text, `_` for one character (a Unicode scalar), and a backslash takes the character after
        /// it as it is; there is one after each.
        public var text: String
        /// Characters are compared by their lower case, where that is one character (Unicode, no locale).
        public var ignoresCase: Bool

        /// Nil where the text ends in a backslash that takes nothing.
        public init?(_ text: String, ignoresCase: Bool) {
            var rest = text.unicodeScalars[...]
            while let scalar = rest.popFirst() {
                if scalar == "\\", rest.popFirst() == nil { return nil }
            }
            self.text = text
            self.ignoresCase = ignoresCase
        }

        /// What every text that fits begins with, letter by letter; empty where case is ignored.
        public var prefix: String {
            var prefix = String.UnicodeScalarView()
            var rest = text.unicodeScalars[...]
            while !ignoresCase, let scalar = rest.popFirst(), scalar != "%", scalar != "_" {
                prefix.append(scalar == "\\" ? rest.popFirst() ?? scalar : scalar)
            }
            return String(prefix)
        }
    }
}

extension ViewQuery.Filter {
    /// Rows that stand after one with these values in the order: for each term in turn, those that are the same in the
    /// terms before it and come later in this one.
    public static func after(_ values: [Value], in order: [ViewQuery.Order]) -> Self {
        var ways: [Self] = []
        var same: [Self] = []
        for (term, value) in zip(order, values) {
            if let later = later(than: value, term) { ways.append(.all(same + [later])) }
            same.append(value == .null ? .isNull(column: term.column) : .compare(column: term.column, .equal, value))
        }
        return .any(ways)
    }

    /// Nil where nothing comes later.
    private static func later(than value: Value, _ term: ViewQuery.Order) -> Self? {
        let isNull = Self.isNull(column: term.column)
        if value == .null { return term.nullsFirst ? .not(isNull) : nil }
        let later = Self.compare(column: term.column, term.isDescending ? .less : .greater, value)
        return term.nullsFirst ? later : .any([later, isNull])
    }
}
