/// A growing run of bytes that columns and buffers point into by offset.
///
/// Growing moves the bytes: pointers into an arena live only until the next append, offsets live as long as it does.
/// One thread writes; when writing has ended any number may read.
public final class ByteArena: @unchecked Sendable {
    public private(set) var base: UnsafeMutablePointer<UInt8>
    public private(set) var count = 0
    public private(set) var capacity: Int

    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    public var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    /// Forgets the bytes and keeps the memory.
    public func removeAll() { count = 0 }

    /// Forgets the bytes, and keeps the memory only if it is no more than `capacityMax` bytes: one burst does not hold its
    /// memory for ever.
    public func removeAll(keepingAtMost capacityMax: Int) {
        count = 0
        guard capacity > max(capacityMax, 16) else { return }
        base.deallocate()
        capacity = max(capacityMax, 16)
        base = .allocate(capacity: capacity)
    }

    /// Forgets everything from `newCount` on.
    public func truncate(to newCount: Int) {
        precondition(newCount <= count, "an arena is truncated only to a shorter length")
        count = newCount
    }

    /// Makes room for `extra` bytes and returns where they go; `commit(_:)` then takes those that were written.
    /// - Complexity: amortised O(1); a growth copies the arena.
    @inline(__always)
    public func reserve(_ extra: Int) -> UnsafeMutablePointer<UInt8> {
        if count + extra > capacity { grow(to: count + extra) }
        return base + count
    }

    @inline(__always)
    public func commit(_ written: Int) { count += written }

    /// Appends a copy and returns its offset.
    @inline(__always)
    @discardableResult
    public func append(_ source: UnsafePointer<UInt8>, count length: Int) -> Int {
        let offset = count
        reserve(length).update(from: source, count: length)
        count += length
        return offset
    }

    @discardableResult
    public func append(_ source: UnsafeRawBufferPointer) -> Int {
        guard let start = source.baseAddress else { return count }
        return append(start.assumingMemoryBound(to: UInt8.self), count: source.count)
    }

    @discardableResult
    public func append(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    public func append(byte: UInt8) {
        reserve(1).pointee = byte
        count += 1
    }

    /// Appends an integer, little-endian.
    @inline(__always)
    public func append<T: FixedWidthInteger>(littleEndian value: T) {
        UnsafeMutableRawPointer(reserve(MemoryLayout<T>.size)).storeBytes(of: value.littleEndian, as: T.self)
        count += MemoryLayout<T>.size
    }

    /// Appends an integer, big-endian: bytes sort as the (unsigned) numbers do.
    @inline(__always)
    public func append<T: FixedWidthInteger>(bigEndian value: T) {
        UnsafeMutableRawPointer(reserve(MemoryLayout<T>.size)).storeBytes(of: value.bigEndian, as: T.self)
        count += MemoryLayout<T>.size
    }

    /// Doubles while it is small; a large arena grows by half, because what is too much then counts in megabytes.
    @inline(never)
    private func grow(to needed: Int) {
        let larger = max(needed, capacity < 1 << 20 ? capacity * 2 : capacity + capacity / 2)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }
}
