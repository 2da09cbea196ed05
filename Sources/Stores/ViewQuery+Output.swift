public import Base
public import Columns

extension ErrorCode {
    /// A sum of whole numbers that needs more than 64 bits.
    public static let viewSumOverflow = ErrorCode("view.sum_overflow")
}

extension ViewQuery {
    /// What is computed over the rows of a group. Nulls are passed over; of no values `count` is 0 and the others null.
    public enum Aggregate: String, Sendable, CaseIterable {
        /// How many values there are; without a column, how many rows.
        case count
        /// Of the column's own type. Of whole numbers it is exact: one that needs more than 64 bits is an error
        /// (`view.sum_overflow`).
        case sum
        /// A double; of durations a duration, rounded to the microsecond, halves away from zero.
        case avg
        case min, max

        /// The result's type; nil where the aggregate is not made of such columns.
        public func type(of column: ValueType) -> ValueType? {
            switch (self, column) {
            case (.count, _), (.sum, .int): .int
            case (.sum, .double), (.avg, .double), (.avg, .int): .double
            case (.sum, .duration), (.avg, .duration): .duration
            case (.min, .int), (.min, .double), (.min, .string), (.min, .timestamp), (.min, .duration): column
            case (.max, .int), (.max, .double), (.max, .string), (.max, .timestamp), (.max, .duration): column
            default: nil
            }
        }
    }

    /// One column of the answer.
    public struct Output: Hashable, Sendable {
        /// What the answer calls it.
        public var name: String
        /// The view's column it is or is made of. Nil: it counts rows.
        public var source: String?
        public var aggregate: Aggregate?

        public init(_ name: String, source: String?, aggregate: Aggregate? = nil) {
            self.name = name
            self.source = source
            self.aggregate = aggregate
        }

        /// A column of the view under its own name.
        public init(_ column: String) { self.init(column, source: column) }

        /// The answer's column; nil where the view has no such source, or the aggregate is not made of its type.
        public func column(of view: ViewDefinition) -> RowType.Column? {
            column { name in view.type.index(flatName: name).map { view.type.columns[$0] } }
        }

        /// The same, by the view's columns wherever they are looked up.
        public func column(where find: (String) -> RowType.Column?) -> RowType.Column? {
            guard let source else { return aggregate == .count ? RowType.Column(name, .int) : nil }
            guard var column = find(source) else { return nil }
            if let aggregate {
                guard let type = aggregate.type(of: column.type) else { return nil }
                column = RowType.Column(name, type, isNullable: aggregate != .count)
            } else if name != source {
                column.path = name
            }
            return column
        }
    }
}
