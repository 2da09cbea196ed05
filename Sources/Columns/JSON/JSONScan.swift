import Base

typealias BytePointer = UnsafePointer<UInt8>
typealias MutableBytePointer = UnsafeMutablePointer<UInt8>

/// Why scanning stopped, and where. Plain data: it is set on the way out and read once.
struct JSONStop {
    var reason = JSONStopReason.none
    var at: BytePointer?

    @inline(never)
    mutating func set(_ reason: JSONStopReason, _ at: BytePointer) -> BytePointer? {
        self.reason = reason
        self.at = at
        return nil
    }
}

/// The lexical rules of JSON (RFC 8259), strictly, over raw bytes. A function gets the place where its token starts (for
/// strings: past the opening quote) and returns the place past it, or nil with the reason in `stop`. None reads at or past `end`.
enum JSONScan {
    static let quote: UInt8 = 0x22, backslash: UInt8 = 0x5C, comma: UInt8 = 0x2C, colon: UInt8 = 0x3A
    static let openBrace: UInt8 = 0x7B, closeBrace: UInt8 = 0x7D, openBracket: UInt8 = 0x5B, closeBracket: UInt8 = 0x5D
    static let minus: UInt8 = 0x2D, plus: UInt8 = 0x2B, point: UInt8 = 0x2E

    /// Objects and arrays may be this deep, the outermost counted. Schemas of people are a handful deep; the limit keeps
    /// what scans recursively within any thread's stack.
    static let depthMax = 64

    /// How far past the last decoded byte `copyString` may write: it stores eight bytes at a time.
    static let overshoot = 8

    @inline(__always)
    static func load8(_ p: BytePointer) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
    }

    /// The top bit of each byte that is a quote, a backslash, a control character or not ASCII; bytes above the first
    /// such may be marked wrongly, the first is right.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        // c ^ 2 is below 0x21 exactly for control characters and the quote.
        let low = (word ^ 0x0202_0202_0202_0202) &- 0x2121_2121_2121_2121
        let other = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let backslashes = (other &- 0x0101_0101_0101_0101) & ~other
        return (((low | backslashes) & ~word) | word) & 0x8080_8080_8080_8080
    }

    @inline(__always)
    static func skipSpace(_ start: BytePointer, _ end: BytePointer) -> BytePointer {
        if start < end, start.pointee > 0x20 { return start }
        return skipSpaceSlow(start, end)
    }

    @inline(never)
    private static func skipSpaceSlow(_ start: BytePointer, _ end: BytePointer) -> BytePointer {
        var p = start
        while p < end {
            switch p.pointee {
            case 0x20, 0x09, 0x0A, 0x0D: p += 1
            default: return p
            }
        }
        return p
    }

    /// Decodes a string to `out` and moves `out` past it; may write `overshoot` bytes more. The decoded bytes are never
    /// more than the bytes read.
    @inline(__always)
    static func copyString(
        _ start: BytePointer, _ end: BytePointer, _ out: inout MutableBytePointer, _ stop: inout JSONStop
    ) -> BytePointer? {
        var p = start
        var o = out
        while end - p >= 8 {
            let word = load8(p)
            UnsafeMutableRawPointer(o).storeBytes(of: word.littleEndian, as: UInt64.self)
            let marks = special(word)
            if marks == 0 {
                p += 8
                o += 8
                continue
            }
            let plain = marks.trailingZeroBitCount >> 3
            p += plain
            o += plain
            guard p.pointee != quote else {
                out = o
                return p + 1
            }
            guard let next = copySpecial(p, end, &o, &stop) else { return nil }
            p = next
        }
        return copyTail(p, end, o, &out, &stop)
    }

    /// The last bytes of the input, one at a time.
    @inline(never)
    private static func copyTail(
        _ start: BytePointer, _ end: BytePointer, _ from: MutableBytePointer, _ out: inout MutableBytePointer, _ stop: inout JSONStop
    ) -> BytePointer? {
        var p = start
        var o = from
        while p < end {
            let byte = p.pointee
            if byte == quote {
                out = o
                return p + 1
            }
            if byte >= 0x20, byte < 0x80, byte != backslash {
                o.pointee = byte
                o += 1
                p += 1
            } else {
                guard let next = copySpecial(p, end, &o, &stop) else { return nil }
                p = next
            }
        }
        return stop.set(.unterminatedString, p)
    }

    /// One escape or one character beyond ASCII.
    @inline(never)
    private static func copySpecial(
        _ p: BytePointer, _ end: BytePointer, _ out: inout MutableBytePointer, _ stop: inout JSONStop
    ) -> BytePointer? {
        if p.pointee == backslash {
            var scalar: UInt32 = 0
            guard let next = escape(p, end, &scalar, &stop) else { return nil }
            out += encode(scalar, to: out)
            return next
        }
        guard p.pointee >= 0x80 else { return stop.set(.controlCharacter, p) }
        let length = utf8Length(p, end)
        guard length > 0 else { return stop.set(.badUTF8, p) }
        for i in 0..<length { out[i] = p[i] }
        out += length
        return p + length
    }

    /// Checks a string without keeping it.
    @inline(__always)
    static func skipString(_ start: BytePointer, _ end: BytePointer, _ stop: inout JSONStop) -> BytePointer? {
        var p = start
        while end - p >= 8 {
            let marks = special(load8(p))
            if marks == 0 {
                p += 8
                continue
            }
            p += marks.trailingZeroBitCount >> 3
            guard p.pointee != quote else { return p + 1 }
            guard let next = skipSpecial(p, end, &stop) else { return nil }
            p = next
        }
        return skipTail(p, end, &stop)
    }

    @inline(never)
    private static func skipTail(_ start: BytePointer, _ end: BytePointer, _ stop: inout JSONStop) -> BytePointer? {
        var p = start
        while p < end {
            let byte = p.pointee
            if byte == quote { return p + 1 }
            if byte >= 0x20, byte < 0x80, byte != backslash {
                p += 1
            } else {
                guard let next = skipSpecial(p, end, &stop) else { return nil }
                p = next
            }
        }
        return stop.set(.unterminatedString, p)
    }

    @inline(never)
    private static func skipSpecial(_ p: BytePointer, _ end: BytePointer, _ stop: inout JSONStop) -> BytePointer? {
        if p.pointee == backslash {
            var scalar: UInt32 = 0
            return escape(p, end, &scalar, &stop)
        }
        guard p.pointee >= 0x80 else { return stop.set(.controlCharacter, p) }
        let length = utf8Length(p, end)
        return length > 0 ? p + length : stop.set(.badUTF8, p)
    }

    /// Checks a number against the grammar.
    static func skipNumber(_ start: BytePointer, _ end: BytePointer, _ stop: inout JSONStop) -> BytePointer? {
        var p = start
        func isDigit() -> Bool { p < end && p.pointee &- 48 < 10 }
        if p < end, p.pointee == minus { p += 1 }
        guard isDigit() else { return stop.set(.badNumber, p) }
        let leading = p.pointee
        p += 1
        if leading == 48, isDigit() { return stop.set(.badNumber, p) }
        while isDigit() { p += 1 }
        if p < end, p.pointee == point {
            p += 1
            guard isDigit() else { return stop.set(.badNumber, p) }
            while isDigit() { p += 1 }
        }
        if p < end, p.pointee | 0x20 == 0x65 {
            p += 1
            if p < end, p.pointee == minus || p.pointee == plus { p += 1 }
            guard isDigit() else { return stop.set(.badNumber, p) }
            while isDigit() { p += 1 }
        }
        return p
    }

    @inline(__always)
    static func skipLiteral(_ start: BytePointer, _ end: BytePointer, _ stop: inout JSONStop) -> BytePointer? {
        if let next = literal(0x6C6C_756E, 4, start, end) ?? literal(0x6575_7274, 4, start, end) { return next }
        if end - start >= 5, start.pointee == 0x66, let next = literal(0x6573_6C61, 4, start + 1, end) { return next }
        return stop.set(.syntax, start)
    }

    /// The place past the literal whose four bytes, little-endian, are `word`; nil when something else stands there.
    @inline(__always)
    static func literal(_ word: UInt32, _ length: Int, _ p: BytePointer, _ end: BytePointer) -> BytePointer? {
        guard end - p >= length, UInt32(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)) == word else { return nil }
        return p + length
    }

    @inline(__always)
    static func isNull(_ p: BytePointer, _ end: BytePointer) -> Bool {
        p.pointee == 0x6E && literal(0x6C6C_756E, 4, p, end) != nil
    }

    /// Checks any value, `depth` containers deep, without keeping it.
    static func skipValue(_ p: BytePointer, _ end: BytePointer, depth: Int, _ stop: inout JSONStop) -> BytePointer? {
        guard p < end else { return stop.set(.syntax, p) }
        switch p.pointee {
        case quote: return skipString(p + 1, end, &stop)
        case openBrace: return skipContainer(p, end, depth: depth + 1, closing: closeBrace, &stop)
        case openBracket: return skipContainer(p, end, depth: depth + 1, closing: closeBracket, &stop)
        case minus, 48...57: return skipNumber(p, end, &stop)
        default: return skipLiteral(p, end, &stop)
        }
    }

    @inline(never)
    private static func skipContainer(
        _ start: BytePointer, _ end: BytePointer, depth: Int, closing: UInt8, _ stop: inout JSONStop
    ) -> BytePointer? {
        guard depth <= depthMax else { return stop.set(.tooDeep, start) }
        var p = skipSpace(start + 1, end)
        if p < end, p.pointee == closing { return p + 1 }
        while true {
            if closing == closeBrace {
                guard p < end, p.pointee == quote else { return stop.set(.syntax, p) }
                guard let afterKey = skipString(p + 1, end, &stop) else { return nil }
                p = skipSpace(afterKey, end)
                guard p < end, p.pointee == colon else { return stop.set(.syntax, p) }
                p = skipSpace(p + 1, end)
            }
            guard let afterValue = skipValue(p, end, depth: depth, &stop) else { return nil }
            p = skipSpace(afterValue, end)
            guard p < end else { return stop.set(.syntax, p) }
            if p.pointee == closing { return p + 1 }
            guard p.pointee == comma else { return stop.set(.syntax, p) }
            p = skipSpace(p + 1, end)
        }
    }
}
