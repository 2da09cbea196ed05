/// Some thousands of rows of one stream, as columns. Dense: a filter copies the rows that pass (eight bytes a value),
/// so that every kernel after it is a plain loop from 0 to `count`.
///
/// Columns are shared, never changed: `map` adds some, `select` drops some, neither copies.
public struct Batch: Sendable {
    public let type: RowType
    public let count: Int
    /// In the order of `type.columns`.
    public let columns: [Column]
    /// Event time of each row, µs (`Int64` words).
    public let eventTimes: Column
    /// The watermark that the row met on its way in, before it moved it itself (`Int64` words, µs). Lateness is judged
    /// against it, so that it does not depend on where batches begin and end.
    public let watermarks: Column
    /// For rows that stand for one source record each: its index in the record batch being processed, so that a row
    /// that fails is dead-lettered as the bytes that came. Nil for rows that operators made.
    public let origins: Column?

    public init(
        type: RowType, count: Int, columns: [Column], eventTimes: Column, watermarks: Column, origins: Column?
    ) {
        assert(columns.count == type.columns.count && columns.allSatisfy { $0.count == count })
        assert(eventTimes.count == count && watermarks.count == count && origins?.count ?? count == count)
        self.type = type
        self.count = count
        self.columns = columns
        self.eventTimes = eventTimes
        self.watermarks = watermarks
        self.origins = origins
    }

    /// The rows at `rows`, in that order. - Complexity: O(rows × columns).
    public func gather(_ rows: UnsafeBufferPointer<Int32>) -> Batch {
        Batch(
            type: type, count: rows.count, columns: columns.map { $0.gather(rows) },
            eventTimes: eventTimes.gather(rows), watermarks: watermarks.gather(rows), origins: origins?.gather(rows))
    }

    /// The same rows with other columns.
    public func with(type: RowType, columns: [Column]) -> Batch {
        Batch(type: type, count: count, columns: columns, eventTimes: eventTimes, watermarks: watermarks, origins: origins)
    }

    public func column(_ path: String) -> Column? { type.index(of: path).map { columns[$0] } }

    /// A row as path → value, nulls and absent records' leaves included: for tests and messages.
    public func row(_ index: Int) -> [String: Value] {
        var result: [String: Value] = [:]
        for (column, values) in zip(type.columns, columns) { result[column.path] = values.value(at: index) }
        return result
    }
}
