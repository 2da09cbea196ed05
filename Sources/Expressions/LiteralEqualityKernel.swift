import Base
import Columns

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `column == "literal"` and `!=`, the filter that nearly every topology begins with.
///
/// A row is equal if its length is, and its bytes. The bytes are compared as two words that overlap where the length is
/// no power of two (the first n bytes and the last n), without a branch on the data: a row of another length compares
/// the literal with itself, and is then unequal by its length. Literals of more than 16 bytes compare what lies between
/// only where the words are equal.
final class LiteralEqualityKernel: Kernel {
    private let operand: any Kernel
    /// One row: the literal.
    private let literal: Column
    private let isNegated: Bool

    init(_ operand: any Kernel, _ literal: Column, isNegated: Bool) {
        self.operand = operand
        self.literal = literal
        self.isNegated = isNegated
    }

    func evaluate(_ frame: Frame) -> EvaluatedColumn {
        let values = operand.evaluate(frame)
        let result = Column.forResult(.bool, frame.count)
        withExtendedLifetime((values, literal)) {
            let wanted = ByteRun.load(Operand(literal, isConstant: true), 0)
            let references = UnsafePointer(values.column.references)
            let arena = UnsafePointer(values.column.arena.unsafelyUnwrapped.base)
            let out = result.flags, equal: UInt8 = isNegated ? 0 : 1
            switch wanted.count {
            case 0: for i in 0..<frame.count { out[i] = (references[i].length == 0 ? 1 : 0) ^ equal ^ 1 }
            case 1: compareWords(references, arena, wanted, UInt8.self, frame.count, out, equal)
            case 2...3: compareWords(references, arena, wanted, UInt16.self, frame.count, out, equal)
            case 4...7: compareWords(references, arena, wanted, UInt32.self, frame.count, out, equal)
            case 8...16: compareWords(references, arena, wanted, UInt64.self, frame.count, out, equal)
            default: compareLong(references, arena, wanted, frame.count, out, equal)
            }
        }
        return EvaluatedColumn(column: result, faults: values.faults)
    }
}

@inline(__always)
private func compareWords<Word: FixedWidthInteger>(
    _ references: UnsafePointer<BytesReference>, _ arena: UnsafePointer<UInt8>, _ wanted: ByteRun, _: Word.Type,
    _ count: Int, _ out: UnsafeMutablePointer<UInt8>, _ equal: UInt8
) {
    let literal = UnsafeRawPointer(wanted.start)
    let tail = wanted.count - MemoryLayout<Word>.size
    let first = literal.loadUnaligned(as: Word.self), last = literal.loadUnaligned(fromByteOffset: tail, as: Word.self)
    let length = UInt32(wanted.count)
    for i in 0..<count {
        let reference = references[i]
        let sameLength = reference.length == length
        let bytes = sameLength ? UnsafeRawPointer(arena + Int(reference.offset)) : literal
        let difference = (bytes.loadUnaligned(as: Word.self) ^ first)
            | (bytes.loadUnaligned(fromByteOffset: tail, as: Word.self) ^ last)
        let isEqual: UInt8 = (difference == 0 ? 1 : 0) & (sameLength ? 1 : 0)
        out[i] = isEqual ^ equal ^ 1
    }
}

private func compareLong(
    _ references: UnsafePointer<BytesReference>, _ arena: UnsafePointer<UInt8>, _ wanted: ByteRun,
    _ count: Int, _ out: UnsafeMutablePointer<UInt8>, _ equal: UInt8
) {
    let length = UInt32(wanted.count)
    let last = UnsafeRawPointer(wanted.start + (wanted.count - 8)).loadUnaligned(as: UInt64.self)
    for i in 0..<count {
        let reference = references[i]
        var isEqual: UInt8 = 0
        if reference.length == length {
            let bytes = arena + Int(reference.offset)
            // Names of one family differ at the end more often than at the start.
            if UnsafeRawPointer(bytes + (wanted.count - 8)).loadUnaligned(as: UInt64.self) == last {
                isEqual = memcmp(bytes, wanted.start, wanted.count - 8) == 0 ? 1 : 0
            }
        }
        out[i] = isEqual ^ equal ^ 1
    }
}
