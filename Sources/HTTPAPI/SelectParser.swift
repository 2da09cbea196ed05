import Base
import Columns
import Stores

/// The columns of an answer: `select=team,total:usd_per_hour.sum(),count()`.
struct SelectParser {
    private let view: ViewDefinition
    private let names: [String]

    init(_ view: ViewDefinition) {
        self.view = view
        names = view.type.columns.map(\.flatName)
    }

    func parse(_ text: String?) throws -> [ViewQuery.Output] {
        let outputs = try (text ?? "*").split(separator: ",", omittingEmptySubsequences: false).flatMap { item in
            item == "*" ? names.map { ViewQuery.Output($0) } : [try output(item)]
        }
        guard outputs.count <= APILimits.outputsMax else {
            throw APIError.badParameter("select names \(outputs.count) columns", remedy: "It names at most \(APILimits.outputsMax).")
        }
        var seen: Set<String> = []
        for output in outputs where !seen.insert(output.name).inserted {
            throw APIError.badParameter(
                "select is '\(text ?? "*")', and makes two columns '\(output.name)'",
                remedy: "Name each column once, or give one another name: other:\(Self.text(of: output)).")
        }
        if outputs.contains(where: { $0.aggregate != nil }) { try checkGroups(outputs) }
        return outputs
    }

    private static func text(of output: ViewQuery.Output) -> String {
        let call = output.aggregate.map { "\($0.rawValue)()" }
        return [output.source, call].compactMap { $0 }.joined(separator: ".")
    }

    private func checkGroups(_ outputs: [ViewQuery.Output]) throws {
        for output in outputs where output.aggregate == nil && output.column(of: view)?.type == .map {
            throw APIError.badParameter(
                "column '\(output.name)' is a map, which makes no groups", remedy: "Beside aggregates select columns of other types.")
        }
    }

    private func output(_ item: Substring) throws -> ViewQuery.Output {
        try refuseForeign(item)
        let halves = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let alias = halves.count > 1 ? try self.alias(halves[0], in: item) : nil
        guard let call = halves[halves.count - 1].trimmingSuffix("()") else {
            let name = String(halves[halves.count - 1])
            return ViewQuery.Output(alias ?? name, source: try column(name).flatName)
        }
        let parts = call.split(separator: ".", omittingEmptySubsequences: false)
        let function = String(parts[parts.count - 1])
        guard let aggregate = ViewQuery.Aggregate(rawValue: function) else {
            throw APIError.badParameter(
                "'\(item)' calls '\(function)', which is no aggregate", given: function,
                allowed: ViewQuery.Aggregate.allCases.map { "\($0.rawValue)()" })
        }
        guard parts.count > 1 else {
            guard aggregate == .count else {
                throw APIError.badParameter("'\(item)' names no column", remedy: "Write column.\(function)(); count() alone counts rows.")
            }
            return ViewQuery.Output(alias ?? function, source: nil, aggregate: aggregate)
        }
        let source = try column(parts.dropLast().joined(separator: "."))
        guard aggregate.type(of: source.type) != nil else { throw unsuitable(aggregate, source) }
        return ViewQuery.Output(alias ?? function, source: source.flatName, aggregate: aggregate)
    }

    private func unsuitable(_ aggregate: ViewQuery.Aggregate, _ column: RowType.Column) -> APIError {
        let suitable = ViewQuery.Aggregate.allCases.filter { $0.type(of: column.type) != nil }
        return APIError.badParameter(
            "column '\(column.flatName)' is of type \(column.type), of which there is no \(aggregate.rawValue)()",
            allowed: suitable.map { "\(column.flatName).\($0.rawValue)()" })
    }

    private func column(_ name: String) throws -> RowType.Column {
        if let index = names.firstIndex(of: name) { return view.type.columns[index] }
        throw APIError.badParameter("view '\(view.name)' has no column '\(name)'", given: name, allowed: names)
    }

    private func alias(_ name: Substring, in item: Substring) throws -> String {
        let isName = name.utf8.first.map { !(48...57).contains($0) } ?? false
            && name.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == 95 }
        guard isName else {
            throw APIError.badParameter(
                "'\(item)' calls a column '\(name)'", remedy: "Names have letters, digits and '_', and no digit first: total:mean.sum().")
        }
        return String(name)
    }

    /// What PostgREST has and views have not.
    private func refuseForeign(_ item: Substring) throws {
        let name = item.prefix { $0 != ":" && $0 != "-" && $0 != "(" && $0 != "!" }
        if item.contains("::") {
            throw APIError.badParameter("'\(item)' is a cast, which views do not have", remedy: "Select '\(name)' as it is.")
        }
        if item.contains("->") {
            throw APIError.badParameter("'\(item)' looks into JSON, which views do not have", remedy: "Select '\(name)' as a whole.")
        }
        let isCall = item.hasSuffix("()") && !item.dropLast(2).contains("(")
        if item.hasPrefix("...") || item.contains("!") || (item.contains("(") && !isCall) {
            throw APIError.badParameter(
                "'\(item)' embeds another table, which views do not have",
                remedy: "Select columns of '\(view.name)', and aggregates such as count(); join in the topology.")
        }
    }
}

extension Substring {
    /// Nil where the text does not end so.
    fileprivate func trimmingSuffix(_ suffix: String) -> Substring? { hasSuffix(suffix) ? dropLast(suffix.count) : nil }
}
