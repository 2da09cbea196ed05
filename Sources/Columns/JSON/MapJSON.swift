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
