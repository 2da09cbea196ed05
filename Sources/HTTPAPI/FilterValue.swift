import Base
import Columns
import FoundationEssentials

/// Values of conditions, read as the type of the column they are compared with.
enum FilterValue {
    static func parse(_ text: String, for column: RowType.Column) throws -> Value {
        if let value = value(text, column.type) { return value }
        if column.type == .map {
            throw APIError.badParameter(
                "column '\(column.flatName)' is a map, which cannot be compared", allowed: ["is.null", "is.not_null"])
        }
        throw APIError.badParameter("'\(text)' is no value of column '\(column.flatName)'", remedy: "It takes \(form(column.type)).")
    }

    private static func value(_ text: String, _ type: ValueType) -> Value? {
        switch type {
        case .bool, .record: Bool(text).map(Value.bool)
        case .int: Int64(text).map(Value.int)
        case .double: double(text).map(Value.double)
        case .string: .string(text)
        case .bytes: base64(text).map(Value.bytes)
        case .timestamp: EventTime(text).map(Value.timestamp)
        case .duration: duration(text).map(Value.duration)
        case .map: nil
        }
    }

    /// What the type's values look like, for messages.
    private static func form(_ type: ValueType) -> String {
        switch type {
        case .bool, .record: "true or false"
        case .int: "a whole number of 64 bits"
        case .double: "a decimal number, Infinity or -Infinity"
        case .string: "any text"
        case .bytes: "base64, in which '+' is written as %2B or '-'"
        case .timestamp: "\(EventTime.allowedForm); the '+' of an offset is written as %2B"
        case .duration: "seconds (90s, 0.5s) or \(TimeSpan.allowedForm)"
        case .map: "nothing"
        }
    }

    /// Decimal digits only: none of the hexadecimal and NaN forms that `Double` reads too.
    private static func double(_ text: String) -> Double? {
        if text == "Infinity" { return .infinity }
        if text == "-Infinity" { return -.infinity }
        let isPlain = text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || "+-.eE".utf8.contains($0) }
        guard isPlain, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    private static func base64(_ text: String) -> [UInt8]? {
        var standard = text.replacing("-", with: "+").replacing("_", with: "/")
        while standard.utf8.count % 4 != 0 { standard += "=" }
        return Data(base64Encoded: standard).map { Array($0) }
    }

    /// As rows show durations (`300s`, `-1.5s`), and as topologies write them (`1h30m`).
    private static func duration(_ text: String) -> TimeSpan? {
        if let span = TimeSpan(text) { return span }
        guard text.hasSuffix("s"), let seconds = double(String(text.dropLast())) else { return nil }
        let microseconds = (seconds * 1e6).rounded()
        return microseconds.magnitude < 9e18 ? TimeSpan(microseconds: Int64(microseconds)) : nil
    }
}

/// The values of `in.(…)`: separated by commas; one with commas, brackets or quotes of its own stands in double quotes,
/// in which a backslash takes the next character as it is.
enum FilterList {
    static func split(_ text: String, _ column: RowType.Column) throws -> [String] {
        func refuse(_ message: String) -> APIError {
            APIError.badParameter(
                "'\(column.flatName)=in.\(text)' \(message)",
                remedy: "Write in.(a,b), and values with commas in double quotes: in.(\"a,b\",c).")
        }
        guard text.hasPrefix("("), text.hasSuffix(")"), text.count >= 2 else { throw refuse("is no list") }
        var values: [String] = []
        var rest = text.dropFirst().dropLast()
        if rest.isEmpty { return [] }
        while true {
            guard let value = rest.first == "\"" ? quoted(&rest) : plain(&rest) else {
                throw refuse("has a quote that does not end, or stands inside a value")
            }
            values.append(value)
            guard values.count <= APILimits.listValuesMax else { throw refuse("has more than \(APILimits.listValuesMax) values") }
            if rest.isEmpty { return values }
            rest.removeFirst()
        }
    }

    private static func plain(_ rest: inout Substring) -> String? {
        let value = rest.prefix { $0 != "," }
        rest = rest[value.endIndex...]
        return value.contains("\"") ? nil : String(value)
    }

    /// Nil when the closing quote is missing or something but a comma follows it.
    private static func quoted(_ rest: inout Substring) -> String? {
        rest.removeFirst()
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return rest.isEmpty || rest.first == "," ? value : nil
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped)
            default: value.append(character)
            }
        }
        return nil
    }
}
