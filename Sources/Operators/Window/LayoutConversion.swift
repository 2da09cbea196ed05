import Base
import Columns

/// How a value of a former layout becomes a group's row: each accumulator is one of the former ones, unchanged.
struct LayoutConversion {
    private struct Slot {
        var offset: Int
        var byteCount: Int
        var holdsBytes: Bool
        /// Where in the row it goes: to each accumulator that is the same.
        var targets: [Int]
    }

    private let slots: [Slot]
    private let byteCount: Int

    /// - Precondition: each of the accumulators is one of the layout's (`WindowCarry`).
    init(from layout: WindowLayout, to current: WindowLayout, _ accumulators: [Accumulator]) {
        byteCount = layout.byteCount
        var offset = 0
        var sourceOf: [String: Int] = [:]
        for (index, slot) in layout.slots.enumerated() where sourceOf[slot.identity] == nil { sourceOf[slot.identity] = index }
        slots = layout.slots.enumerated().map { index, slot in
            defer { offset += slot.byteCount }
            let targets = zip(current.slots, accumulators).filter { sourceOf[$0.0.identity] == index }.map(\.1.offset)
            return Slot(offset: offset, byteCount: slot.byteCount, holdsBytes: slot.holdsBytes, targets: targets)
        }
    }

    /// Fills a row, whose accumulators are zero. False: the bytes are not of the layout.
    func decode(_ reader: inout ByteReader, into table: inout GroupTable, _ number: Int) -> Bool {
        guard let stored = reader.take(byteCount) else { return false }
        for slot in slots {
            let value = UnsafeRawBufferPointer(rebasing: stored[slot.offset..<slot.offset + slot.byteCount])
            for target in slot.targets { (table.row(number) + target).copyMemory(from: value.baseAddress!, byteCount: value.count) }
            guard slot.holdsBytes, value.loadUnaligned(fromByteOffset: slot.byteCount - 8, as: Int64.self) > 0 else { continue }
            guard let length = reader.littleEndian(UInt32.self), let bytes = reader.take(Int(length)) else { return false }
            for target in slot.targets { table.setText(bytes, at: target, of: number) }
        }
        return true
    }
}

extension GroupTable {
    /// Has an accumulator of a row refer to a copy of the text.
    mutating func setText(_ text: UnsafeRawBufferPointer, at offset: Int, of number: Int) {
        let start = text.isEmpty ? 0 : append(text.baseAddress!.assumingMemoryBound(to: UInt8.self), text.count)
        (row(number) + offset).storeBytes(of: BytesReference(offset: start, length: text.count), as: BytesReference.self)
    }
}
