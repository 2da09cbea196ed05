import Base
import Columns
import Stores

/// One parameter's conditions:
/// ```
/// parameter  column=condition · [not.]and=tree · [not.]or=tree
/// tree       (item,item,…)
/// item       column.condition · [not.]and tree · [not.]or tree
/// condition  [not.]operator.value
/// ```
/// The value of a parameter of its own goes to the parameter's end. Within a tree it ends before a comma or bracket, unless it
/// stands in double quotes, in which a backslash takes the next character as it is; so do the values of `in.(…)` everywhere.
struct ConditionParser {
    private static let operators = ViewQuery.Filter.Comparison.allCases.map(\.rawValue) + ["in", "like", "ilike", "is", "isdistinct"]
    /// PostgREST's others, so that who knows them is told that they are not misspelt.
    private static let foreignOperators: Set<String> = [
        "match", "imatch", "fts", "plfts", "phfts", "wfts", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj",
    ]

    private static let listForm = "Write in.(a,b), and values with commas in double quotes: in.(\"a,b\",c)."

    private let view: ViewDefinition
    private let parameter: String
    private let text: String
    private let now: EventTime
    private var rest: Substring
    /// Where the value read last begins.
    private var valueStart: String.Index
    private var isInTree = false
    private var depth = 0
    /// Conditions so far.
    private(set) var count = 0

    init(_ view: ViewDefinition, parameter: String, text: String, now: EventTime) {
        self.view = view
        self.parameter = parameter
        self.text = text
        self.now = now
        rest = text[...]
        valueStart = text.startIndex
    }

    // MARK: Trees

    /// The parameter as a tree. `name` is one of `ViewQueryParser.trees`.
    mutating func tree(named name: String) throws -> ViewQuery.Filter {
        isInTree = true
        let filter = try tree(isAny: name.hasSuffix("or"), isNegated: name.hasPrefix("not."))
        guard rest.isEmpty else {
            throw refuse("something follows the closing bracket", remedy: "One pair of brackets is around all conditions.")
        }
        return filter
    }

    private mutating func tree(isAny: Bool, isNegated: Bool) throws -> ViewQuery.Filter {
        depth += 1
        guard depth <= APILimits.conditionDepthMax else {
            throw refuse("brackets are nested \(depth) deep", remedy: "At most \(APILimits.conditionDepthMax) are.")
        }
        guard take("(") else { throw refuse("an opening bracket is missing", remedy: "Write or=(a.eq.1,b.gt.2).") }
        var parts = [try item()]
        while !take(")") {
            guard take(",") else {
                throw refuse(
                    rest.isEmpty ? "a closing bracket is missing" : "a comma or closing bracket is missing",
                    remedy: "Values with commas, brackets or quotes stand in double quotes: name.eq.\"a,b\".")
            }
            parts.append(try item())
        }
        depth -= 1
        let filter: ViewQuery.Filter = isAny ? .any(parts) : .all(parts)
        return isNegated ? .not(filter) : filter
    }

    private mutating func item() throws -> ViewQuery.Filter {
        while take(" ") {}
        for name in ViewQueryParser.trees where rest.hasPrefix(name + "(") {
            rest = rest.dropFirst(name.count)
            return try tree(isAny: name.hasSuffix("or"), isNegated: name.hasPrefix("not."))
        }
        let start = rest
        let name = rest.first == "\"" ? try quoted() : String(takeWhile { $0 != "." && $0 != "," && $0 != ")" && $0 != "(" })
        guard let index = view.type.index(flatName: name) else {
            rest = start
            throw refuse(
                name.isEmpty ? "a condition is missing" : "view '\(view.name)' has no column '\(name)'", given: name,
                allowed: view.type.columns.map(\.flatName) + ViewQueryParser.trees)
        }
        guard take(".") else {
            throw refuse("'\(name)' has no operator", remedy: "In brackets a condition is column.operator.value: \(name).eq.1.")
        }
        return try condition(on: view.type.columns[index])
    }

    // MARK: Conditions

    mutating func condition(on column: RowType.Column) throws -> ViewQuery.Filter {
        count += 1
        let start = rest
        let isNegated = rest.hasPrefix("not.")
        if isNegated { rest = rest.dropFirst(4) }
        let isInTree = isInTree
        let name = String(takeWhile { $0 != "." && (!isInTree || ($0 != "," && $0 != ")")) })
        guard Self.operators.contains(name), take(".") else {
            rest = start
            throw refuse(operatorFault(name, column), remedy: operatorRemedy(column), given: name, allowed: Self.operators + ["not"])
        }
        let filter = try filter(name, column)
        guard isInTree || rest.isEmpty else { throw refuse("something follows the list", remedy: Self.listForm) }
        return isNegated ? .not(filter) : filter
    }

    private func operatorFault(_ name: String, _ column: RowType.Column) -> String {
        let plain = String(name.prefix { $0 != "(" })
        if Self.foreignOperators.contains(plain) { return "'\(plain)' is an operator of PostgREST that views do not have" }
        if plain != name { return "'\(name)' has a modifier, which views do not have" }
        if Self.operators.contains(name) { return "'\(name)' has no value" }
        return name.isEmpty ? "an operator is missing" : "'\(name)' is no operator"
    }

    private func operatorRemedy(_ column: RowType.Column) -> String {
        isInTree
            ? "In brackets a condition is column.operator.value, for example \(column.flatName).eq.1."
            : "A condition is column=operator.value, for example \(column.flatName)=eq.1."
    }

    private mutating func filter(_ name: String, _ column: RowType.Column) throws -> ViewQuery.Filter {
        if name == "in" { return .isOneOf(column: column.flatName, try list(of: column)) }
        let text = try value()
        switch name {
        case "is": return try state(text, of: column)
        case "like", "ilike": return try pattern(text, for: column, ignoresCase: name == "ilike")
        case "isdistinct":
            return .any([.isNull(column: column.flatName), .compare(column: column.flatName, .notEqual, try parsed(text, for: column))])
        default:
            guard let comparison = ViewQuery.Filter.Comparison(rawValue: name) else { throw refuse("'\(name)' is no operator") }
            return .compare(column: column.flatName, comparison, try parsed(text, for: column))
        }
    }

    private func parsed(_ text: String, for column: RowType.Column) throws -> Value {
        if let value = FilterValue.value(text, column.type, now: now) { return value }
        if column.type == .map {
            throw refuse("'\(column.flatName)' is a map, which cannot be compared", at: valueStart, allowed: ["is.null", "is.not_null"])
        }
        throw refuse(
            "'\(text)' is no value of column '\(column.flatName)'", at: valueStart, remedy: "It takes \(FilterValue.form(column.type)).")
    }

    /// `*` is PostgREST's other name of `%`, which a URL has to encode.
    private func pattern(_ text: String, for column: RowType.Column, ignoresCase: Bool) throws -> ViewQuery.Filter {
        guard column.type == .string else {
            throw refuse(
                "column '\(column.flatName)' is of type \(column.type), and patterns are for strings", at: valueStart,
                allowed: ["eq", "in", "is"])
        }
        var like = "", isEscaped = false
        for character in text {
            like.append(character == "*" && !isEscaped ? "%" : character)
            isEscaped = character == "\\" && !isEscaped
        }
        guard let pattern = ViewQuery.Pattern(like, ignoresCase: ignoresCase) else {
            throw refuse(
                "the pattern '\(text)' ends in a lone backslash", at: valueStart,
                remedy: "A backslash takes the next character as it is: \\*, \\_, \\\\.")
        }
        return .matches(column: column.flatName, pattern)
    }

    /// `is` answers true or false of nulls too.
    private func state(_ text: String, of column: RowType.Column) throws -> ViewQuery.Filter {
        let name = column.flatName
        let isFlag = column.type == .bool || column.type == .record
        func holds(_ flag: Bool) -> ViewQuery.Filter { .all([.not(.isNull(column: name)), .compare(column: name, .equal, .bool(flag))]) }
        switch text {
        case "null": return .isNull(column: name)
        case "not_null": return .not(.isNull(column: name))
        case "true" where isFlag: return holds(true)
        case "false" where isFlag: return holds(false)
        case "unknown" where isFlag: return .isNull(column: name)
        default:
            throw refuse(
                "'\(name)' cannot be 'is.\(text)'", at: valueStart, given: text,
                allowed: ["null", "not_null"] + (isFlag ? ["true", "false", "unknown"] : []))
        }
    }

    // MARK: Values

    private mutating func value() throws -> String {
        valueStart = rest.startIndex
        guard isInTree else {
            defer { rest = rest[rest.endIndex...] }
            return String(rest)
        }
        if rest.first == "\"" { return try quoted() }
        return String(takeWhile { $0 != "," && $0 != ")" })
    }

    private mutating func list(of column: RowType.Column) throws -> [Value] {
        guard take("(") else { throw refuse("in wants a list", remedy: Self.listForm) }
        var values: [Value] = []
        if take(")") { return values }
        repeat {
            valueStart = rest.startIndex
            let text = rest.first == "\"" ? try quoted() : String(takeWhile { $0 != "," && $0 != ")" && $0 != "\"" })
            values.append(try parsed(text, for: column))
            guard values.count <= APILimits.listValuesMax else { throw refuse("the list has more than \(APILimits.listValuesMax) values") }
        } while take(",")
        guard take(")") else { throw refuse("the list does not end", remedy: Self.listForm) }
        return values
    }

    private mutating func quoted() throws -> String {
        let start = rest
        rest.removeFirst()
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\": if let escaped = rest.popFirst() { value.append(escaped) }
            default: value.append(character)
            }
        }
        rest = start
        throw refuse("a quote does not end", remedy: "A value in double quotes has \\\" for a quote of its own.")
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func takeWhile(_ isWanted: (Character) -> Bool) -> Substring {
        let taken = rest.prefix(while: isWanted)
        rest = rest[taken.endIndex...]
        return taken
    }

    /// Says where, in characters of the parameter's value: there, or as far as was understood.
    private func refuse(
        _ what: String, at index: String.Index? = nil, remedy: String? = nil, given: String? = nil, allowed: [String] = []
    ) -> APIError {
        let place = text.distance(from: text.startIndex, to: index ?? rest.startIndex) + 1
        return APIError.badParameter("\(what) (character \(place) of \(parameter)=\(text))", remedy: remedy, given: given, allowed: allowed)
    }
}
