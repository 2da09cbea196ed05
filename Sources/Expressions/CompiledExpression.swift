public import Base
public import Columns

/// What an expression gave for a batch: a value a row, and which rows failed.
public struct EvaluatedColumn {
    /// `count` rows of the expression's type. Rows that failed hold an arbitrary value.
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
