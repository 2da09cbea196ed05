import Base
import Columns

/// Calls: macros first, then functions by name, style, number and types of arguments.
extension Checker {
    mutating func call(
        _ name: String, _ target: SyntaxNode?, _ arguments: [SyntaxNode], _ node: SyntaxNode, _ present: Set<Int>
    ) -> TypedNode {
        guard let target else { return function(name, arguments, node, present) }
        // `math.abs(x)`: a function whose name has a dot, where the row has no such field.
        if let path = target.path, Overload.named["\(path).\(name)"] != nil, row.index(of: path) == nil {
            return overloaded("\(path).\(name)", .function, arguments, node, present)
        }
        if Self.unsupportedMembers.contains(name) { return unsupported("\(name)()", node) }
        return overloaded(name, .member, [target] + arguments, node, present)
    }

    private mutating func function(
        _ name: String, _ arguments: [SyntaxNode], _ node: SyntaxNode, _ present: Set<Int>
    ) -> TypedNode {
        switch name {
        case "has":
            guard arguments.count == 1 else { return arity(name, "1 argument", arguments.count, node) }
            return has(arguments[0], node, present)
        case "or_else":
            guard arguments.count == 2 else { return arity(name, "2 arguments", arguments.count, node) }
            return orElse(arguments[0], arguments[1], node, present)
        case "now":
            guard arguments.isEmpty else { return arity(name, "no arguments", arguments.count, node) }
            return TypedNode(.clock, .value(.timestamp), node)
        default:
            if Self.unsupportedFunctions.contains(name) { return unsupported("\(name)()", node) }
            return impossibleConstant(name, arguments, node) ?? overloaded(name, .function, arguments, node, present)
        }
    }

    private mutating func overloaded(
        _ name: String, _ style: Overload.Style, _ arguments: [SyntaxNode], _ node: SyntaxNode, _ present: Set<Int>
    ) -> TypedNode {
        let named = Overload.named[name] ?? []
        let candidates = named.filter { $0.style == style }
        guard !candidates.isEmpty else {
            // The arguments may hold mistakes of their own.
            for argument in arguments { _ = check(argument, present) }
            return report(unknown(name, style, named, node), node)
        }
        let counts = Set(candidates.map(\.parameters.count))
        guard counts.contains(arguments.count) else {
            for argument in arguments { _ = check(argument, present) }
            let targets = style == .member ? 1 : 0
            let allowed = counts.sorted().map { "\($0 - targets)" }.joined(separator: " or ")
            let noun = allowed == "1" ? "argument" : "arguments"
            return arity(name, "\(allowed) \(noun)", arguments.count - targets, node)
        }
        return resolve(name, style, arguments.map { value($0, present) }, node)
    }

    // MARK: Issues

    private mutating func arity(_ name: String, _ allowed: String, _ count: Int, _ node: SyntaxNode) -> TypedNode {
        let forms = (Overload.named[name] ?? []).map(\.signature)
        return report(
            ExpressionIssue(
                .expressionArity, "\(name)() takes \(allowed), here it has \(count)",
                remedy: forms.isEmpty ? nil : "Allowed: " + forms.joined(separator: ", ") + ".", at: node.range), node)
    }

    private func unknown(_ name: String, _ style: Overload.Style, _ named: [Overload], _ node: SyntaxNode) -> ExpressionIssue {
        if let other = named.first(where: { $0.style != .symbol }) {
            return ExpressionIssue(
                .expressionUnknownFunction, "\(name)() is not called this way", remedy: "Allowed: \(other.signature).",
                at: node.focus)
        }
        let special = style == .function ? ["has", "or_else", "now"] : []
        let names = Overload.named.filter { $1.contains { $0.style == style } }.keys + special
        let nearest = nearestName(to: name, among: names.sorted()).map { "Did you mean '\($0)'? " } ?? ""
        return ExpressionIssue(
            .expressionUnknownFunction, "there is no function \(name)()",
            remedy: "\(nearest)\(style == .member ? "Functions after a dot" : "Functions"): \(names.sorted().joined(separator: ", ")).",
            at: node.focus)
    }

    /// `timestamp("yesterday")`: a literal that can be no timestamp or duration is wrong in every row.
    private mutating func impossibleConstant(_ name: String, _ arguments: [SyntaxNode], _ node: SyntaxNode) -> TypedNode? {
        guard arguments.count == 1, case .literal(.string(let text)) = arguments[0].kind else { return nil }
        let allowed: String
        switch name {
        case "timestamp" where EventTime(text) == nil: allowed = EventTime.allowedForm
        case "duration" where Array(text.utf8).withUnsafeBufferPointer(DurationText.microseconds) == nil:
            allowed = DurationText.allowedForm
        default: return nil
        }
        return report(
            ExpressionIssue(
                .expressionConstant, "'\(text)' is no \(name)", remedy: "Allowed: \(allowed).", at: arguments[0].range), node)
    }

    // MARK: CEL's that are not taken

    private static let unsupportedFunctions: Set<String> = ["dyn", "type", "uint", "matches"]

    private static let unsupportedMembers: Set<String> = [
        "all", "exists", "exists_one", "filter", "map", "matches", "getDate", "getDayOfMonth", "getDayOfWeek",
        "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds",
    ]
}
