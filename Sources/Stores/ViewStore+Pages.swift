public import Base
public import Columns

/// What there is to know of a page beside its rows, which were written.
public struct ViewPage: Sendable {
    /// The values of the query's `totalOrder` in the last row written, where rows follow it that `limit` cut off: what
    /// `ViewQuery.after` takes for the next page. Nil where none follows, and where no row was wanted.
    public var after: [Value]?
    /// How fresh the rows are, read in the same transaction.
    public var positions: [PartitionNumber: ViewPosition]

    public init(after: [Value]?, positions: [PartitionNumber: ViewPosition]) {
        self.after = after
        self.positions = positions
    }
}

/// What `ViewStore.page` is asked for.
public struct ViewPageRequest {
    public var query: ViewQuery
    /// Of no use where the answer is a failure.
    public var writer: RowWriter

    public init(_ query: ViewQuery, to writer: RowWriter) {
        self.query = query
        self.writer = writer
    }
}

extension ViewStore {
    /// By way of values, for stores to whom nothing better is given.
    public func page(_ query: ViewQuery, to writer: RowWriter) throws -> ViewPage {
        var (wanted, place) = query.withPlace()
        wanted.limit += query.limit > 0 ? 1 : 0
        let answer = try self.query(wanted)
        for row in answer.rows.prefix(query.limit) {
            for value in row.prefix(query.select.count) { writer.value(value) }
            writer.endRow()
        }
        let hasMore = query.limit > 0 && answer.rows.count > query.limit
        return ViewPage(after: hasMore ? place.values(of: answer.rows[query.limit - 1]) : nil, positions: answer.positions)
    }

    /// One after the other.
    public func pages(_ requests: [ViewPageRequest]) -> [Result<ViewPage, any Error>] {
        requests.map { request in Result { try page(request.query, to: request.writer) } }
    }
}
