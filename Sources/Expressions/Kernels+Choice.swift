import Base
import Columns

/// `c ? a : b`: both branches are computed for all rows, and each row takes its own's value, validity and fault.
final class ConditionalKernel: Kernel {
    private let condition: any Kernel
    private let then: any Kernel
    private let otherwise: any Kernel
    private let isNullable: Bool

    init(_ condition: any Kernel, then: any Kernel, otherwise: any Kernel, isNullable: Bool) {
        self.condition = condition
        self.then = then
        self.otherwise = otherwise
        self.isNullable = isNullable
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let c = condition.evaluate(frame), a = then.evaluate(frame), b = otherwise.evaluate(frame)
        return withExtendedLifetime((c, a, b)) {
            let column = choose(c.column.flags, a.column, b.column, frame.count, isNullable: isNullable)
            guard a.faults != nil || b.faults != nil else { return EvaluatedColumn(column: column, faults: c.faults) }
            let taken = Faults.mask(frame.count)
            let flags = c.column.flags, x = a.faults?.base, y = b.faults?.base
            for i in 0..<frame.count {
                taken.base[i] = flags[i] != 0 ? x.map { $0[i] } ?? 0 : y.map { $0[i] } ?? 0
            }
            return EvaluatedColumn(column: column, faults: Faults.merge(c.faults, Faults.simplified(taken)))
        }
    }
}

/// `or_else(x, default)`: x where it is there, else the default. A missing key or index counts as not there; other
/// faults of x stay, and the default's count only where it is used.
final class OrElseKernel: Kernel {
    private let operand: any Kernel
    private let fallback: any Kernel
    private let isNullable: Bool

    init(_ operand: any Kernel, _ fallback: any Kernel, isNullable: Bool) {
        self.operand = operand
        self.fallback = fallback
        self.isNullable = isNullable
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let value = operand.evaluate(frame)
        guard value.column.validity != nil || value.faults != nil else { return value }
        let other = fallback.evaluate(frame)
        let there = Column.forResult(.bool, frame.count)
        let faults = Faults.mask(frame.count)
        return withExtendedLifetime((value, other, there)) {
            let out = there.flags, validity = value.column.validity
            let x = value.faults?.base, y = other.faults?.base
            for i in 0..<frame.count {
                let fault = x.map { $0[i] } ?? 0
                let isMissing = fault == ExpressionFault.noSuchKey.rawValue || fault == ExpressionFault.indexOutOfBounds.rawValue
                let isThere = !isMissing && (fault != 0 || validity.map { $0[i] != 0 } ?? true)
                out[i] = isThere ? 1 : 0
                faults.base[i] = isThere ? fault : y.map { $0[i] } ?? 0
            }
            let column = choose(out, value.column, other.column, frame.count, isNullable: isNullable)
            return EvaluatedColumn(column: column, faults: Faults.simplified(faults))
        }
    }
}

/// The rows of `a` where the flag is set, of `b` where it is not. Strings are copied unless both share an arena.
private func choose(_ flags: UnsafePointer<UInt8>, _ a: Column, _ b: Column, _ count: Int, isNullable: Bool) -> Column {
    let sharesArena = a.arena === b.arena
    let result = Column.forResult(a.type, count, isNullable: isNullable, arena: sharesArena ? a.arena : nil)
    switch a.type.layout {
    case .byte:
        let x = a.flags, y = b.flags, out = result.flags
        for i in 0..<count { out[i] = flags[i] != 0 ? x[i] : y[i] }
    case .reference where !sharesArena:
        copyChosen(flags, a, b, count, to: result)
    case .word, .reference:
        let x = a.words, y = b.words, out = result.words
        for i in 0..<count {
            let left = x[i], right = y[i]
            out[i] = flags[i] != 0 ? left : right
        }
    }
    if let out = result.validity {
        let x = a.validity, y = b.validity
        for i in 0..<count { out[i] = flags[i] != 0 ? x.map { $0[i] } ?? 1 : y.map { $0[i] } ?? 1 }
    }
    return result
}

private func copyChosen(_ flags: UnsafePointer<UInt8>, _ a: Column, _ b: Column, _ count: Int, to result: Column) {
    let arena = result.arena.unsafelyUnwrapped, out = result.references
    let left = Operand(a, isConstant: false), right = Operand(b, isConstant: false)
    for i in 0..<count {
        let bytes = flags[i] != 0 ? ByteRun.load(left, i) : ByteRun.load(right, i)
        out[i] = BytesReference(offset: arena.append(bytes.start, count: bytes.count), length: bytes.count)
    }
}

/// `x in [constants]`: the operand is computed once and compared with each constant.
final class AnyOfKernel: Kernel {
    private let operand: any Kernel
    private let comparisons: [any Kernel]

    /// `compare` makes, for the kernel of the operand, one kernel a constant.
    init(_ operand: any Kernel, compare: (any Kernel) -> [any Kernel]) {
        self.operand = operand
        comparisons = compare(ColumnKernel(0))
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let value = operand.evaluate(frame)
        let result = Column.forResult(.bool, frame.count)
        let out = result.flags
        out.initialize(repeating: 0, count: frame.count)
        // The comparisons read a frame whose only column is the operand.
        let inner = Frame(columns: [value.column], count: frame.count, context: frame.context)
        var faults = value.faults
        for comparison in comparisons {
            let equal = comparison.evaluate(inner)
            withExtendedLifetime(equal) {
                let flags = equal.column.flags
                for i in 0..<frame.count { out[i] |= flags[i] }
            }
            faults = Faults.merge(faults, equal.faults)
        }
        return EvaluatedColumn(column: result, faults: faults)
    }
}
