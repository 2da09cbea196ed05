import Base

/// The groups of one window in memory: an open-addressing hash table from key bytes to rows of fixed size.
///
/// A row is `[key offset u32][key length u32][flags u32][unused u32]` and the accumulators. Keys, and the strings that
/// accumulators hold, lie in one run of bytes; offsets into it stay valid, pointers to rows until the next insertion.
/// Raw memory and no references, so that nothing is counted or checked once a row.
struct GroupTable: ~Copyable {
    static let headerBytes = 16
    /// The index has at least two places a row.
    static let indexBytesPerRow = 2 * MemoryLayout<UInt64>.size

    /// What a row's flags say.
    static let isDirty: UInt32 = 1
    /// The state store holds an entry for the row: closing its window must delete it.
    static let isStored: UInt32 = 2
    /// Written by the epoch before this one: kept when memory runs short.
    static let isRecent: UInt32 = 4

    let rowStride: Int
    private(set) var rows: UnsafeMutableRawPointer
    private(set) var rowCount = 0
    private var rowCapacity: Int
    /// 0: free; otherwise the hash's upper 32 bits and the row's index + 1.
    private var index: UnsafeMutablePointer<UInt64>
    private var indexCapacity: Int
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private(set) var byteCount = 0
    private var byteCapacity: Int
    /// Rows whose `isDirty` is set.
    var dirtyCount = 0

    init(accumulatorBytes: Int, expectedRows: Int = 64) {
        rowStride = Self.headerBytes + accumulatorBytes
        rowCapacity = max(16, expectedRows)
        rows = .allocate(byteCount: rowCapacity * rowStride, alignment: 16)
        indexCapacity = 32
        while indexCapacity < rowCapacity * 2 { indexCapacity *= 2 }
        index = .allocate(capacity: indexCapacity)
        index.initialize(repeating: 0, count: indexCapacity)
        byteCapacity = rowCapacity * 32
        bytes = .allocate(capacity: byteCapacity)
    }

    deinit {
        rows.deallocate()
        index.deallocate()
        bytes.deallocate()
    }

    var memoryBytes: Int { rowCapacity * rowStride + indexCapacity * 8 + byteCapacity }

    /// About what the dirty rows take as state entries: keys and strings count with their average length.
    var dirtyBytes: Int { rowCount == 0 ? 0 : dirtyCount * (rowStride + 64 + byteCount / rowCount) }

    @inline(__always)
    func row(_ number: Int) -> UnsafeMutableRawPointer { rows + number &* rowStride }

    @inline(__always)
    func flags(_ row: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt32> {
        (row + 8).assumingMemoryBound(to: UInt32.self)
    }

    @inline(__always)
    func key(_ row: UnsafeMutableRawPointer) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: bytes + Int(row.load(as: UInt32.self)), count: Int(row.load(fromByteOffset: 4, as: UInt32.self)))
    }

    /// The row of a key, made if there is none; a new row's accumulators are uninitialised.
    /// - Complexity: O(1) expected; an insertion may move the table.
    @inline(__always)
    mutating func findOrInsert(_ key: UnsafePointer<UInt8>, _ length: Int, hash: UInt64) -> (row: Int, isNew: Bool) {
        let tag = hash >> 32
        let mask = indexCapacity &- 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = index[slot]
            if entry == 0 { break }
            if entry >> 32 == tag {
                let number = Int(entry & 0xFFFF_FFFF) &- 1
                let candidate = self.row(number)
                if Int(candidate.load(fromByteOffset: 4, as: UInt32.self)) == length,
                    Self.areEqual(bytes + Int(candidate.load(as: UInt32.self)), key, length)
                {
                    return (number, false)
                }
            }
            slot = (slot &+ 1) & mask
        }
        return (insert(key, length, hash: hash), true)
    }

    @inline(__always)
    private static func areEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        let a = UnsafeRawPointer(a), b = UnsafeRawPointer(b)
        var at = 0
        while at &+ 8 <= length {
            if a.loadUnaligned(fromByteOffset: at, as: UInt64.self) != b.loadUnaligned(fromByteOffset: at, as: UInt64.self) {
                return false
            }
            at &+= 8
        }
        while at < length {
            if a.load(fromByteOffset: at, as: UInt8.self) != b.load(fromByteOffset: at, as: UInt8.self) { return false }
            at &+= 1
        }
        return true
    }

    @inline(never)
    private mutating func insert(_ key: UnsafePointer<UInt8>, _ length: Int, hash: UInt64) -> Int {
        if rowCount == rowCapacity { growRows() }
        let offset = append(key, length)
        let number = rowCount
        rowCount += 1
        let row = self.row(number)
        row.storeBytes(of: UInt32(offset), as: UInt32.self)
        row.storeBytes(of: UInt32(length), toByteOffset: 4, as: UInt32.self)
        row.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
        place(number, hash: hash)
        return number
    }

    private mutating func place(_ number: Int, hash: UInt64) {
        let mask = indexCapacity &- 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while index[slot] != 0 { slot = (slot &+ 1) & mask }
        index[slot] = (hash >> 32) << 32 | UInt64(number + 1)
    }

    /// Puts bytes beside the keys and returns their offset; what they replace stays until the table is rebuilt.
    mutating func append(_ source: UnsafePointer<UInt8>, _ length: Int) -> Int {
        precondition(byteCount + length < Int(UInt32.max), "a window's keys and strings stay below 4 GiB: shrink bounds them")
        if byteCount + length > byteCapacity {
            let capacity = max(byteCapacity * 2, byteCount + length)
            let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
            moved.update(from: bytes, count: byteCount)
            bytes.deallocate()
            bytes = moved
            byteCapacity = capacity
        }
        (bytes + byteCount).update(from: source, count: length)
        byteCount += length
        return byteCount - length
    }

    private mutating func growRows() {
        let capacity = rowCapacity * 2
        let moved = UnsafeMutableRawPointer.allocate(byteCount: capacity * rowStride, alignment: 16)
        moved.copyMemory(from: rows, byteCount: rowCount * rowStride)
        rows.deallocate()
        rows = moved
        rowCapacity = capacity
        index.deallocate()
        indexCapacity = indexCapacity * 2
        index = .allocate(capacity: indexCapacity)
        index.initialize(repeating: 0, count: indexCapacity)
        for number in 0..<rowCount {
            let key = self.key(row(number))
            place(number, hash: Hashing.table(key.baseAddress!, count: key.count))
        }
    }
}
