import Base
import Columns
import TopologyFile

/// Checks a test's event against the schema, so that a slip in the test is told from a fault in the topology. What is
/// meant to be wrong is given as `raw`.
enum TestEventCheck {
    /// Whether every value is under a field that there is and of its type; missing fields are not looked for.
    static func check(_ event: TestValue, _ schema: Schema, _ findings: FindingCollector) -> Bool {
        guard case .object(let entries) = event.content else { return false }
        var isValid = true
        for entry in entries {
            guard let field = schema.fields.first(where: { $0.name == entry.key.value }) else {
                let names = schema.fields.map(\.name)
                let nearest = nearestName(to: entry.key.value, among: names).map { "Did you mean '\($0)'? " } ?? ""
                findings.add(
                    .unknownField, "schema '\(schema.name)' has no field '\(entry.key.value)'",
                    remedy: nearest + "There are: \(names.joined(separator: ", ")). A record that is meant to be wrong is given as raw.",
                    at: entry.key.location)
                isValid = false
                continue
            }
            if case .record(let nested) = field.type, case .object = entry.value.content {
                isValid = check(entry.value, nested, findings) && isValid
            } else if !accepts(field, entry.value) {
                findings.add(
                    .testValue,
                    "\(entry.value.json) is no \(field.type.testName)\(field.isNullable ? " or null" : ""), which '\(field.name)' is",
                    remedy: "Quote texts that look like numbers, true, false or null. A record that is meant to be wrong is given as raw.",
                    at: entry.value.location)
                isValid = false
            }
        }
        return isValid
    }

    private static func accepts(_ field: Schema.Field, _ value: TestValue) -> Bool {
        switch (value.content, field.type) {
        case (.null, _): return field.isNullable
        case (.bool, .boolean): return true
        case (.int, .int), (.int, .long), (.int, .float), (.int, .double), (.int, .timestampMillis), (.int, .timestampMicros): return true
        case (.double, .float), (.double, .double): return true
        case (.string, .string), (.string, .bytes), (.string, .uuid), (.string, .date): return true
        case (.string(let text), .enumeration(_, let symbols)): return symbols.contains(text)
        case (.string(let text), .timestampMillis), (.string(let text), .timestampMicros): return EventTime(text) != nil
        case (.object(let entries), .map):
            return entries.allSatisfy { if case .string = $0.value.content { true } else { false } }
        default: return false
        }
    }
}

extension AvroType {
    /// The type as a person would call it.
    var testName: String {
        switch self {
        case .enumeration(_, let symbols): "one of \(symbols.joined(separator: ", "))"
        case .record: "record"
        case .timestampMillis, .timestampMicros: "time"
        case .date: "date"
        default: "\(self)"
        }
    }
}
