import Base
public import Columns
public import Expressions

/// `map`: every row with further fields, computed from it.
///
/// - Event time: rows keep theirs; the watermark passes unchanged.
/// - Memory: none beyond the batch; the input's columns are shared, not copied.
/// - Failing inputs: a row on which an expression fails is a dead letter, once, with the first expression that failed.
public final class MapOperator: Operator {
    private let name: String
    private let type: RowType
    private let expressions: [CompiledExpression]

    public init(name: String, type: RowType, expressions: [CompiledExpression]) {
        self.name = name
        self.type = type
        self.expressions = expressions
    }

    public func process(_ batch: Batch, _ context: OperatorContext, output: inout OperatorOutput) {
        let evaluated = expressions.map { $0.evaluate(batch, context.evaluation) }
        let mapped = batch.with(type: type, columns: batch.columns + evaluated.map(\.column))
        let faulty = evaluated.indices.filter { evaluated[$0].faults != nil }
        guard !faulty.isEmpty else {
            output.batches.append(mapped)
            return
        }
        let firstAdded = type.columns.count - expressions.count
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: batch.count) { rows in
            var count = 0
            for row in 0..<batch.count {
                if let failed = faulty.first(where: { evaluated[$0].faults!.base[row] != 0 }) {
                    let field = type.columns[firstAdded + failed].path
                    output.fault(evaluated[failed].faults!.base[row], expression: "\(name).\(field)", row: row, of: batch)
                } else {
                    rows[count] = Int32(truncatingIfNeeded: row)
                    count += 1
                }
            }
            if count > 0 { output.batches.append(mapped.gather(UnsafeBufferPointer(rebasing: rows[..<count]))) }
        }
    }
}
