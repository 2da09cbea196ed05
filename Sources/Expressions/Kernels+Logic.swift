import Base
import Columns

extension Overload {
    static let logic: [Overload] = [Overload("!", .symbol, [.bool], .bool, .plain(Not.self))]
}

private enum Not: RowOperation {
    @inline(__always) static func apply(_ flag: UInt8, _: UInt8) -> UInt8 { flag ^ 1 }
}

/// `&&` and `||`. An operand that decides the result absorbs the other's fault: `fault && false` is false,
/// `fault || true` is true, in either order.
final class LogicKernel: Kernel {
    private let left: any Kernel
    private let right: any Kernel
    /// The value that decides: 0 for `&&`, 1 for `||`.
    private let deciding: UInt8

    init(and left: any Kernel, _ right: any Kernel) {
        (self.left, self.right, deciding) = (left, right, 0)
    }

    init(or left: any Kernel, _ right: any Kernel) {
        (self.left, self.right, deciding) = (left, right, 1)
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let a = left.evaluate(frame), b = right.evaluate(frame)
        let result = Column.forResult(.bool, frame.count)
        return withExtendedLifetime((a, b)) {
            let x = a.column.flags, y = b.column.flags, out = result.flags
            // A failed row's own value is arbitrary, yet harmless: where the other decides the operator gives the
            // deciding value whatever this one holds, and where it does not the row fails.
            if deciding == 0 {
                for i in 0..<frame.count { out[i] = x[i] & y[i] }
            } else {
                for i in 0..<frame.count { out[i] = x[i] | y[i] }
            }
            return EvaluatedColumn(column: result, faults: faults(a, b, frame.count))
        }
    }

    private func faults(_ a: EvaluatedColumn, _ b: EvaluatedColumn, _ count: Int) -> ByteArena? {
        guard let merged = Faults.merge(a.faults, b.faults) else { return nil }
        let result = Faults.mask(count)
        let x = a.column.flags, y = b.column.flags
        let xFaults = a.faults?.base, yFaults = b.faults?.base
        for i in 0..<count {
            let leftDecides = xFaults.map { $0[i] } ?? 0 == 0 && x[i] == deciding
            let rightDecides = yFaults.map { $0[i] } ?? 0 == 0 && y[i] == deciding
            result.base[i] = leftDecides || rightDecides ? 0 : merged.base[i]
        }
        return Faults.simplified(result)
    }
}

/// `a != null` of a value; a row that failed stays failed.
final class NotNullKernel: Kernel {
    private let operand: any Kernel
    init(_ operand: any Kernel) { self.operand = operand }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let value = operand.evaluate(frame)
        let result = Column.forResult(.bool, frame.count)
        if let validity = value.column.validity {
            withExtendedLifetime(value) { result.flags.initialize(from: validity, count: frame.count) }
        } else {
            result.flags.initialize(repeating: 1, count: frame.count)
        }
        return EvaluatedColumn(column: result, faults: value.faults)
    }
}

/// Whether all of some columns hold a value: `x != null`, `has(a.b)`. A record's presence column holds one where its
/// flag is set.
final class PresentKernel: Kernel {
    private let columns: [Int]
    init(_ columns: [Int]) { self.columns = columns }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let result = Column.forResult(.bool, frame.count)
        let out = result.flags
        out.initialize(repeating: 1, count: frame.count)
        for index in columns {
            let column = frame.columns[index]
            withExtendedLifetime(column) {
                if let validity = column.validity {
                    for i in 0..<frame.count { out[i] &= validity[i] }
                }
                if column.type == .record {
                    for i in 0..<frame.count { out[i] &= column.flags[i] }
                }
            }
        }
        return EvaluatedColumn(column: result, faults: nil)
    }
}
