import Base
import Columns

/// One operand's buffers during a loop.
struct Operand {
    let base: UnsafeRawPointer
    /// Of columns of references; else nil.
    let arena: UnsafePointer<UInt8>?
    /// One value that stands for all rows.
    let isConstant: Bool

    init(_ column: Column, isConstant: Bool) {
        base = UnsafeRawPointer(column.storage)
        arena = column.arena.map { UnsafePointer($0.base) }
        self.isConstant = isConstant
    }
}

/// A row's value as loops have it.
protocol Element: SendableMetatype {
    static func load(_ operand: Operand, _ row: Int) -> Self
}

extension Int64: Element {
    @inline(__always)
    static func load(_ operand: Operand, _ row: Int) -> Int64 { operand.base.assumingMemoryBound(to: Int64.self)[row] }
}

extension Double: Element {
    @inline(__always)
    static func load(_ operand: Operand, _ row: Int) -> Double { operand.base.assumingMemoryBound(to: Double.self)[row] }
}

extension UInt8: Element {
    @inline(__always)
    static func load(_ operand: Operand, _ row: Int) -> UInt8 { operand.base.assumingMemoryBound(to: UInt8.self)[row] }
}

extension ByteRun: Element {
    @inline(__always)
    static func load(_ operand: Operand, _ row: Int) -> ByteRun {
        let reference = operand.base.assumingMemoryBound(to: BytesReference.self)[row]
        return ByteRun(start: operand.arena.unsafelyUnwrapped + Int(reference.offset), count: Int(reference.length))
    }
}

/// What a loop computes of one row, for operations that cannot fail. Those with one operand ignore the second.
protocol RowOperation: SendableMetatype {
    associatedtype Left: Element
    associatedtype Right: Element
    associatedtype Result
    static func apply(_ left: Left, _ right: Right) -> Result
}

/// Computes a row, and 0 or the `ExpressionFault` it fails with.
protocol FallibleRowOperation: SendableMetatype {
    associatedtype Left: Element
    associatedtype Right: Element
    associatedtype Result
    static func apply(_ left: Left, _ right: Right) -> (Result, UInt8)
}

/// Appends a row's bytes to the result's arena; returns 0 or a fault.
protocol AppendingRowOperation: SendableMetatype {
    associatedtype Left: Element
    associatedtype Right: Element
    static func append(_ left: Left, _ right: Right, to arena: ByteArena) -> UInt8
}

/// A loop over a batch, made for one operation: the generic code is specialised where one of these is made, so that a
/// batch costs one closure call and a row none.
struct KernelLoop: Sendable {
    typealias Body = @Sendable (
        _ left: Operand, _ right: Operand, _ count: Int, _ result: Column, _ faults: UnsafeMutablePointer<UInt8>?
    ) -> UInt8

    /// Fills the result; non-zero when some row failed. With `faults`, also says which rows and why.
    let body: Body

    @inline(__always)
    static func plain<Operation: RowOperation>(_: Operation.Type) -> KernelLoop {
        KernelLoop { left, right, count, result, _ in
            let out = result.storage.assumingMemoryBound(to: Operation.Result.self)
            forEachRow(left, right, count, Operation.Left.self, Operation.Right.self) { i, l, r in
                out[i] = Operation.apply(l, r)
            }
            return 0
        }
    }

    @inline(__always)
    static func fallible<Operation: FallibleRowOperation>(_: Operation.Type) -> KernelLoop {
        KernelLoop { left, right, count, result, faults in
            let out = result.storage.assumingMemoryBound(to: Operation.Result.self)
            var any: UInt8 = 0
            if let faults {
                forEachRow(left, right, count, Operation.Left.self, Operation.Right.self) { i, l, r in
                    (out[i], faults[i]) = Operation.apply(l, r)
                }
                any = 1
            } else {
                forEachRow(left, right, count, Operation.Left.self, Operation.Right.self) { i, l, r in
                    let (value, fault) = Operation.apply(l, r)
                    out[i] = value
                    any |= fault
                }
            }
            return any
        }
    }

    @inline(__always)
    static func appending<Operation: AppendingRowOperation>(_: Operation.Type) -> KernelLoop {
        KernelLoop { left, right, count, result, faults in
            let out = result.references
            let arena = result.arena.unsafelyUnwrapped
            arena.removeAll()
            var any: UInt8 = 0
            forEachRow(left, right, count, Operation.Left.self, Operation.Right.self) { i, l, r in
                let start = arena.count
                let fault = Operation.append(l, r, to: arena)
                out[i] = BytesReference(offset: start, length: arena.count - start)
                any |= fault
                faults?[i] = fault
            }
            return any
        }
    }
}

/// Calls `body` with every row's values; a constant operand is loaded once.
@inline(__always)
func forEachRow<Left: Element, Right: Element>(
    _ left: Operand, _ right: Operand, _ count: Int, _: Left.Type, _: Right.Type, _ body: (Int, Left, Right) -> Void
) {
    if right.isConstant {
        let constant = Right.load(right, 0)
        if left.isConstant {
            let other = Left.load(left, 0)
            for i in 0..<count { body(i, other, constant) }
        } else {
            for i in 0..<count { body(i, Left.load(left, i), constant) }
        }
    } else if left.isConstant {
        let constant = Left.load(left, 0)
        for i in 0..<count { body(i, constant, Right.load(right, i)) }
    } else {
        for i in 0..<count { body(i, Left.load(left, i), Right.load(right, i)) }
    }
}

/// Runs a loop over one or two operands. The result fails where an operand failed, or the operation does.
final class LoopKernel: Kernel {
    private let type: ValueType
    private let loop: KernelLoop
    private let operands: [any Kernel]
    private let constants: [ConstantKernel?]

    init(_ type: ValueType, _ loop: KernelLoop, _ operands: [any Kernel]) {
        precondition(operands.count == 1 || operands.count == 2, "a loop has one or two operands")
        self.type = type
        self.loop = loop
        self.operands = operands
        constants = operands.map { kernel in
            guard let constant = kernel as? ConstantKernel, constant.fault == nil else { return nil }
            return constant
        }
    }

    private func evaluateOperand(_ index: Int, _ frame: Frame) -> EvaluatedColumn {
        constants[index].map { EvaluatedColumn(column: $0.column, faults: nil) } ?? operands[index].evaluate(frame)
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let first = evaluateOperand(0, frame)
        let second = operands.count > 1 ? evaluateOperand(1, frame) : first
        let left = Operand(first.column, isConstant: constants[0] != nil)
        let right = operands.count > 1 ? Operand(second.column, isConstant: constants[1] != nil) : left
        let result = Column.forResult(type, frame.count)
        var faults = operands.count > 1 ? Faults.merge(first.faults, second.faults) : first.faults
        withExtendedLifetime((first, second)) {
            guard loop.body(left, right, frame.count, result, nil) != 0 else { return }
            let own = Faults.mask(frame.count)
            _ = loop.body(left, right, frame.count, result, own.base)
            faults = Faults.merge(faults, own)
        }
        return EvaluatedColumn(column: result, faults: faults)
    }
}
