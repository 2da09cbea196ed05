public import Base
public import Columns
import Expressions
public import Stores

#if canImport(Glibc)
import Glibc
#endif

/// `window` + `aggregate`: rows grouped by fields and by tumbling windows of event time, one row out for each group when
/// its window closes.
///
/// 1. `prepare` evaluates the arguments, drops late rows, and finds each row's group, asking for those that memory lacks.
/// 2. `process` folds the rows in, aggregate by aggregate.
/// 3. `advance` closes the windows that end at or before the watermark, in order of time and then of the group's key.
///
/// - Event time: a row of a window has the event time `window.end` − 1 µs, so that it falls into the larger window that
///   covers it. A row is late when its window ends at or before the watermark it met.
/// - Memory: a group holds about 50 bytes, its key and 8-24 bytes an aggregate, for each open window. Groups that the last
///   epoch did not touch may leave memory; they are read again when a row of theirs comes, and when the window closes.
/// - Failing inputs: a row on which an argument fails is a dead letter and counts nowhere; so is one whose group or whose
///   texts are too large for a record of the state (`GroupBounds`), and a window's row whose sum of ints does not fit an int.
public final class WindowOperator: Operator {
    let name: String
    let type: RowType
    let definition: WindowDefinition
    let scope: StateScope
    let codec: GroupKeyCodec
    let accumulators: [Accumulator]
    let accumulatorBytes: Int
    let bounds: GroupBounds

    /// Ascending by start.
    var windows: [OpenWindow] = []
    /// State keys of closed windows' groups, to be deleted by the next commit.
    var closedKeys = ByteRuns()
    /// Those that values in the store may have; new ones have the last. As of the last restore, which comes first.
    var layouts: StoredLayouts
    var isLayoutStored = false
    /// By the numbers of former layouts.
    var conversions: [UInt8: LayoutConversion] = [:]

    /// The prepared batch: its arguments, and each row's group.
    private var arguments: [EvaluatedColumn?] = []
    private var scratch = RowScratch()
    /// Groups asked for by `prepare`, in order.
    private var pending: [(table: UnsafeMutablePointer<GroupTable>, row: Int)] = []
    private let keyBytes = ByteArena(capacity: 1_024)

    init(name: String, type: RowType, definition: WindowDefinition, scope: StateScope) {
        self.name = name
        self.type = type
        self.definition = definition
        self.scope = scope
        layouts = StoredLayouts(definition.layout)
        codec = GroupKeyCodec(definition.byColumns)
        (accumulators, accumulatorBytes) = Accumulator.layout(definition.aggregates)
        bounds = GroupBounds(accumulators, accumulatorBytes: accumulatorBytes, entryBytesMax: scope.entryBytesMax)
    }

    public func prepare(_ batch: Batch, _ context: OperatorContext, keys: inout ByteRuns, output: inout OperatorOutput) {
        arguments = definition.aggregates.map { $0.argument?.evaluate(batch, context.evaluation) }
        scratch.reserve(batch.count)
        pending.removeAll(keepingCapacity: true)
        noteFaults(batch, &output)
        let sources = codec.sources(definition.by.map { batch.columns[$0] })
        sources.withUnsafeBufferPointer { locate(batch, $0, keys: &keys, output: &output) }
    }

    /// Rows on which an argument failed get no group.
    private func noteFaults(_ batch: Batch, _ output: inout OperatorOutput) {
        scratch.endFaults()
        for (argument, aggregate) in zip(arguments, definition.aggregates) {
            guard let faults = argument?.faults else { continue }
            scratch.beginFaults(batch.count)
            for row in 0..<batch.count where faults.base[row] != 0 && scratch.faulty[row] == 0 {
                scratch.faulty[row] = 1
                output.fault(faults.base[row], expression: "\(name).\(aggregate.name)", row: row, of: batch)
            }
        }
        for (argument, accumulator) in zip(arguments, accumulators) where accumulator.holdsBytes && bounds.areFinite {
            guard let column = argument?.column else { continue }
            for row in 0..<batch.count where column.isValid(row) && Int(column.references[row].length) > bounds.textBytesMax {
                scratch.beginFaults(batch.count)
                guard scratch.faulty[row] == 0 else { continue }
                scratch.faulty[row] = 1
                let what = "\(name).\(accumulator.name) would keep a value"
                output.tooLarge(what, Int(column.references[row].length), bounds.textBytesMax, row: row, of: batch)
            }
        }
    }

    /// Gives each row its group: `scratch.tables[row]` and `scratch.numbers[row]`; no table for late and faulty rows.
    private func locate(
        _ batch: Batch, _ sources: UnsafeBufferPointer<GroupKeyCodec.Source>, keys: inout ByteRuns, output: inout OperatorOutput
    ) {
        let times = batch.eventTimes.words, watermarks = batch.watermarks.words
        let isPlain = codec.isPlainString
        let faulty = scratch.isFaulty ? scratch.faulty : nil
        let tables = scratch.tables, numbers = scratch.numbers
        let size = definition.size.microseconds
        var start = Int64.max, end = Int64.min
        var table: UnsafeMutablePointer<GroupTable>?
        var isComplete = true
        var late = 0
        for row in 0..<batch.count {
            tables[row] = nil
            if let faulty, faulty[row] != 0 { continue }
            let time = times[row]
            if time < start || time >= end {
                start = time.roundedDown(toMultipleOf: size)
                end = start &+ size
                table = nil
            }
            if end <= watermarks[row] {
                late &+= 1
                continue
            }
            let key: UnsafePointer<UInt8>
            let length: Int
            if isPlain {
                let reference = sources[0].storage.load(fromByteOffset: row &* 8, as: BytesReference.self)
                key = sources[0].bytes.unsafelyUnwrapped + Int(reference.offset)
                length = Int(reference.length)
            } else {
                keyBytes.removeAll()
                let out = keyBytes.reserve(GroupKeyCodec.bytesMax(row, sources))
                length = GroupKeyCodec.encode(row, sources, to: out)
                key = UnsafePointer(out)
            }
            guard length <= bounds.keyBytesMax else {
                output.tooLarge("\(name): the row's group has a key", length, bounds.keyBytesMax, row: row, of: batch)
                continue
            }
            if table == nil {
                let window = openWindow(start)
                table = window.table
                isComplete = window.isComplete
            }
            let group = table.unsafelyUnwrapped
            let found = group.pointee.findOrInsert(key, length, hash: Hashing.table(key, count: length))
            if found.isNew {
                clear(group.pointee.row(found.row))
                if !isComplete { ask(group, found.row, window: start, key, length, &keys) }
            }
            tables[row] = group
            numbers[row] = Int32(truncatingIfNeeded: found.row)
        }
        output.lateCount += late
    }

    func clear(_ row: UnsafeMutableRawPointer) {
        (row + GroupTable.headerBytes).initializeMemory(as: UInt8.self, repeating: 0, count: accumulatorBytes)
    }

    private func ask(
        _ table: UnsafeMutablePointer<GroupTable>, _ row: Int, window: Int64, _ key: UnsafePointer<UInt8>, _ length: Int,
        _ keys: inout ByteRuns
    ) {
        pending.append((table, row))
        appendStateKey(window: window, UnsafeBufferPointer(start: key, count: length), to: keys.arena)
        keys.endRun()
    }

    /// The open window that starts at `start`, made if there is none.
    private func openWindow(_ start: Int64) -> OpenWindow {
        let at = windows.lastIndex { $0.start <= start }
        if let at, windows[at].start == start { return windows[at] }
        let window = OpenWindow(start: start, isComplete: true, accumulatorBytes: accumulatorBytes)
        windows.insert(window, at: at.map { $0 + 1 } ?? 0)
        return window
    }

    public func load(_ index: Int, _ value: UnsafeRawBufferPointer?) throws(EngineError) {
        guard let value else { return }
        let (table, number) = pending[index]
        try decodeGroup(value, into: &table.pointee, number)
    }

    public func process(_ batch: Batch, _ context: OperatorContext, output: inout OperatorOutput) {
        let tables = scratch.tables, numbers = scratch.numbers, addresses = scratch.addresses
        for row in 0..<batch.count {
            guard let table = tables[row] else {
                addresses[row] = nil
                continue
            }
            let group = table.pointee.row(Int(numbers[row]))
            let flags = table.pointee.flags(group)
            if flags.pointee & GroupTable.isDirty == 0 {
                flags.pointee |= GroupTable.isDirty
                table.pointee.dirtyCount &+= 1
            }
            addresses[row] = group
        }
        let groups = UnsafeBufferPointer(start: UnsafePointer(addresses), count: batch.count)
        for (accumulator, argument) in zip(accumulators, arguments) {
            accumulator.fold(argument?.column, times: batch.eventTimes.words, into: groups) { tables[$0].unsafelyUnwrapped }
        }
        arguments = []
    }

    public var memoryBytes: Int {
        windows.reduce(closedKeys.arena.capacity) { $0 + $1.table.pointee.memoryBytes }
    }

    public var openWindowCount: Int { windows.count }

    public var groupCount: Int { windows.reduce(0) { $0 + $1.table.pointee.rowCount } }

    public var dirtyBytes: Int {
        windows.reduce(closedKeys.arena.count) { $0 + $1.table.pointee.dirtyBytes }
    }
}

/// A window that has not closed, with the groups of it that are in memory.
final class OpenWindow {
    let start: Int64
    let table: UnsafeMutablePointer<GroupTable>
    /// Whether memory holds every group of the window. If not, a group that is missing may be in the store.
    var isComplete: Bool

    init(start: Int64, isComplete: Bool, accumulatorBytes: Int) {
        self.start = start
        self.isComplete = isComplete
        table = .allocate(capacity: 1)
        table.initialize(to: GroupTable(accumulatorBytes: accumulatorBytes))
    }

    deinit {
        table.deinitialize(count: 1)
        table.deallocate()
    }
}

/// Buffers of one entry per row of a batch, kept from batch to batch.
struct RowScratch: ~Copyable {
    private(set) var capacity = 0
    private(set) var tables = UnsafeMutablePointer<UnsafeMutablePointer<GroupTable>?>.allocate(capacity: 1)
    private(set) var addresses = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
    private(set) var numbers = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    private(set) var faulty = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    /// Whether `faulty` says anything about the current batch.
    private(set) var isFaulty = false

    mutating func reserve(_ count: Int) {
        guard count > capacity else { return }
        release()
        capacity = count
        tables = .allocate(capacity: count)
        addresses = .allocate(capacity: count)
        numbers = .allocate(capacity: count)
        faulty = .allocate(capacity: count)
    }

    /// From here on `faulty` says which rows of the batch are; at first none.
    mutating func beginFaults(_ count: Int) {
        guard !isFaulty else { return }
        faulty.initialize(repeating: 0, count: count)
        isFaulty = true
    }

    mutating func endFaults() { isFaulty = false }

    private func release() {
        tables.deallocate()
        addresses.deallocate()
        numbers.deallocate()
        faulty.deallocate()
    }

    deinit { release() }
}

extension Int64 {
    /// The greatest multiple of `size` that is not greater; also for negative numbers.
    @inline(__always)
    func roundedDown(toMultipleOf size: Int64) -> Int64 {
        let rest = self % size
        return self &- (rest < 0 ? rest &+ size : rest)
    }
}
