#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes text into memory that is known to be large enough, byte after byte.
struct EventText {
    private(set) var end: UnsafeMutablePointer<UInt8>

    @inline(__always)
    init(_ start: UnsafeMutablePointer<UInt8>) { end = start }

    @inline(__always)
    mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        // An empty buffer has no address, and no text of an event is empty.
        memcpy(end, bytes.baseAddress.unsafelyUnwrapped, bytes.count)
        end += bytes.count
    }

    /// `0.1234`: five digits are what an agent's reading is worth. - Precondition: 0...1.
    @inline(__always)
    mutating func putShare(_ value: Double) {
        let scaled = UInt32(value * 10_000 + 0.5)
        end[0] = UInt8(truncatingIfNeeded: 48 + scaled / 10_000)
        end[1] = 46
        putFour(scaled % 10_000, at: end + 2)
        end += 6
    }

    /// `1234567`. - Precondition: 0 or more, and less than 10¹⁶.
    @inline(__always)
    mutating func putCount(_ value: Double) {
        var rest = UInt64(value)
        // Groups of four digits from the right, into sixteen places, and then the places without leading zeros.
        var groups: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        groups.3 = UInt32(truncatingIfNeeded: rest % 10_000)
        rest /= 10_000
        groups.2 = UInt32(truncatingIfNeeded: rest % 10_000)
        rest /= 10_000
        groups.1 = UInt32(truncatingIfNeeded: rest % 10_000)
        groups.0 = UInt32(truncatingIfNeeded: rest / 10_000 % 10_000)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digits in
            let start = digits.baseAddress.unsafelyUnwrapped
            putFour(groups.0, at: start)
            putFour(groups.1, at: start + 4)
            putFour(groups.2, at: start + 8)
            putFour(groups.3, at: start + 12)
            var first = 0
            while first < 15, start[first] == 48 { first += 1 }
            memcpy(end, start + first, 16 - first)
            end += 16 - first
        }
    }

    @inline(__always)
    private func putFour(_ value: UInt32, at place: UnsafeMutablePointer<UInt8>) {
        let high = value / 100, low = value % 100
        place[0] = UInt8(truncatingIfNeeded: 48 + high / 10)
        place[1] = UInt8(truncatingIfNeeded: 48 + high % 10)
        place[2] = UInt8(truncatingIfNeeded: 48 + low / 10)
        place[3] = UInt8(truncatingIfNeeded: 48 + low % 10)
    }
}

/// Pieces of text, one after another in one run of memory.
struct TextPieces: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    private(set) var longest = 0

    mutating func append(_ text: String) {
        bytes += Array(text.utf8)
        longest = max(longest, text.utf8.count)
        ends.append(bytes.count)
    }

    /// - Precondition: the pointer is this value's, from `withBytes`.
    @inline(__always)
    func piece(_ index: Int, of pointer: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        let start = ends[index]
        return UnsafeBufferPointer(start: pointer + start, count: ends[index + 1] - start)
    }

    func withBytes<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
        bytes.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }
}
