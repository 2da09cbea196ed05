import Base
import Columns

/// Strings and byte strings: joining, searching, size, ASCII case, trim.
extension Overload {
    static let strings: [Overload] = [
        Overload("+", .symbol, [.string, .string], .string, .appending(Join.self)),
        Overload("+", .symbol, [.bytes, .bytes], .bytes, .appending(Join.self)),
        Overload("size", .function, [.string], .int, .plain(CodePointCount.self)),
        Overload("size", .member, [.string], .int, .plain(CodePointCount.self)),
        Overload("size", .function, [.bytes], .int, .plain(ByteCount.self)),
        Overload("size", .member, [.bytes], .int, .plain(ByteCount.self)),
        Overload("contains", .member, [.string, .string], .bool, .plain(Contains.self)),
        Overload("startsWith", .member, [.string, .string], .bool, .plain(StartsWith.self)),
        Overload("endsWith", .member, [.string, .string], .bool, .plain(EndsWith.self)),
        Overload("lowerAscii", .member, [.string], .string, .appending(LowerASCII.self)),
        Overload("upperAscii", .member, [.string], .string, .appending(UpperASCII.self)),
        Overload("trim", .member, [.string], .string, .appending(Trim.self)),
    ]
}

private enum Join: AppendingRowOperation {
    @inline(__always)
    static func append(_ left: ByteRun, _ right: ByteRun, to arena: ByteArena) -> UInt8 {
        arena.append(left.start, count: left.count)
        arena.append(right.start, count: right.count)
        return 0
    }
}

private enum CodePointCount: RowOperation {
    @inline(__always) static func apply(_ text: ByteRun, _: ByteRun) -> Int64 { Int64(text.codePoints) }
}

private enum ByteCount: RowOperation {
    @inline(__always) static func apply(_ bytes: ByteRun, _: ByteRun) -> Int64 { Int64(bytes.count) }
}

private enum Contains: RowOperation {
    @inline(__always) static func apply(_ text: ByteRun, _ part: ByteRun) -> UInt8 { text.contains(part) ? 1 : 0 }
}

private enum StartsWith: RowOperation {
    @inline(__always) static func apply(_ text: ByteRun, _ part: ByteRun) -> UInt8 { text.hasPrefix(part) ? 1 : 0 }
}

private enum EndsWith: RowOperation {
    @inline(__always) static func apply(_ text: ByteRun, _ part: ByteRun) -> UInt8 { text.hasSuffix(part) ? 1 : 0 }
}

private enum LowerASCII: AppendingRowOperation {
    @inline(__always)
    static func append(_ text: ByteRun, _: ByteRun, to arena: ByteArena) -> UInt8 {
        let out = arena.reserve(text.count)
        for i in 0..<text.count { out[i] = text.start[i] | (text.start[i] &- 65 < 26 ? 0x20 : 0) }
        arena.commit(text.count)
        return 0
    }
}

private enum UpperASCII: AppendingRowOperation {
    @inline(__always)
    static func append(_ text: ByteRun, _: ByteRun, to arena: ByteArena) -> UInt8 {
        let out = arena.reserve(text.count)
        for i in 0..<text.count { out[i] = text.start[i] & ~(text.start[i] &- 97 < 26 ? 0x20 : 0) }
        arena.commit(text.count)
        return 0
    }
}

/// Cuts the characters of Unicode's White_Space property at both ends.
private enum Trim: AppendingRowOperation {
    @inline(__always)
    static func append(_ text: ByteRun, _: ByteRun, to arena: ByteArena) -> UInt8 {
        var start = 0, end = text.count
        while start < end, case let length = spaceLength(text, at: start, end), length > 0 { start += length }
        while start < end {
            var last = end - 1
            while last > start, text.start[last] & 0xC0 == 0x80 { last -= 1 }
            guard spaceLength(text, at: last, end) == end - last else { break }
            end = last
        }
        arena.append(text.start + start, count: end - start)
        return 0
    }

    /// How many bytes of white space begin here: 0 where there is none.
    @inline(__always)
    private static func spaceLength(_ text: ByteRun, at: Int, _ end: Int) -> Int {
        let byte = text.start[at]
        if byte == 32 || byte &- 9 < 5 { return 1 }
        guard byte >= 0xC2, at + 1 < end else { return 0 }
        let second = text.start[at + 1]
        if byte == 0xC2 { return second == 0x85 || second == 0xA0 ? 2 : 0 }
        guard at + 2 < end else { return 0 }
        switch (byte, second, text.start[at + 2]) {
        case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF),
            (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
            return 3
        default: return 0
        }
    }
}
