import Base
import Columns
import FoundationEssentials

/// Maps as the table holds them: a JSON object with its keys in byte order, so that equal maps are equal texts.
enum MapJSON {
    static func write(_ map: UnsafeBufferPointer<UInt8>, to out: ByteArena) {
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

    static func text(_ map: [String: String]) -> String {
        let canonical = ByteArena(), json = ByteArena()
        StringMap.write(map, to: canonical)
        write(UnsafeBufferPointer(start: canonical.base, count: canonical.count), to: json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Nil when the text is no such object: somebody else wrote it.
    static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [String: String]? {
        try? JSONDecoder().decode([String: String].self, from: Data(text))
    }

    private static func string(_ bytes: UnsafeBufferPointer<UInt8>, to out: ByteArena) {
        let hex = "0123456789abcdef".utf8.map { $0 }
        out.append(byte: UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(byte: UInt8(ascii: "\\"))
                out.append(byte: byte)
            case 0..<0x20:
                out.append("\\u00")
                out.append(byte: hex[Int(byte >> 4)])
                out.append(byte: hex[Int(byte & 15)])
            default: out.append(byte: byte)
            }
        }
        out.append(byte: UInt8(ascii: "\""))
    }
}
