public import Base

/// Maps as the tables of views hold them: a JSON object with its keys in byte order, so that equal maps are equal texts.
public enum MapJSON {
    public static func write(_ map: UnsafeBufferPointer<UInt8>, to out: ByteArena) {
        out.append(byte: UInt8(ascii: "{"))
        var isFirst = true
        StringMap.forEach(map) { key, value in
            if !isFirst { out.append(byte: UInt8(ascii: ",")) }
            isFirst = false
            string(key, to: out)
            out.append(byte: UInt8(ascii: ":"))
            string(value, to: out)
        }
        out.append(byte: UInt8(ascii: "}"))
    }

    public static func text(_ map: [String: String]) -> String {
        let canonical = ByteArena(), json = ByteArena()
        StringMap.write(map, to: canonical)
        write(UnsafeBufferPointer(start: canonical.base, count: canonical.count), to: json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Nil when the text is no such object: somebody else wrote it.
    public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [String: String]? {
        guard case .success(let tree) = JSONValue.parse(text), let members = tree.members else { return nil }
        var map: [String: String] = [:]
        for member in members {
            guard let value = member.value.string else { return nil }
            map[member.key] = value
        }
        return map
    }

    /// Whether the text is an object of strings without a space between them, as `write` makes it.
    /// - Complexity: O(bytes).
    public static func isCompact(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= 2, text[0] == JSONScan.openBrace else { return false }
        if text[1] == JSONScan.closeBrace { return text.count == 2 }
        var at = 1
        while let value = endOfString(text, from: at), value < text.count, text[value] == JSONScan.colon,
            let end = endOfString(text, from: value + 1), end < text.count
        {
            if text[end] == JSONScan.closeBrace { return end + 1 == text.count }
            guard text[end] == JSONScan.comma else { return false }
            at = end + 1
        }
        return false
    }

    /// The place behind the string that begins at `start`; nil where none does.
    private static func endOfString(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard start < text.count, text[start] == JSONScan.quote else { return nil }
        var at = start + 1
        while at < text.count {
            switch text[at] {
            case JSONScan.quote: return at + 1
            case JSONScan.backslash:
                guard at + 1 < text.count else { return nil }
                switch text[at + 1] {
                case JSONScan.quote, JSONScan.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
                    UInt8(ascii: "r"), UInt8(ascii: "t"):
                    at += 2
                case UInt8(ascii: "u"):
                    guard at + 6 <= text.count, text[(at + 2)..<(at + 6)].allSatisfy(isHex) else { return nil }
                    at += 6
                default: return nil
                }
            case 0..<0x20: return nil
            default: at += 1
            }
        }
        return nil
    }

    private static func isHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte | 0x20) }

    private static func string(_ bytes: UnsafeBufferPointer<UInt8>, to out: ByteArena) {
        out.append(byte: UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(byte: UInt8(ascii: "\\"))
                out.append(byte: byte)
            case 0..<0x20:
                out.append("\\u00")
                out.append(byte: hexDigit(byte >> 4))
                out.append(byte: hexDigit(byte & 15))
            default: out.append(byte: byte)
            }
        }
        out.append(byte: UInt8(ascii: "\""))
    }
    private static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 48 + nibble : 87 + nibble }
}
