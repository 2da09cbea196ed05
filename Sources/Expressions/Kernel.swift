import Base
import Columns

/// A node of a compiled expression: computes a column from a frame's columns.
///
/// One call a node and batch; inside it plain loops over raw buffers. A kernel is immutable and may run in several
/// threads at once.
///
/// What every kernel relies on and keeps:
/// - Every row of a column is safe to read. A null row holds zero words (an empty string, an empty map, `false`), and a
///   row that failed holds some value of its type. So kernels compute all rows, those of branches not taken included,
///   and never trap.
/// - Bools are 0 or 1, in all rows.
/// - The validity of an operand that the checker calls not nullable is not looked at.
/// - A mask of faults is nil where no row failed; in it, the first operand's fault wins.
protocol Kernel: AnyObject, Sendable {
    func evaluate(_ frame: Frame) -> EvaluatedColumn
}

/// What an evaluation reads.
struct Frame {
    /// In the order of the row type that the expression was compiled over.
    let columns: [Column]
    let count: Int
    let context: EvaluationContext
}

/// Fault masks: one byte a row, 0 or an `ExpressionFault`.
enum Faults {
    static func mask(_ count: Int) -> ByteArena {
        let mask = ByteArena(capacity: count)
        mask.reserve(count).initialize(repeating: 0, count: count)
        mask.commit(count)
        return mask
    }

    /// Where either failed, with the first's reason if both did. - Complexity: O(1) unless both have faults.
    static func merge(_ first: ByteArena?, _ second: ByteArena?) -> ByteArena? {
        guard let first else { return second }
        guard let second else { return first }
        let result = mask(first.count)
        let a = first.base, b = second.base, out = result.base
        for i in 0..<first.count { out[i] = a[i] != 0 ? a[i] : b[i] }
        return result
    }

    /// The mask, or nil where no byte of it is set.
    static func simplified(_ mask: ByteArena) -> ByteArena? {
        var any: UInt8 = 0
        for i in 0..<mask.count { any |= mask.base[i] }
        return any == 0 ? nil : mask
    }
}

extension Column {
    /// A column of `count` rows that a kernel is about to fill.
    static func forResult(_ type: ValueType, _ count: Int, isNullable: Bool = false, arena: ByteArena? = nil) -> Column {
        let column = Column(
            type, capacity: count, isNullable: isNullable,
            arena: type.layout == .reference ? arena ?? ByteArena() : nil)
        column.count = count
        return column
    }
}
