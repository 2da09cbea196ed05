/// Writes JSON (RFC 8259) values as text, for lines that are made now and then; columns have their own encoder.
package enum LineJSON {
    /// The text in quotes, with control characters, quotes and backslashes escaped.
    /// - Complexity: O(n).
    package static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// JSON has no infinity and no NaN: null stands for them.
    package static func number(_ number: Double) -> String { number.isFinite ? "\(number)" : "null" }

    static func value(_ value: EventField.Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .integer(let integer): "\(integer)"
        case .number(let double): number(double)
        case .flag(let flag): "\(flag)"
        }
    }
}
