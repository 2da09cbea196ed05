import Base
import Columns

/// Typed tree to kernels. What reads neither row nor clock is computed here, once.
enum Lowering {
    /// `type`: of the result's column where the node is the literal null, which fits any.
    static func kernel(_ node: TypedNode, as type: ValueType) -> any Kernel {
        switch node.kind {
        case .constant(let value): return ConstantKernel(value, type)
        case .column(let index): return ColumnKernel(index)
        case .clock: return ClockKernel()
        case .present(let columns): return PresentKernel(columns)
        case .call(let overload, let arguments):
            return folded(zip(arguments, overload.parameters).map(kernel), overload.kernel)
        case .and(let left, let right):
            return folded([kernel(left, as: .bool), kernel(right, as: .bool)]) { LogicKernel(and: $0[0], $0[1]) }
        case .or(let left, let right):
            return folded([kernel(left, as: .bool), kernel(right, as: .bool)]) { LogicKernel(or: $0[0], $0[1]) }
        case .conditional(let condition, let then, let otherwise):
            let parts = [kernel(condition, as: .bool), kernel(then, as: type), kernel(otherwise, as: type)]
            return folded(parts) {
                ConditionalKernel($0[0], then: $0[1], otherwise: $0[2], isNullable: node.isNullable)
            }
        case .notNull(let operand):
            return folded([kernel(operand, as: operand.columnType)]) { NotNullKernel($0[0]) }
        case .orElse(let operand, let fallback):
            return folded([kernel(operand, as: type), kernel(fallback, as: type)]) {
                OrElseKernel($0[0], $0[1], isNullable: node.isNullable)
            }
        case .anyOf(let operand, let elements):
            return folded([kernel(operand, as: operand.columnType)]) { operands in
                AnyOfKernel(operands[0]) { slot in
                    elements.map { overload, element in overload.kernel([slot, kernel(element, as: overload.parameters[1])]) }
                }
            }
        case .record, .invalid:
            preconditionFailure("an expression with issues is not lowered, and a record is no value")
        }
    }

    private static func folded(_ operands: [any Kernel], _ make: ([any Kernel]) -> any Kernel) -> any Kernel {
        let kernel = make(operands)
        guard operands.allSatisfy({ $0 is ConstantKernel }) else { return kernel }
        let frame = Frame(columns: [], count: 1, context: EvaluationContext(clock: .earliest))
        let result = kernel.evaluate(frame)
        return ConstantKernel(result.column, fault: result.faults.flatMap { ExpressionFault(rawValue: $0.base[0]) })
    }
}

extension TypedNode {
    /// The type of the column that the node fills; the literal null, alone, fills one of bools.
    var columnType: ValueType {
        if case .value(let type) = type { type } else { .bool }
    }
}
