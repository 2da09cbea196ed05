/// A condition of a query as it stands on the command line, `COLUMN=OPERATOR.VALUE`, after PostgREST.
struct ViewFilter: Equatable {
    var column: String
    var condition: String

    static let allowedForm = "A filter is COLUMN=OPERATOR.VALUE, such as resource_id=eq.i-1."

    /// Nil where the text is no filter.
    init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        column = String(parts[0])
        condition = String(parts[1])
    }

    private static let operators: Set<String> = ["eq", "neq", "lt", "lte", "gt", "gte", "in", "is", "like", "ilike", "isdistinct", "not"]

    /// The same with `eq.` before a value that has no operator. What groups conditions (`or=(…)`) stays as it is.
    var spelledOut: ViewFilter {
        guard !condition.hasPrefix("("), !Self.operators.contains(String(condition.prefix { $0 != "." })) else { return self }
        var filter = self
        filter.condition = "eq." + condition
        return filter
    }

    /// The only value that it lets through; nil where it lets several.
    var value: String? { condition.hasPrefix("eq.") ? String(condition.dropFirst(3)) : nil }

    /// `in.(…)` with each value in quotes.
    static func isOneOf(_ column: String, _ values: [String]) -> ViewFilter {
        let quoted = values.map { "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }
        return ViewFilter(column: column, condition: "in.(\(quoted.joined(separator: ",")))")
    }

    private init(column: String, condition: String) {
        self.column = column
        self.condition = condition
    }
}

extension RequestPath {
    mutating func add(_ filters: [ViewFilter]) { for filter in filters { add(filter.column, filter.condition) } }
}
