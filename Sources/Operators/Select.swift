public import Columns

/// `select`: every row with only the named fields. Columns are shared, not copied; no row can fail.
public final class SelectOperator: Operator {
    private let type: RowType
    private let columns: [Int]

    public init(type: RowType, columns: [Int]) {
        self.type = type
        self.columns = columns
    }

    public func process(_ batch: Batch, _ context: OperatorContext, output: inout OperatorOutput) {
        output.batches.append(batch.with(type: type, columns: columns.map { batch.columns[$0] }))
    }
}
