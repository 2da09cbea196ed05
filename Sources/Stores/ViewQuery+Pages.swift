public import Columns

/// Going through an answer page by page.
extension ViewQuery {
    /// Where a row stands: the columns of an answer that hold the values of `totalOrder`.
    public struct Place: Sendable {
        public let columns: [Int]

        /// What `after` takes to go on behind the row.
        public func values(of row: [Value]) -> [Value] { columns.map { row[$0] } }
    }

    /// The query with the columns of `totalOrder` among those it selects, added at the end where they are missing.
    public func withPlace() -> (query: ViewQuery, place: Place) {
        var query = self
        let columns = totalOrder.map { term in
            let there = query.select.firstIndex { isAggregated ? $0.name == term.column : $0.source == term.column }
            if let there { return there }
            query.select.append(Output(term.column))
            return query.select.count - 1
        }
        return (query, Place(columns: columns))
    }
}
