public import Base
public import Columns

/// A value written in a test: YAML's scalars, lists and mappings, as JSON has them.
///
/// An unquoted `true`, `false`, `null` or number is what it says; anything else is text. Times and durations are text
/// in their own forms.
public struct TestValue: Sendable {
    public indirect enum Content: Sendable {
        case null
        case bool(Bool)
        case int(Int64)
        /// With the text it was written as, which is what JSON gets.
        case double(Double, text: String)
        case string(String)
        case list([TestValue])
        /// In file order.
        case object([(key: Located<String>, value: TestValue)])
    }

    public var content: Content
    public var location: SourceLocation

    public init(_ content: Content, at location: SourceLocation) {
        self.content = content
        self.location = location
    }

    /// The value under a dotted path of an object.
    public subscript(path: String) -> TestValue? {
        guard case .object(let entries) = content else { return nil }
        let parts = path.split(separator: ".", maxSplits: 1)
        guard let first = parts.first, let entry = entries.first(where: { $0.key.value == first }) else { return nil }
        return parts.count == 2 ? entry.value[String(parts[1])] : entry.value
    }

    /// Puts a value under a dotted path of an object, making the objects in between.
    public mutating func set(_ path: String, to value: TestValue) {
        var entries: [(key: Located<String>, value: TestValue)] = []
        if case .object(let existing) = content { entries = existing }
        let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
        guard let first = parts.first else { return }
        let index = entries.firstIndex { $0.key.value == first }
        var inner = value
        if parts.count == 2 {
            inner = index.map { entries[$0].value } ?? TestValue(.object([]), at: value.location)
            inner.set(parts[1], to: value)
        }
        if let index {
            entries[index].value = inner
        } else {
            entries.append((Located(first, value.location), inner))
        }
        content = .object(entries)
    }
}

extension TestValue {
    /// The value as JSON text, keys in file order.
    public var json: String {
        switch content {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): "\(number)"
        case .double(_, let text): text
        case .string(let text): Self.quoted(text)
        case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .object(let entries): "{" + entries.map { Self.quoted($0.key.value) + ":" + $0.value.json }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}

extension TestValue {
    /// How far two doubles may be apart and count as equal, relative to the greater of the two.
    public static let doubleTolerance = 1e-9

    /// Whether a column's value is the one wanted: exactly, but for doubles (`doubleTolerance`). Text matches a time or
    /// a duration that it is a form of; an int matches a double of the same number.
    public func matches(_ value: Value) -> Bool {
        switch (content, value) {
        case (.null, .null): true
        case (.bool(let wanted), .bool(let got)): wanted == got
        case (.int(let wanted), .int(let got)): wanted == got
        case (.int(let wanted), .double(let got)): Self.areClose(Double(wanted), got)
        case (.double(let wanted, _), .double(let got)): Self.areClose(wanted, got)
        case (.string(let wanted), .string(let got)): wanted == got
        case (.string(let wanted), .timestamp(let got)): EventTime(wanted) == got
        case (.string(let wanted), .duration(let got)): TimeSpan(wanted) == got
        case (.string(let wanted), .bytes(let got)): Array(wanted.utf8) == got
        case (.object(let wanted), .map(let got)):
            wanted.count == got.count
                && wanted.allSatisfy { entry in got[entry.key.value].map { entry.value.matches(.string($0)) } ?? false }
        default: false
        }
    }

    /// Whether some value of a column of this type could match: what a test is checked for before it runs.
    public func canMatch(_ type: ValueType, isNullable: Bool) -> Bool {
        switch (content, type) {
        case (.null, _): isNullable
        case (.bool, .bool), (.bool, .record), (.int, .int), (.int, .double), (.double, .double), (.string, .string), (.string, .bytes),
            (.object, .map):
            true
        case (.string(let text), .timestamp): EventTime(text) != nil
        case (.string(let text), .duration): TimeSpan(text) != nil
        default: false
        }
    }

    private static func areClose(_ a: Double, _ b: Double) -> Bool {
        a == b || abs(a - b) <= doubleTolerance * max(abs(a), abs(b))
    }
}
