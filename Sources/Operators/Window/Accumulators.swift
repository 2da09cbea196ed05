import Base
import Columns
import Expressions

/// One aggregate's place in a group's row, and how values are folded into it.
///
/// Accumulators, in bytes of the row:
/// - `count`: i64
/// - `sum` of int: i128, then i64 count of values; of double: f64, i64 count
/// - `avg`: f64 sum, i64 count
/// - `min`, `max`: the value, i64 count
/// - `first`, `last`: the value, i64 event time, i64 count
///
/// A value is eight bytes: the word, the double's bits, the bool, or a `BytesReference` into the table's bytes.
struct Accumulator {
    enum Kind {
        case count
        case sumInt
        case sumDouble
        case avg
        case minimum
        case maximum
        case first
        case last
    }

    let kind: Kind
    let name: String
    let argument: ValueType?
    let result: ValueType
    /// Whether the result is null when no value came.
    let isNullable: Bool
    /// Where in the row, after the row's header.
    let offset: Int
    let byteCount: Int

    init(_ definition: AggregateDefinition, offset: Int) {
        let type = definition.argument?.type.value
        switch definition.function {
        case .count: kind = .count
        case .sum: kind = type == .double ? .sumDouble : .sumInt
        case .avg: kind = .avg
        case .min: kind = .minimum
        case .max: kind = .maximum
        case .first: kind = .first
        case .last: kind = .last
        }
        name = definition.name
        argument = type
        result = definition.function.resultType(of: type)
        isNullable = definition.function != .count && definition.argument?.type.isNullable ?? false
        self.offset = offset
        switch kind {
        case .count: byteCount = 8
        case .sumInt, .first, .last: byteCount = 24
        case .sumDouble, .avg, .minimum, .maximum: byteCount = 16
        }
    }

    /// A row's accumulators in order, and the bytes they take together: rows keep the 16-byte alignment that a sum of ints
    /// needs.
    static func layout(_ aggregates: [AggregateDefinition]) -> (accumulators: [Accumulator], byteCount: Int) {
        var offset = GroupTable.headerBytes
        let accumulators = aggregates.map { aggregate in
            let accumulator = Accumulator(aggregate, offset: offset)
            offset += accumulator.byteCount
            return accumulator
        }
        return (accumulators, (offset - GroupTable.headerBytes + 15) / 16 * 16)
    }

    /// Where the count of values lies, from the accumulator's start.
    private var countOffset: Int { byteCount - 8 }

    /// Whether the accumulator holds a reference into the table's bytes.
    var holdsBytes: Bool {
        switch kind {
        case .minimum, .maximum, .first, .last: argument?.layout == .reference
        case .count, .sumInt, .sumDouble, .avg: false
        }
    }

    func valueCount(_ row: UnsafeMutableRawPointer) -> Int64 {
        row.load(fromByteOffset: offset + countOffset, as: Int64.self)
    }
}

extension Accumulator {
    /// Folds a batch in: row `i` of the argument into the group's row at `addresses[i]` (nil: passed over), which lies in
    /// `table(i)`. The loops
    /// are per kind and type, so that nothing is decided once a row but whether the row counts.
    func fold(
        _ column: Column?, times: UnsafePointer<Int64>, into addresses: UnsafeBufferPointer<UnsafeMutableRawPointer?>,
        of table: (Int) -> UnsafeMutablePointer<GroupTable>
    ) {
        let validity = column?.validity.map { UnsafePointer($0) }
        switch kind {
        case .count:
            each(addresses, validity) { _, at in at.assumingMemoryBound(to: Int64.self).pointee &+= 1 }
        case .sumInt:
            let words = column!.words
            each(addresses, validity) { row, at in
                let sum = at.loadUnaligned(as: Int128.self) &+ Int128(words[row])
                at.storeBytes(of: sum, as: Int128.self)
                (at + 16).assumingMemoryBound(to: Int64.self).pointee &+= 1
            }
        case .sumDouble, .avg:
            if argument == .int {
                let words = column!.words
                each(addresses, validity) { row, at in Self.add(Double(words[row]), at) }
            } else {
                let doubles = column!.doubles
                each(addresses, validity) { row, at in Self.add(doubles[row], at) }
            }
        case .minimum, .maximum: foldExtreme(column!, validity, addresses, table)
        case .first, .last: foldByTime(column!, validity, times, addresses, table)
        }
    }

    @inline(__always)
    private static func add(_ value: Double, _ at: UnsafeMutableRawPointer) {
        at.assumingMemoryBound(to: Double.self).pointee += value
        (at + 8).assumingMemoryBound(to: Int64.self).pointee &+= 1
    }

    @inline(__always)
    private func each(
        _ addresses: UnsafeBufferPointer<UnsafeMutableRawPointer?>, _ validity: UnsafePointer<UInt8>?,
        _ body: (_ row: Int, _ at: UnsafeMutableRawPointer) -> Void
    ) {
        if let validity {
            for row in 0..<addresses.count {
                if let address = addresses[row], validity[row] != 0 { body(row, address + offset) }
            }
        } else {
            for row in 0..<addresses.count {
                if let address = addresses[row] { body(row, address + offset) }
            }
        }
    }

    /// A NaN never replaces a number and any number replaces it, so that the order of rows does not matter.
    private func foldExtreme(
        _ column: Column, _ validity: UnsafePointer<UInt8>?, _ addresses: UnsafeBufferPointer<UnsafeMutableRawPointer?>,
        _ table: (Int) -> UnsafeMutablePointer<GroupTable>
    ) {
        let wantsLess = kind == .minimum
        switch (column.type.layout, argument) {
        case (.word, .double):
            let doubles = column.doubles
            each(addresses, validity) { row, at in
                let value = doubles[row], best = at.load(as: Double.self)
                if Self.isFirst(at + 8) || best.isNaN || (wantsLess ? value < best : value > best) {
                    at.storeBytes(of: value, as: Double.self)
                }
            }
        case (.word, _):
            let words = column.words
            each(addresses, validity) { row, at in
                let value = words[row], best = at.load(as: Int64.self)
                if Self.isFirst(at + 8) || (wantsLess ? value < best : value > best) { at.storeBytes(of: value, as: Int64.self) }
            }
        case (.byte, _):
            let flags = column.flags
            each(addresses, validity) { row, at in
                let value = Int64(flags[row]), best = at.load(as: Int64.self)
                if Self.isFirst(at + 8) || (wantsLess ? value < best : value > best) { at.storeBytes(of: value, as: Int64.self) }
            }
        case (.reference, _):
            each(addresses, validity) { row, at in
                let group = table(row)
                let value = column.bytes(at: row), best = group.pointee.bytes(at)
                let isBetter = wantsLess ? value.lexicographicallyPrecedes(best) : best.lexicographicallyPrecedes(value)
                if Self.isFirst(at + 8) || isBetter { group.pointee.store(value, at) }
            }
        }
    }

    private func foldByTime(
        _ column: Column, _ validity: UnsafePointer<UInt8>?, _ times: UnsafePointer<Int64>,
        _ addresses: UnsafeBufferPointer<UnsafeMutableRawPointer?>,
        _ table: (Int) -> UnsafeMutablePointer<GroupTable>
    ) {
        let wantsFirst = kind == .first
        @inline(__always)
        func isTaken(_ row: Int, _ at: UnsafeMutableRawPointer) -> Bool {
            let time = times[row], best = at.load(fromByteOffset: 8, as: Int64.self)
            guard Self.isFirst(at + 16) || (wantsFirst ? time < best : time >= best) else { return false }
            at.storeBytes(of: time, toByteOffset: 8, as: Int64.self)
            return true
        }
        switch column.type.layout {
        case .word:
            let words = column.words
            each(addresses, validity) { row, at in if isTaken(row, at) { at.storeBytes(of: words[row], as: Int64.self) } }
        case .byte:
            let flags = column.flags
            each(addresses, validity) { row, at in if isTaken(row, at) { at.storeBytes(of: Int64(flags[row]), as: Int64.self) } }
        case .reference:
            each(addresses, validity) { row, at in
                if isTaken(row, at) { table(row).pointee.store(column.bytes(at: row), at) }
            }
        }
    }

    /// Counts a value, and tells whether it was the first.
    @inline(__always)
    private static func isFirst(_ count: UnsafeMutableRawPointer) -> Bool {
        let counter = count.assumingMemoryBound(to: Int64.self)
        counter.pointee &+= 1
        return counter.pointee == 1
    }
}

extension GroupTable {
    /// The bytes that an accumulator refers to.
    func bytes(_ at: UnsafeMutableRawPointer) -> UnsafeBufferPointer<UInt8> {
        let reference = at.load(as: BytesReference.self)
        return UnsafeBufferPointer(start: bytes + Int(reference.offset), count: Int(reference.length))
    }

    mutating func store(_ value: UnsafeBufferPointer<UInt8>, _ at: UnsafeMutableRawPointer) {
        // The former bytes are reused when the new ones fit, so that a changing string does not grow the table.
        let former = at.load(as: BytesReference.self)
        let offset: Int
        if value.count <= Int(former.length), let start = value.baseAddress {
            offset = Int(former.offset)
            (bytes + offset).update(from: start, count: value.count)
        } else {
            offset = value.baseAddress.map { append($0, value.count) } ?? 0
        }
        at.storeBytes(of: BytesReference(offset: offset, length: value.count), as: BytesReference.self)
    }
}
