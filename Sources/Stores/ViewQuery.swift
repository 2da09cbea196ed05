public import Base
public import Columns

/// A question to one view. Column names are flattened ones and were checked against the view's definition.
///
/// What an answer is, in this order: the rows that `filter` is true of; made into one row a group where `select` has an
/// aggregate; sorted by `totalOrder`; those after `after`; without the first `offset`; at most `limit`. Stores answer
/// alike to the value (`ViewConformance`), but for the last bits of sums and means of doubles, which are added in no
/// particular order.
public struct ViewQuery: Sendable {
    public struct Order: Hashable, Sendable {
        /// A column of the view; where `select` has an aggregate the name of an output.
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
    /// The answer's columns, in the order wanted, by names that differ.
    public var select: [Output]
    public var filter: Filter
    /// No column is a map, which has no order that all stores share.
    public var order: [Order]
    /// The values of `totalOrder` in a row, which need not be there any more: only rows after it are wanted. This is how
    /// pages go on: rows that come or go elsewhere move none of the others.
    public var after: [Value]?
    public var limit: Int
    public var offset: Int

    public init(
        view: ViewDefinition, select: [Output], filter: Filter, order: [Order], after: [Value]? = nil, limit: Int, offset: Int
    ) {
        self.view = view
        self.select = select
        self.filter = filter
        self.order = order
        self.after = after
        self.limit = limit
        self.offset = offset
    }

    /// Whether rows are made into groups: one for each combination of the plain columns selected, and just one, also of
    /// no rows, where none is.
    public var isAggregated: Bool { select.contains { $0.aggregate != nil } }

    /// The order asked for, and what breaks its ties: the view's key, or of groups the columns they are made by. No two
    /// rows have the same values in it.
    public var totalOrder: [Order] {
        let rest = isAggregated ? select.filter { $0.aggregate == nil }.map(\.name) : view.key
        let missing = rest.filter { name in !order.contains { $0.column == name } }
        return order + missing.map { Order(column: $0, isDescending: false, nullsFirst: false) }
    }

    /// The column that `totalOrder` means by a name; nil where there is none.
    public func orderedColumn(_ name: String) -> RowType.Column? {
        if isAggregated { return select.first { $0.name == name }?.column(of: view) }
        return view.type.index(flatName: name).map { view.type.columns[$0] }
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
