public import Base

extension JSONValue {
    /// Reads a text that is one JSON value, strictly by RFC 8259. - Complexity: O(text).
    public static func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue {
        var text = text
        let result = text.withUTF8 { parse($0) }
        return try result.get()
    }

    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONSyntaxError> {
        var parser = JSONTreeParser(bytes)
        return parser.parse()
    }
}

extension SourceLocation {
    /// The place `offset` bytes into `text`, counted as editors do. - Complexity: O(offset).
    public init(file: String, offset: Int, in text: String) {
        let before = text.utf8.prefix(offset)
        let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        let lineStart = before.lastIndex(of: 0x0A).map { before.index(after: $0) } ?? before.startIndex
        self.init(file: file, line: line, column: text[lineStart..<before.endIndex].count + 1)
    }
}

/// Recursive descent over the text with the scanners that the record decoder uses, so that both take the same language.
private struct JSONTreeParser {
    let start: BytePointer
    let end: BytePointer
    var stop = JSONStop()
    var at: BytePointer

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        start = bytes.baseAddress ?? emptyText
        end = start + bytes.count
        at = start
    }

    mutating func parse() -> Result<JSONValue, JSONSyntaxError> {
        at = JSONScan.skipSpace(at, end)
        if let value = value(depth: 0) {
            at = JSONScan.skipSpace(at, end)
            if at == end { return .success(value) }
            _ = stop.set(.trailingBytes, at)
        }
        let reason = stop.reason
        let message = reason == .trailingBytes ? "something follows the JSON value" : reason.lexicalMessage ?? "the text is not JSON"
        let code = reason == .trailingBytes ? ErrorCode.decodeSyntax : reason.code
        return .failure(JSONSyntaxError(code: code, message: message, offset: (stop.at ?? at) - start))
    }

    private mutating func value(depth: Int) -> JSONValue? {
        guard at < end else { return fail(.syntax) }
        let offset = at - start
        switch at.pointee {
        case JSONScan.quote: return string().map { JSONValue(.string($0), offset: offset) }
        case JSONScan.openBrace: return object(depth: depth + 1).map { JSONValue(.object($0), offset: offset) }
        case JSONScan.openBracket: return array(depth: depth + 1).map { JSONValue(.array($0), offset: offset) }
        case JSONScan.minus, 48...57:
            let from = at
            guard let next = JSONScan.skipNumber(at, end, &stop) else { return nil }
            at = next
            return JSONValue(.number(String(decoding: UnsafeBufferPointer(start: from, count: next - from), as: UTF8.self)), offset: offset)
        default:
            let first = at.pointee
            guard let next = JSONScan.skipLiteral(at, end, &stop) else { return nil }
            at = next
            return JSONValue(first == 0x6E ? .null : .bool(first == 0x74), offset: offset)
        }
    }

    private mutating func fail<T>(_ reason: JSONStopReason) -> T? {
        _ = stop.set(reason, at)
        return nil
    }

    private mutating func string() -> String? {
        guard let next = JSONScan.skipString(at + 1, end, &stop) else { return nil }
        let from = at + 1
        at = next
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: next - from + JSONScan.overshoot) { buffer in
            var out = buffer.baseAddress!
            _ = JSONScan.copyString(from, end, &out, &stop)
            return String(decoding: buffer[..<(out - buffer.baseAddress!)], as: UTF8.self)
        }
    }

    private mutating func array(depth: Int) -> [JSONValue]? {
        guard depth <= JSONScan.depthMax else { return fail(.tooDeep) }
        var elements: [JSONValue] = []
        at = JSONScan.skipSpace(at + 1, end)
        if at < end, at.pointee == JSONScan.closeBracket {
            at += 1
            return elements
        }
        while true {
            guard let element = value(depth: depth) else { return nil }
            elements.append(element)
            guard let isLast = separator(closing: JSONScan.closeBracket) else { return nil }
            if isLast { return elements }
        }
    }

    private mutating func object(depth: Int) -> [JSONMember]? {
        guard depth <= JSONScan.depthMax else { return fail(.tooDeep) }
        var members: [JSONMember] = []
        at = JSONScan.skipSpace(at + 1, end)
        if at < end, at.pointee == JSONScan.closeBrace {
            at += 1
            return members
        }
        while true {
            guard at < end, at.pointee == JSONScan.quote else { return fail(.syntax) }
            let keyOffset = at - start
            guard let key = string() else { return nil }
            at = JSONScan.skipSpace(at, end)
            guard at < end, at.pointee == JSONScan.colon else { return fail(.syntax) }
            at = JSONScan.skipSpace(at + 1, end)
            guard let value = value(depth: depth) else { return nil }
            members.append(JSONMember(key: key, keyOffset: keyOffset, value: value))
            guard let isLast = separator(closing: JSONScan.closeBrace) else { return nil }
            if isLast { return members }
        }
    }

    /// Steps over a comma (false) or the closing bracket (true).
    private mutating func separator(closing: UInt8) -> Bool? {
        at = JSONScan.skipSpace(at, end)
        guard at < end, at.pointee == closing || at.pointee == JSONScan.comma else { return fail(.syntax) }
        let isLast = at.pointee == closing
        at += 1
        if !isLast { at = JSONScan.skipSpace(at, end) }
        return isLast
    }
}

/// Where an empty buffer's pointer would be: never read, for `end` is the same place.
private nonisolated(unsafe) let emptyText: BytePointer = UnsafePointer(UnsafeMutablePointer<UInt8>.allocate(capacity: 1))
