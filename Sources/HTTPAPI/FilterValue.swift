import Base
import Columns
import FoundationEssentials

/// Values of conditions, read as the type of the column they are compared with.
enum FilterValue {
    /// Nil where the text is no value of the type. `now` is what a time says with that word.
    static func value(_ text: String, _ type: ValueType, now: EventTime) -> Value? {
        switch type {
        case .bool, .record: Bool(text).map(Value.bool)
        case .int: Int64(text).map(Value.int)
        case .double: double(text).map(Value.double)
        case .string: .string(text)
        case .bytes: base64(text).map(Value.bytes)
        case .timestamp: time(text, now: now).map(Value.timestamp)
        case .duration: duration(text).map(Value.duration)
        case .map: nil
        }
    }

    /// What the type's values look like, for messages.
    static func form(_ type: ValueType) -> String {
        switch type {
        case .bool, .record: "true or false"
        case .int: "a whole number of 64 bits"
        case .double: "a decimal number, Infinity or -Infinity"
        case .string: "any text"
        case .bytes: "base64, in which '+' is written as %2B or '-'"
        case .timestamp: "\(EventTime.allowedForm), or now, now-24h, now+5m"
        case .duration: "seconds (90s, 0.5s) or \(TimeSpan.allowedForm)"
        case .map: "nothing"
        }
    }

    /// An absolute time, or one that is so far from `now`. A `+` in a URL is a space: both are taken.
    private static func time(_ text: String, now: EventTime) -> EventTime? {
        guard text.hasPrefix("now") else {
            return EventTime(text) ?? EventTime(String(text.dropLast(6)) + text.suffix(6).replacing(" ", with: "+"))
        }
        let rest = text.dropFirst(3)
        guard let sign = rest.first else { return now }
        guard let span = TimeSpan(String(rest.dropFirst())) else { return nil }
        return sign == "-" ? now - span : sign == "+" || sign == " " ? now + span : nil
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
