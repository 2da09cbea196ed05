#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The bytes of a string, byte string or map in some arena, ordered byte by byte, which for UTF-8 is the order of code
/// points. Valid as long as the arena stands still.
struct ByteRun: Comparable {
    let start: UnsafePointer<UInt8>
    let count: Int

    @inline(__always)
    init(start: UnsafePointer<UInt8>, count: Int) {
        self.start = start
        self.count = count
    }

    var buffer: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }

    var text: String { String(decoding: buffer, as: UTF8.self) }

    @inline(__always)
    static func == (a: ByteRun, b: ByteRun) -> Bool { a.count == b.count && memcmp(a.start, b.start, a.count) == 0 }

    @inline(__always)
    static func < (a: ByteRun, b: ByteRun) -> Bool {
        let order = memcmp(a.start, b.start, min(a.count, b.count))
        return order != 0 ? order < 0 : a.count < b.count
    }

    @inline(__always)
    func hasPrefix(_ other: ByteRun) -> Bool {
        count >= other.count && memcmp(start, other.start, other.count) == 0
    }

    @inline(__always)
    func hasSuffix(_ other: ByteRun) -> Bool {
        count >= other.count && memcmp(start + (count - other.count), other.start, other.count) == 0
    }

    @inline(__always)
    func contains(_ other: ByteRun) -> Bool {
        guard other.count > 0 else { return true }
        var at = start
        // Every place of the first byte at which the whole would still fit.
        while case let places = start + count - other.count + 1 - at, places > 0,
            let hit = memchr(at, Int32(other.start[0]), places) {
            let candidate = UnsafePointer(hit.assumingMemoryBound(to: UInt8.self))
            if memcmp(candidate, other.start, other.count) == 0 { return true }
            at = candidate + 1
        }
        return false
    }

    /// The number of code points: bytes that do not continue one.
    @inline(__always)
    var codePoints: Int {
        var points = 0
        for i in 0..<count { points &+= start[i] & 0xC0 != 0x80 ? 1 : 0 }
        return points
    }
}
