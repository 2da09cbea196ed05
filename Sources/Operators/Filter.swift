import Base
public import Columns
public import Expressions

/// `filter`: the rows for which a condition holds.
///
/// - Event time: rows keep theirs; the watermark passes unchanged.
/// - Memory: none beyond the batch.
/// - Failing inputs: a row on which the condition fails is a dead letter.
/// - Complexity: one pass of the condition and eight bytes copied per value that passes; nothing is copied when all or
///   none pass.
public final class FilterOperator: Operator {
    private let name: String
    private let condition: CompiledExpression

    public init(name: String, condition: CompiledExpression) {
        self.name = name
        self.condition = condition
    }

    public func process(_ batch: Batch, _ context: OperatorContext, output: inout OperatorOutput) {
        let evaluated = condition.evaluate(batch, context.evaluation)
        let passes = evaluated.column.flags, validity = evaluated.column.validity
        let faults = evaluated.faults?.base
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: batch.count) { rows in
            var count = 0
            for row in 0..<batch.count {
                rows[count] = Int32(truncatingIfNeeded: row)
                let isTrue = passes[row] & (validity?[row] ?? 1) & (faults.map { $0[row] == 0 ? 1 : 0 } ?? 1)
                count &+= Int(isTrue)
            }
            if let faults {
                for row in 0..<batch.count where faults[row] != 0 {
                    output.fault(faults[row], expression: "\(name).filter", row: row, of: batch)
                }
            }
            if count == batch.count {
                output.batches.append(batch)
            } else if count > 0 {
                output.batches.append(batch.gather(UnsafeBufferPointer(rebasing: rows[..<count])))
            }
        }
    }
}
