import Base

/// The parameters of a request's query, decoded, in their order; a name may come more than once.
struct QueryParameters {
    private(set) var pairs: [(name: String, value: String)] = []

    /// Throws `api.bad_parameter` when a text is not percent-encoded UTF-8.
    init(_ query: String?) throws {
        for part in (query ?? "").split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(halves[0]), let value = halves.count > 1 ? Self.decoded(halves[1]) : "" else {
                throw APIError.badParameter(
                    "'\(part)' is not percent-encoded UTF-8",
                    remedy: "Write each byte that is not a letter or digit as '%' and two hex digits.")
            }
            pairs.append((name, value))
        }
    }

    /// The parameter's value, nil when it is not there. Throws when it comes twice.
    func single(_ name: String) throws -> String? {
        let values = pairs.filter { $0.name == name }
        guard values.count <= 1 else {
            throw APIError.badParameter("parameter '\(name)' comes \(values.count) times", remedy: "Give it once.")
        }
        return values.first?.value
    }

    /// All but those of these names.
    func without(_ names: [String]) -> QueryParameters {
        var rest = self
        rest.pairs.removeAll { names.contains($0.name) }
        return rest
    }

    /// Throws when there is a parameter of another name.
    func allow(_ names: [String]) throws {
        for (name, _) in pairs where !names.contains(name) {
            let remedy = names.isEmpty ? "this path takes no parameters" : "it takes \(names.joined(separator: ", "))"
            throw APIError.badParameter("there is no parameter '\(name)'", remedy: remedy, given: name, allowed: names)
        }
    }

    /// The parameter as a whole number in `range`.
    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = try single(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw APIError.badParameter(
                "\(name) is '\(text)'", remedy: "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    func flag(_ name: String) throws -> Bool {
        guard let text = try single(name) else { return false }
        guard let flag = Bool(text) else { throw APIError.badParameter("\(name) is '\(text)'", given: text, allowed: ["true", "false"]) }
        return flag
    }

    /// `+` is a space, as forms have it. Nil when the text is not percent-encoded UTF-8.
    static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A path or a part of one, in which `+` is itself. Nil when the text is not percent-encoded UTF-8.
    static func decodedPath(_ text: String) -> String? {
        // Hardly any has a byte that is encoded.
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") }) else { return text }
        return decoded(text.replacing("+", with: "%2B")[...])
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
