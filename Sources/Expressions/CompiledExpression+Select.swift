import Base
public import Columns

/// The rows of a batch that a condition lets through.
public struct Selection {
    /// Ascending; as `Batch.gather` takes them.
    public let rows: [Int32]
    /// Rows on which the condition failed, ascending, and why.
    public let failed: [(row: Int, fault: ExpressionFault)]
}

extension CompiledExpression {
    /// The rows on which the expression is true, and those on which it fails.
    /// - Precondition: the expression is a bool; a null counts as false.
    /// - Complexity: O(rows) a node of the expression.
    public func select(_ batch: Batch, _ context: EvaluationContext) -> Selection {
        precondition(type.value == .bool, "rows are selected by a bool")
        let result = evaluate(batch, context)
        var failed: [(row: Int, fault: ExpressionFault)] = []
        if let faults = result.faults {
            for row in 0..<batch.count {
                if let fault = ExpressionFault(rawValue: faults.base[row]) { failed.append((row, fault)) }
            }
        }
        let rows = [Int32](unsafeUninitializedCapacity: batch.count) { buffer, count in
            guard let out = buffer.baseAddress else { return }
            withExtendedLifetime(result) {
                let flags = result.column.flags
                let validity = type.isNullable ? result.column.validity : nil
                let faults = result.faults?.base
                if validity == nil, faults == nil {
                    // Every row is written, and overwritten by the next unless it passed: no branch on the data.
                    for row in 0..<batch.count {
                        out[count] = Int32(truncatingIfNeeded: row)
                        count &+= Int(flags[row])
                    }
                } else {
                    for row in 0..<batch.count where flags[row] != 0 {
                        guard validity.map({ $0[row] != 0 }) ?? true, faults.map({ $0[row] == 0 }) ?? true else { continue }
                        out[count] = Int32(truncatingIfNeeded: row)
                        count += 1
                    }
                }
            }
        }
        return Selection(rows: rows, failed: failed)
    }
}
