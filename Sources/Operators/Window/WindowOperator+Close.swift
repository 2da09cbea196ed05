public import Base
import Columns
public import Stores

#if canImport(Glibc)
import Glibc
#endif

extension ErrorCode {
    /// A window's sum of ints does not fit an int.
    public static let sumOverflow = ErrorCode("operator.sum_overflow")
}

/// Rows of one batch that closing windows make at the most.
private let closedRowsMax = 4_096

extension WindowOperator {
    public func advance(
        to watermark: EventTime, _ context: OperatorContext, store: any StateStore, output: inout OperatorOutput
    ) throws {
        while let window = windows.first, EventTime(microseconds: window.start) + definition.size <= watermark {
            try close(window, store: store, output: &output)
            windows.removeFirst()
            output.windowsClosed += 1
        }
    }

    /// Emits a window's groups in the order of their keys' bytes. Groups in memory and groups only in the store are
    /// merged as they are read: of a window larger than memory, only the rows that come out are held at once.
    private func close(_ window: OpenWindow, store: any StateStore, output: inout OperatorOutput) throws {
        let table = window.table
        let order = sortedRows(table)
        var next = 0
        // A window that is all in memory says how many rows come: many windows are small.
        let capacity = window.isComplete ? min(max(order.count, 1), closedRowsMax) : closedRowsMax
        var rows = WindowRows(of: self, start: window.start, capacity: capacity)
        func emitMemory() {
            let row = table.pointee.row(Int(order[next]))
            next += 1
            if table.pointee.flags(row).pointee & GroupTable.isStored != 0 { noteClosed(window.start, table.pointee.key(row)) }
            rows.append(row, of: table, output: &output)
        }
        if !window.isComplete {
            let prefix = ByteArena(capacity: 64)
            appendWindowPrefix(window.start, to: prefix)
            try store.scan(prefix: .init(prefix.bytes), from: .init(prefix.bytes)) { stateKey, value in
                let stored = UnsafeRawBufferPointer(rebasing: stateKey[windowPrefixBytes...])
                while next < order.count {
                    let comparison = compare(UnsafeRawBufferPointer(table.pointee.key(table.pointee.row(Int(order[next])))), stored)
                    guard comparison <= 0 else { break }
                    emitMemory()
                    // What memory holds of a group is newer than what the store has.
                    if comparison == 0 { return true }
                }
                noteClosed(window.start, stored.assumingMemoryBound(to: UInt8.self))
                try rows.append(stored: value, key: stored, output: &output)
                return true
            }
        }
        while next < order.count { emitMemory() }
        rows.flush(&output)
    }

    private func sortedRows(_ table: UnsafeMutablePointer<GroupTable>) -> [Int32] {
        var order = (0..<Int32(table.pointee.rowCount)).map { $0 }
        order.sort { a, b in
            compare(
                UnsafeRawBufferPointer(table.pointee.key(table.pointee.row(Int(a)))),
                UnsafeRawBufferPointer(table.pointee.key(table.pointee.row(Int(b))))) < 0
        }
        return order
    }

    private func noteClosed(_ start: Int64, _ key: UnsafeBufferPointer<UInt8>) {
        appendStateKey(window: start, key, to: closedKeys.arena)
        closedKeys.endRun()
    }
}

/// Byte order, as the state store has it.
private func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let common = min(a.count, b.count)
    let order = common == 0 ? 0 : Int(memcmp(a.baseAddress!, b.baseAddress!, common))
    return order != 0 ? order : a.count - b.count
}

/// The output rows of one closing window, handed on in batches.
private struct WindowRows {
    let window: WindowOperator
    let start: Int64
    /// Rows of one batch.
    let capacity: Int
    var columns: [Column] = []
    var count = 0
    /// Holds one group that was read from the store; made for the first such.
    private lazy var loaded = OpenWindow(start: start, isComplete: true, accumulatorBytes: window.accumulatorBytes)

    init(of window: WindowOperator, start: Int64, capacity: Int) {
        self.window = window
        self.start = start
        self.capacity = capacity
    }

    /// Makes the next batch's columns.
    private mutating func begin() {
        columns = window.type.columns.indices.map { index in
            let type = window.type.columns[index].type
            return Column(
                type, capacity: capacity, isNullable: window.type.isNullable(at: index),
                arena: type.layout == .reference ? ByteArena(capacity: capacity * 16) : nil)
        }
    }

    mutating func append(stored value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, output: inout OperatorOutput) throws {
        let table = loaded.table
        table.pointee = GroupTable(accumulatorBytes: window.accumulatorBytes, expectedRows: 1)
        let bytes = key.assumingMemoryBound(to: UInt8.self)
        let number = table.pointee.findOrInsert(bytes.baseAddress!, bytes.count, hash: 0).row
        try window.decodeGroup(value, into: &table.pointee, number)
        append(table.pointee.row(number), of: table, output: &output)
    }

    mutating func append(_ row: UnsafeMutableRawPointer, of table: UnsafeMutablePointer<GroupTable>, output: inout OperatorOutput) {
        if columns.isEmpty { begin() }
        let groupColumns = window.codec.parts.count
        window.codec.decode(table.pointee.key(row), into: Array(columns[..<groupColumns]))
        let end = start + window.definition.size.microseconds
        put(start, at: groupColumns)
        put(end, at: groupColumns + 1)
        put(Int64(bitPattern: (Double(end - start) / 3.6e9).bitPattern), at: groupColumns + 2)
        var overflowed: Accumulator?
        for (index, accumulator) in window.accumulators.enumerated() {
            if !accumulator.write(row, of: table, to: columns[groupColumns + 3 + index]) { overflowed = accumulator }
        }
        count += 1
        if let overflowed {
            reject(overflowed, &output)
        } else if count == capacity {
            flush(&output)
        }
    }

    private func put(_ word: Int64, at index: Int) {
        let column = columns[index]
        column.words[column.count] = word
        column.count += 1
    }

    /// Takes the row appended last back as a fault.
    private mutating func reject(_ overflowed: Accumulator, _ output: inout OperatorOutput) {
        var values: [String: Value] = [:]
        for (column, type) in zip(columns, window.type.columns) where type.path != overflowed.name {
            values[type.path] = column.value(at: count - 1)
        }
        output.faults.append(
            RowFault(
                code: .sumOverflow, message: "\(window.name).\(overflowed.name): the sum does not fit a 64-bit int",
                origin: nil, row: values))
        count -= 1
        for column in columns { column.count = count }
    }

    mutating func flush(_ output: inout OperatorOutput) {
        guard count > 0 else { return }
        let times = Column(.timestamp, capacity: count)
        times.words.update(repeating: start + window.definition.size.microseconds - 1, count: count)
        times.count = count
        // They have met what time was just before the window's end: the same however the records before were cut into batches,
        // and no window that covers theirs has closed by then.
        output.batches.append(
            Batch(type: window.type, count: count, columns: columns, eventTimes: times, watermarks: times, origins: nil))
        columns = []
        count = 0
    }
}

extension Accumulator {
    /// Writes the aggregate's result into the next row of `column`. False when it does not fit the type.
    fileprivate func write(
        _ row: UnsafeMutableRawPointer, of table: UnsafeMutablePointer<GroupTable>, to column: Column
    ) -> Bool {
        let at = row + offset
        let next = column.count
        column.count += 1
        let values = valueCount(row)
        if isNullable, values == 0 {
            column.validity![next] = 0
            if result.layout == .byte { column.flags[next] = 0 } else { column.words[next] = 0 }
            return true
        }
        switch kind {
        case .count: column.words[next] = values
        case .sumInt:
            let sum = at.loadUnaligned(as: Int128.self)
            guard let fitting = Int64(exactly: sum) else {
                column.words[next] = 0
                return false
            }
            column.words[next] = fitting
        case .sumDouble: column.doubles[next] = at.load(as: Double.self)
        case .avg: column.doubles[next] = at.load(as: Double.self) / Double(values)
        case .minimum, .maximum, .first, .last:
            switch result.layout {
            case .byte: column.flags[next] = UInt8(truncatingIfNeeded: at.load(as: Int64.self))
            case .word: column.words[next] = at.load(as: Int64.self)
            case .reference:
                let bytes = table.pointee.bytes(at)
                let start = column.arena!.append(UnsafeRawBufferPointer(bytes))
                column.references[next] = BytesReference(offset: start, length: bytes.count)
            }
        }
        return true
    }
}
