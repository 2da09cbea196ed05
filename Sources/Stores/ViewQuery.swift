public import Base
public import Columns

/// A question to one view. Column names are flattened ones and were checked against the view's definition.
public struct ViewQuery: Sendable {
    public indirect enum Filter: Sendable {
        public enum Comparison: String, Sendable, CaseIterable {
            case equal = "eq", notEqual = "neq", less = "lt", lessOrEqual = "lte", greater = "gt", greaterOrEqual = "gte"
        }
        /// False where the column is null, as in SQL. The value has the column's type and is not null.
        case compare(column: String, Comparison, Value)
        case isNull(column: String)
        /// True where the column equals one of the values.
        case isOneOf(column: String, [Value])
        case not(Filter)
        case all([Filter])
        case any([Filter])
    }

    public struct Order: Sendable {
        public var column: String
        public var isDescending: Bool
        /// PostgreSQL's default: nulls last ascending, first descending.
        public var nullsFirst: Bool
        public init(column: String, isDescending: Bool, nullsFirst: Bool) {
            self.column = column
            self.isDescending = isDescending
            self.nullsFirst = nullsFirst
        }
    }

    public var view: ViewDefinition
    /// Flattened names, in the order wanted.
    public var select: [String]
    public var filter: Filter
    /// Ties are broken by the view's key, so that pages are stable.
    public var order: [Order]
    public var limit: Int
    public var offset: Int

    public init(view: ViewDefinition, select: [String], filter: Filter, order: [Order], limit: Int, offset: Int) {
        self.view = view
        self.select = select
        self.filter = filter
        self.order = order
        self.limit = limit
        self.offset = offset
    }
}

public struct ViewRows: Sendable {
    public var columns: [RowType.Column]
    public var rows: [[Value]]
    /// How fresh the answer is, read in the same transaction as the rows.
    public var positions: [PartitionNumber: ViewPosition]

    public init(columns: [RowType.Column], rows: [[Value]], positions: [PartitionNumber: ViewPosition]) {
        self.columns = columns
        self.rows = rows
        self.positions = positions
    }
}
