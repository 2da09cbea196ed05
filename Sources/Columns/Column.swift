public import Base

/// Where a string's, byte string's or map's bytes lie in the column's arena.
@frozen
public struct BytesReference: Equatable, Sendable {
    public var offset: UInt32
    public var length: UInt32

    @inlinable
    public init(offset: Int, length: Int) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.length = UInt32(truncatingIfNeeded: length)
    }
}

/// A run of values of one type: a flat buffer, optionally a byte a row that is 0 where the value is null, and for
/// strings the arena that their references point into.
///
/// One thread fills a column; from then on it is immutable and may be shared by batches. Kernels take the raw pointers
/// once a batch and loop over them; nothing here is called once a row in a hot loop.
public final class Column: @unchecked Sendable {
    public let type: ValueType
    public let capacity: Int
    /// Rows filled so far. The filler sets it.
    public var count: Int
    /// `capacity * type.layout.stride` bytes, 8-aligned.
    public let storage: UnsafeMutableRawPointer
    /// One byte a row: 1 where there is a value, 0 where the row is null. Nil when no row can be null.
    public let validity: UnsafeMutablePointer<UInt8>?
    /// The bytes of strings, byte strings and maps; may be shared with other columns. Nil for other types.
    public let arena: ByteArena?

    /// An empty column with room for `capacity` rows. Values are uninitialised; validity starts as all valid.
    /// - Precondition: `arena` is there exactly if the type's layout is `.reference`.
    public init(_ type: ValueType, capacity: Int, isNullable: Bool = false, arena: ByteArena? = nil) {
        precondition((type.layout == .reference) == (arena != nil), "a column of \(type) \(arena == nil ? "needs an" : "has no") arena")
        self.type = type
        self.capacity = capacity
        count = 0
        storage = .allocate(byteCount: max(8, capacity * type.layout.stride), alignment: 8)
        validity = isNullable ? .allocate(capacity: max(1, capacity)) : nil
        validity?.initialize(repeating: 1, count: capacity)
        self.arena = arena
    }

    deinit {
        storage.deallocate()
        validity?.deallocate()
    }

    @inlinable public var words: UnsafeMutablePointer<Int64> { storage.assumingMemoryBound(to: Int64.self) }
    @inlinable public var doubles: UnsafeMutablePointer<Double> { storage.assumingMemoryBound(to: Double.self) }
    @inlinable public var flags: UnsafeMutablePointer<UInt8> { storage.assumingMemoryBound(to: UInt8.self) }
    @inlinable public var references: UnsafeMutablePointer<BytesReference> {
        storage.assumingMemoryBound(to: BytesReference.self)
    }

    /// Whether row `row` holds a value. - Complexity: O(1).
    @inlinable
    public func isValid(_ row: Int) -> Bool { validity.map { $0[row] != 0 } ?? true }

    /// The bytes of a string, byte string or map. - Complexity: O(1).
    @inlinable
    public func bytes(at row: Int) -> UnsafeBufferPointer<UInt8> {
        let reference = references[row]
        return UnsafeBufferPointer(start: arena.unsafelyUnwrapped.base + Int(reference.offset), count: Int(reference.length))
    }
}
