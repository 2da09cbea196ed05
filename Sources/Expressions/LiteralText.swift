import Base

/// What the text of a literal token means.
enum LiteralText {
    /// The whole number of an int token, with the sign before it if there is one.
    static func int(_ text: Substring, isNegative: Bool, at range: Range<Int>) throws(ExpressionIssue) -> Int64 {
        let (digits, radix) = digitsAndRadix(text)
        guard let value = Int64((isNegative ? "-" : "") + digits, radix: radix) else {
            throw ExpressionIssue(
                .expressionSyntax, "the int '\(isNegative ? "-" : "")\(text)' is out of range",
                remedy: "An int lies in \(Int64.min)...\(Int64.max); a double is written with a point: \(text).0.", at: range)
        }
        return value
    }

    static func uint(_ text: Substring, at range: Range<Int>) throws(ExpressionIssue) -> UInt64 {
        let (digits, radix) = digitsAndRadix(text.dropLast())
        guard let value = UInt64(digits, radix: radix) else {
            throw ExpressionIssue(
                .expressionSyntax, "the uint '\(text)' is out of range", remedy: "A uint lies in 0...\(UInt64.max).", at: range)
        }
        return value
    }

    private static func digitsAndRadix(_ text: Substring) -> (Substring, Int) {
        text.hasPrefix("0x") || text.hasPrefix("0X") ? (text.dropFirst(2), 16) : (text, 10)
    }

    static func double(_ text: Substring, isNegative: Bool, at range: Range<Int>) throws(ExpressionIssue) -> Double {
        guard let value = Double(text.hasPrefix(".") ? "0" + text : text), value.isFinite else {
            throw ExpressionIssue(.expressionSyntax, "the double '\(text)' is out of range", at: range)
        }
        return isNegative ? -value : value
    }

    /// The bytes of a string or bytes token: prefix and quotes gone, escapes resolved.
    static func content(_ token: ArraySlice<UInt8>, isBytes: Bool) throws(ExpressionIssue) -> [UInt8] {
        var body = token
        if isBytes { body = body.dropFirst() }
        let isRaw = body[body.startIndex] | 0x20 == 114
        if isRaw { body = body.dropFirst() }
        let quote = body[body.startIndex]
        let isTriple = body.count >= 6 && body.prefix(3).allSatisfy { $0 == quote }
        body = body.dropFirst(isTriple ? 3 : 1).dropLast(isTriple ? 3 : 1)
        if isRaw { return Array(body) }
        var result: [UInt8] = []
        result.reserveCapacity(body.count)
        var at = body.startIndex
        while at < body.endIndex {
            if body[at] == 92 {
                try appendEscape(body, &at, isBytes: isBytes, to: &result)
            } else {
                result.append(body[at])
                at += 1
            }
        }
        return result
    }

    /// Resolves the escape at `at` and steps over it.
    private static func appendEscape(
        _ body: ArraySlice<UInt8>, _ at: inout Int, isBytes: Bool, to result: inout [UInt8]
    ) throws(ExpressionIssue) {
        let start = at
        func wrong(_ end: Int) -> ExpressionIssue {
            let end = min(max(end, start + 2), body.endIndex)
            return ExpressionIssue(
                .expressionSyntax, "'\(String(decoding: body[start..<end], as: UTF8.self))' is no escape",
                remedy: isBytes
                    ? "bytes know \\\\ \\\" \\' \\` \\? \\a \\b \\f \\n \\r \\t \\v, \\xHH and \\OOO"
                    : "strings know \\\\ \\\" \\' \\` \\? \\a \\b \\f \\n \\r \\t \\v, \\xHH, \\OOO, \\uHHHH and \\UHHHHHHHH",
                at: start..<end)
        }
        func number(from: Int, digits: Int, radix: Int) throws(ExpressionIssue) -> UInt32 {
            let end = from + digits
            guard end <= body.endIndex, body[from..<end].allSatisfy(Lexer.isHexDigit),
                let value = UInt32(String(decoding: body[from..<end], as: UTF8.self), radix: radix)
            else { throw wrong(end) }
            return value
        }
        guard at + 1 < body.endIndex else { throw wrong(at + 1) }
        let letter = body[at + 1]
        if let byte = simpleEscapes[letter] {
            result.append(byte)
            at += 2
            return
        }
        let code: UInt32
        switch letter {
        case 120, 88:
            code = try number(from: at + 2, digits: 2, radix: 16)
            at += 4
        case 48...51:
            code = try number(from: at + 1, digits: 3, radix: 8)
            at += 4
        case 117 where !isBytes:
            code = try number(from: at + 2, digits: 4, radix: 16)
            at += 6
        case 85 where !isBytes:
            code = try number(from: at + 2, digits: 8, radix: 16)
            at += 10
        default: throw wrong(at + 2)
        }
        if isBytes {
            result.append(UInt8(truncatingIfNeeded: code))
        } else {
            guard let scalar = Unicode.Scalar(code) else { throw wrong(at) }
            result.append(contentsOf: String(Character(scalar)).utf8)
        }
    }

    private static let simpleEscapes: [UInt8: UInt8] = [
        97: 7, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11, 92: 92, 34: 34, 39: 39, 96: 96, 63: 63,
    ]
}
