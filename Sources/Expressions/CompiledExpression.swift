public import Base
public import Columns

/// An expression ready to run: a tree of kernels over the columns of one row type.
///
/// Immutable; any number of threads may evaluate it at once.
public final class CompiledExpression: Sendable {
    public let type: ExpressionType
    /// The columns of the row type that the expression reads, ascending.
    public let columnsRead: [Int]
    /// The value, for an expression that reads neither row nor clock and does not fail; else nil.
    public let constant: Value?
    let kernel: any Kernel
    private let columnCount: Int

    init(_ kernel: any Kernel, _ type: ExpressionType, columnsRead: [Int], columns: Int) {
        self.kernel = kernel
        self.type = type
        self.columnsRead = columnsRead
        columnCount = columns
        let folded = kernel as? ConstantKernel
        constant = folded?.fault == nil ? folded?.column.value(at: 0) : nil
    }

    /// The value of every row. For an expression that is a bare column, that column itself; for the literal `null`
    /// alone, a column of bools, all null.
    ///
    /// - Precondition: the batch is of the row type that the expression was compiled over, every string and map
    ///   reference lies in its arena, and null rows hold zero words.
    /// - Complexity: O(rows) a node of the expression.
    public func evaluate(_ batch: Batch, _ context: EvaluationContext) -> EvaluatedColumn {
        precondition(batch.columns.count == columnCount, "an expression reads batches of the row type it was compiled over")
        return kernel.evaluate(Frame(columns: batch.columns, count: batch.count, context: context))
    }
}

/// What an expression gave for a batch: a value a row, and which rows failed.
public struct EvaluatedColumn {
    /// `count` rows of the expression's type. Rows that failed hold an arbitrary value that is safe to read. Where the
    /// expression's type is not nullable, the column's validity (if it has one) means nothing.
    public let column: Column
    /// One byte a row: 0, or the `ExpressionFault` that the row failed with. Nil when no row failed.
    public let faults: ByteArena?

    public init(column: Column, faults: ByteArena?) {
        self.column = column
        self.faults = faults
    }
}

/// Why an expression failed on a row; the raw value is what the fault byte holds.
public enum ExpressionFault: UInt8, Sendable, CaseIterable {
    case intOverflow = 1
    case divisionByZero = 2
    case modulusByZero = 3
    case indexOutOfBounds = 4
    case noSuchKey = 5
    case conversion = 6
    case timeOutOfRange = 7

    public var message: String {
        switch self {
        case .intOverflow: "integer overflow"
        case .divisionByZero: "division by zero"
        case .modulusByZero: "modulus by zero"
        case .indexOutOfBounds: "index out of bounds"
        case .noSuchKey: "no such key"
        case .conversion: "the value cannot be converted"
        case .timeOutOfRange: "timestamp or duration out of range"
        }
    }
}

/// What an expression may read beside its row.
public struct EvaluationContext: Sendable {
    /// The task's clock: CEL's `now()`.
    public var clock: EventTime
    public init(clock: EventTime) { self.clock = clock }
}
