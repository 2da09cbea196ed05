import Base

/// The keys of a stream.
enum StreamFormat {
    static let from = Key("from", .reference, .required, doc: "The source or stream that the operator reads.", example: "metrics")
    static let filter = Key(
        "filter", .expression, .optional(default: nil), doc: "Operator: keeps the rows where the expression is true.",
        example: "metric == \"cpu_utilization\"")
    static let map = Key(
        "map",
        .named("a mapping from new fields to expressions", .expression) { name, node, findings in
            ValueForm<ExpressionText>.expression.read(node, findings).map { StreamSpecification.Assignment(name: name, expression: $0) }
        },
        .optional(default: nil), doc: "Operator: adds fields to each row.", example: "{ share: value / 100.0 }")
    static let select = Key(
        "select", .fieldPaths, .optional(default: nil), doc: "Operator: keeps only the named fields; a record's name keeps all of it.",
        example: "[resource_id, value]")
    static let window = Key(
        "window", .object(WindowFormat.object, read: WindowFormat.read), .optional(default: nil),
        doc: "Operator, with aggregate: gathers rows by time and key.", example: "{ tumbling: 5m, by: [resource_id] }")
    static let aggregate = Key(
        "aggregate",
        .named("a mapping from new fields to aggregates", .expression) { name, node, findings in
            ValueForm<AggregateCall>.aggregate.read(node, findings)
                .map { StreamSpecification.Aggregate(name: name, function: $0.function, argument: $0.argument) }
        },
        .optional(default: nil), doc: "With window: what is computed over the rows of each window.",
            example: "{ mean: avg(value), samples: count() }")

    static let renamedFrom = Key(
        "renamed_from", .formerName, .optional(default: nil),
        doc: "The stream's former name: its state goes on under the new one, however much it is. May stay in the file; behind an"
            + " internal topic, which keeps the former name, it has to.",
        example: "usage_old")

    /// The keys that say what the operator is.
    static let operators = [filter.declaration.name, map.declaration.name, select.declaration.name, window.declaration.name]

    static let object = FormatObject(
        "stream", doc: "A named result: one operator over one source or stream.",
        keys: [
            from.declaration, filter.declaration, map.declaration, select.declaration, window.declaration, aggregate.declaration,
            .later("union", .name, doc: "Operator: the rows of several streams of one type.", example: "[cpu, memory]"),
            .later("key", .name, doc: "Operator: partitions the rows by other fields.", example: "[team]"),
            .later("dedupe", .name, doc: "Operator: lets the first of equal rows pass.", example: "{ by: [event_id], within: 1h }"),
            .later("fill", .literal, doc: "Operator: adds rows where a series has gaps.", example: "{ every: 5m }"),
            .later("join", .name, doc: "Operator: adds a table's row as a record.", example: "{ table: machines, on: [resource_id] }"),
            .later("predict", .name, doc: "Operator: forecasts a series.", example: "{ value: mean, horizon: 24h }"),
            .later("detect", .name, doc: "Operator: marks what is out of the ordinary.", example: "{ value: mean }"),
            .later("decide", .expression, doc: "Operator: fires rules and schedules actions.", example: "{ rules: [] }"),
            .later("emit", .literal, doc: "When a window's rows are given out before its end.", example: "{ every: 1m }"),
            renamedFrom.declaration,
        ])
}

/// The keys of a stream's `window`.
enum WindowFormat {
    static let tumbling = Key(
        "tumbling", .positiveDuration, .required, doc: "The windows' length; they start at multiples of it since 1970, UTC.", example: "5m")
    static let by = Key(
        "by", .fieldPaths, .optional(default: "what the rows are partitioned by: the source's key, or a former window's by"),
        doc: "The fields that group the rows. Without those that the rows are partitioned by, they go through an internal topic first.",
        example: "[resource_id, metric]")
    static let late = Key(
        "late", .choice(StreamSpecification.Window.Late.allCases.map(\.rawValue), later: ["amend", "output"]), .optional(default: "drop"),
        doc: "What becomes of an event whose window is over: drop counts it and leaves the window's row as it is.", example: "drop")

    static let object = FormatObject(
        "window", doc: "How rows are gathered.",
        keys: [
            tumbling.declaration, by.declaration, late.declaration,
            .later("hopping", .literal, doc: "Windows that overlap.", example: "{ size: 1h, every: 5m }"),
            .later("session", .literal, doc: "Windows that end when nothing comes for a while.", example: "{ gap: 15m }"),
            .later("zone", .literal, doc: "The time zone that days begin in.", example: "Europe/Berlin"),
            .later("emit", .literal, doc: "When rows are given out before the window's end.", example: "{ every: 1m }"),
        ])
}

/// `function(argument)`, before it has a name.
struct AggregateCall: Sendable {
    var function: Located<StreamSpecification.Aggregate.Function>
    var argument: ExpressionText?
}

extension ValueForm where Value == AggregateCall {
    /// Functions of the language that this version lacks.
    static let functionsLater = ["quantile", "stddev", "variance", "distinct", "rate", "delta", "any", "all"]

    static let aggregate = ValueForm("an aggregate: count(), sum(x), avg(x), min(x), max(x), first(x) or last(x)", .expression) {
        node, findings in
        ValueForm<ExpressionText>.expression.read(node, findings).flatMap { parse($0, findings) }
    }

    /// Splits `function(argument)`; the argument is compiled later, against the stream's type.
    private static func parse(_ whole: ExpressionText, _ findings: FindingCollector) -> AggregateCall? {
        let functions = StreamSpecification.Aggregate.Function.allCases.map(\.rawValue)
        let allowed = "Allowed: \(functions.map { $0 == "count" ? "count()" : $0 + "(x)" }.joined(separator: ", "))."
        let text = whole.text
        let start = text.firstIndex { !$0.isWhitespace } ?? text.startIndex
        let name = text[start...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let afterName = text[name.endIndex...].firstIndex { !$0.isWhitespace }
        guard !name.isEmpty, let open = afterName, text[open] == "(", let close = closing(of: open, in: text) else {
            findings.add(
                .badValue, "'\(text.shortened)' is not one aggregate function over one expression",
                remedy: allowed + " Calculate with their results in a stream with map.", at: whole.location)
            return nil
        }
        let location = whole.part(start..<name.endIndex).location
        guard let function = StreamSpecification.Aggregate.Function(rawValue: String(name)) else {
            if functionsLater.contains(String(name)) {
                findings.add(
                    .notAvailable, "the aggregate '\(name)' is part of the language but not of this version", remedy: allowed, at: location)
            } else {
                let nearest = nearestName(to: String(name), among: functions).map { "Did you mean '\($0)'? " } ?? ""
                findings.add(.badValue, "unknown aggregate '\(name)'", remedy: nearest + allowed, at: location)
            }
            return nil
        }
        let inside = text.index(after: open)..<close
        let argument = text[inside].contains { !$0.isWhitespace } ? whole.part(inside) : nil
        guard argument != nil || function == .count else {
            findings.add(
                .badValue, "\(function.rawValue)() needs an argument", remedy: "For example \(function.rawValue)(value).", at: location)
            return nil
        }
        return AggregateCall(function: Located(function, location), argument: argument)
    }

    /// The bracket that closes the one at `open`, if nothing but white space follows it. Brackets in quotes do not count.
    private static func closing(of open: String.Index, in text: String) -> String.Index? {
        var depth = 0
        var quote: Character?
        var isEscaped = false
        for index in text[open...].indices {
            let character = text[index]
            if let opened = quote {
                if character == opened, !isEscaped { quote = nil }
                isEscaped = character == "\\" && !isEscaped
                continue
            }
            switch character {
            case "\"", "'": quote = character
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                depth -= 1
                guard depth == 0 else { continue }
                return text[text.index(after: index)...].allSatisfy(\.isWhitespace) ? index : nil
            default: break
            }
        }
        return nil
    }
}
