import Base

/// Decodes JSON records of one schema straight into columns.
///
/// Strict: a record is a row or a `RecordFault`, nothing in between.
/// - Fields come in any order; unknown fields are ignored, their syntax is not. Of a key given twice the last counts.
/// - A missing field takes the schema's default, or null where it is nullable; otherwise the record is at fault, as with
///   null in a field that is not nullable, or a value of another type.
/// - Whole numbers have no fraction; an exponent is taken where the result is whole and fits (`1e3`). Doubles are rounded
///   to nearest; `"NaN"`, `"Infinity"`, `"-Infinity"` are doubles, a literal beyond the greatest double is not.
/// - Times are RFC 3339 strings or whole numbers in the unit of the logical type, dates `YYYY-MM-DD` or days; byte strings
///   are base64 with padding; UUIDs are kept in lower case; durations are seconds like `"1.5s"`.
/// - Strings, keys and those of unknown fields too, are UTF-8 without lone surrogates; nesting ends at 64 levels.
///
/// How: a scanner goes over the bytes once and stores values where the columns have them. It guesses that a record has
/// its keys in the order of the one before, so that finding a field is mostly one comparison. Nothing is allocated or
/// counted per record. One thread uses a decoder.
public final class JSONRecordDecoder {
    /// The columns that `finish` returns.
    public let type: RowType
    /// Rows decoded since `begin`.
    public private(set) var count = 0

    let plan: DecodePlan
    let slots: UnsafeMutablePointer<DecodeSlot>
    let objects: UnsafeMutablePointer<DecodeObject>
    var stop = JSONStop()
    /// The slot that decoding stopped in, or -1.
    var faultSlot = -1
    var stamp: UInt64 = 0
    /// Where the next string's bytes go; `begin` and `ensureRoom` see to it that there is room.
    var out: MutableBytePointer
    var arenaBase: MutableBytePointer
    /// The text and days of the date met last: records close in time share it.
    var dateText: (UInt64, UInt16) = (0, 0)
    var dateDays = 0
    /// Keys, defaults and enum symbols, in the plan's memory.
    let texts: BytePointer
    let symbols: UnsafePointer<BytesReference>
    let powers = powersOfTen
    /// Where maps whose keys came out of order are sorted.
    let mapSorter = MapSorter()

    private let isWanted: [Bool]
    private var columns: [Column] = []
    private var arena: ByteArena
    private var arenaEnd: MutableBytePointer
    private var arenaHint = 4_096
    private var capacity = 0

    /// Beyond what a record's strings take: what string kernels may write past their end.
    private static let slack = 64
    /// Offsets into an arena have 32 bits.
    private static let arenaBytesMax = Int(UInt32.max)

    /// - Parameter projection: per column of `schema.rowType`, whether it is wanted; nil: all are. A field that is not wanted
    ///   is passed over like an unknown one: its syntax is checked, its type and presence are not. `finish` returns a column
    ///   of nulls in its place. Presence columns around a wanted leaf are always filled.
    public init(schema: Schema, projection: [Bool]? = nil) {
        type = schema.rowType
        var wanted = projection ?? Array(repeating: true, count: type.columns.count)
        precondition(wanted.count == type.columns.count, "a projection says of each column whether it is wanted")
        for index in wanted.indices where wanted[index] {
            for record in type.enclosingRecords(of: index) { wanted[record] = true }
        }
        isWanted = wanted
        plan = DecodePlan(schema: schema) { wanted[$0] }
        slots = plan.slots
        objects = plan.objects
        texts = UnsafePointer(plan.texts.base)
        symbols = UnsafePointer(plan.symbols)
        arena = ByteArena(capacity: 16)
        arenaBase = arena.base
        arenaEnd = arenaBase
        out = arenaBase
        guessDeclarationOrder()
    }

    /// Starts a batch of at most `capacity` rows. What was not finished is forgotten.
    public func begin(capacity: Int) {
        count = 0
        self.capacity = capacity
        arena = ByteArena(capacity: arenaHint)
        columns = type.columns.indices.map { index in
            let column = type.columns[index].type
            guard isWanted[index] else {
                return Column(column, capacity: 0, isNullable: true, arena: column.layout == .reference ? arena : nil)
            }
            return Column(
                column, capacity: capacity, isNullable: type.isNullable(at: index), arena: column.layout == .reference ? arena : nil)
        }
        for i in 0..<plan.slotCount where slots[i].column >= 0 {
            let column = columns[slots[i].column]
            slots[i].storage = column.storage
            slots[i].validity = column.validity
            if column.type.layout == .reference, slots[i].hasDefault {
                let offset = arena.append(plan.texts.base + slots[i].defaultOffset, count: slots[i].defaultLength)
                let reference = BytesReference(offset: offset, length: slots[i].defaultLength)
                slots[i].defaultWord = Int64(truncatingIfNeeded: UInt64(reference.length) << 32 | UInt64(reference.offset))
            }
        }
        arenaBase = arena.base
        out = arenaBase + arena.count
        takeArena(room: Self.slack)
    }

    /// Decodes a record into the next row, or says why it cannot; then nothing of it stays.
    /// - Precondition: fewer rows than the batch's capacity are filled.
    /// - Complexity: O(bytes).
    public func append(_ bytes: UnsafePointer<UInt8>, count length: Int) -> RecordFault? {
        precondition(count < capacity, "the batch is full")
        // Decoded strings are no longer than the record; a map's entries, the worst case, are less than twice as long.
        if arenaEnd - out < 2 * length + Self.slack { takeArena(room: 2 * length + Self.slack) }
        let start = out
        let end = bytes + length
        if decodeRecord(bytes, end) {
            count &+= 1
            return nil
        }
        return fault(in: bytes, end, rollingBackTo: start - arenaBase)
    }

    /// For tests and tools.
    public func append(text: String) -> RecordFault? {
        var text = text
        return text.withUTF8 { bytes in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count + 1) { copy in
                _ = copy.update(fromContentsOf: bytes)
                return append(UnsafePointer(copy.baseAddress!), count: bytes.count)
            }
        }
    }

    /// The batch's columns in the order of `type`, `count` rows each. The next batch starts with `begin`.
    public func finish() -> [Column] {
        arena.commit(out - arenaBase - arena.count)
        arenaHint = max(4_096, arena.count + arena.count / 8)
        let result = zip(columns, isWanted).map { column, isWanted in
            guard isWanted else { return Column.allNull(column.type, count: count) }
            column.count = count
            return column
        }
        columns = []
        capacity = 0
        count = 0
        return result
    }

    /// Whatever was written stays; afterwards there is room for `room` bytes more.
    @inline(never)
    func takeArena(room: Int) {
        arena.commit(out - arenaBase - arena.count)
        out = arena.reserve(room)
        arenaBase = arena.base
        arenaEnd = arenaBase + arena.capacity
        precondition(arena.count + room <= Self.arenaBytesMax, "a batch's strings take less than 4 GiB")
    }

    @inline(__always)
    func ensureRoom(_ room: Int) {
        if arenaEnd - out < room { takeArena(room: room) }
    }

    @inline(never)
    private func fault(in bytes: BytePointer, _ end: BytePointer, rollingBackTo written: Int) -> RecordFault {
        out = arenaBase + written
        if arena.count > written { arena.truncate(to: written) }
        let at = min(max(stop.at ?? bytes, bytes), end)
        let length = min(end - at, RecordFault.excerptBytesMax)
        let excerpt = String(decoding: UnsafeBufferPointer(start: at, count: length), as: UTF8.self)
        let result = RecordFault(
            code: stop.reason.code, path: faultSlot < 0 ? "" : plan.paths[faultSlot], position: at - bytes, excerpt: excerpt,
            reason: stop.reason, expected: faultSlot < 0 ? "" : plan.expectations[faultSlot])
        stop = JSONStop()
        faultSlot = -1
        return result
    }
}

extension Column {
    /// A column that stands for one that nobody reads.
    static func allNull(_ type: ValueType, count: Int) -> Column {
        let column = Column(type, capacity: count, isNullable: true, arena: type.layout == .reference ? ByteArena(capacity: 16) : nil)
        column.storage.initializeMemory(as: UInt8.self, repeating: 0, count: count * type.layout.stride)
        column.validity?.update(repeating: 0, count: count)
        column.count = count
        return column
    }
}
