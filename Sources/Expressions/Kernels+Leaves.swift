import Base
import Columns

/// A column of the row, as it is.
final class ColumnKernel: Kernel {
    let index: Int
    init(_ index: Int) { self.index = index }
    func evaluate(_ frame: Frame) -> EvaluatedColumn { EvaluatedColumn(column: frame.columns[index], faults: nil) }
}

/// The same value in every row, or the same fault.
final class ConstantKernel: Kernel {
    /// One row.
    let column: Column
    let fault: ExpressionFault?

    /// - Precondition: one row.
    init(_ column: Column, fault: ExpressionFault? = nil) {
        precondition(column.count == 1, "a constant is one row")
        self.column = column
        self.fault = fault
    }

    /// A constant of the type; `.null` takes any type.
    convenience init(_ value: Value, _ type: ValueType) {
        let column = Column(
            type, capacity: 1, isNullable: value == .null, arena: type.layout == .reference ? ByteArena(capacity: 16) : nil)
        column.append(value)
        self.init(column)
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let result = Column.forResult(column.type, frame.count, isNullable: column.validity != nil, arena: column.arena)
        switch column.type.layout {
        case .byte: result.flags.initialize(repeating: column.flags[0], count: frame.count)
        case .word, .reference: result.words.initialize(repeating: column.words[0], count: frame.count)
        }
        if let validity = column.validity { result.validity?.update(repeating: validity[0], count: frame.count) }
        let faults = fault.map { fault in
            let mask = Faults.mask(frame.count)
            mask.base.update(repeating: fault.rawValue, count: frame.count)
            return mask
        }
        return EvaluatedColumn(column: result, faults: faults)
    }
}

/// `now()`: the task's clock, the same in all rows of a batch.
final class ClockKernel: Kernel {
    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let result = Column.forResult(.timestamp, frame.count)
        result.words.initialize(repeating: frame.context.clock.microseconds, count: frame.count)
        return EvaluatedColumn(column: result, faults: nil)
    }
}
