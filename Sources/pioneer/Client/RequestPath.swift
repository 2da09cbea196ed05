/// The path and query of a request, percent-encoded (RFC 3986).
struct RequestPath: Equatable {
    private(set) var text: String

    /// - Parameter segments: of the path, each as it is meant: a slash in one is encoded.
    init(_ segments: [String]) { text = segments.map { "/" + Self.encoded($0) }.joined() }

    static func api(_ segments: String...) -> RequestPath { RequestPath(["api", "v1"] + segments) }

    /// Adds `name=value` to the query; nothing where `value` is nil.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        text += (text.contains("?") ? "&" : "?") + Self.encoded(name) + "=" + Self.encoded(value)
    }

    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }
}
