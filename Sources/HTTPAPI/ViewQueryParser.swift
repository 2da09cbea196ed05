import Base
import Columns
import Stores

/// A view's query from a request's parameters, after PostgREST:
/// ```
/// column=op.value      op: eq neq gt gte lt lte · in.(a,b,"c, d") · is.null is.not_null is.true is.false; not. before any
/// select=a,b           the columns wanted, in that order
/// order=a.desc.nullslast,b
/// limit=100&offset=200
/// ```
/// Conditions are joined by "and"; a column may have several. Names are checked against the view and values read as the
/// column's type, so that nothing reaches a store that its definition does not know.
struct ViewQueryParser {
    private static let reserved = ["select", "order", "limit", "offset"]

    private let view: ViewDefinition
    private let names: [String]

    init(_ view: ViewDefinition) {
        self.view = view
        names = view.type.columns.map(\.flatName)
    }

    func parse(_ parameters: QueryParameters) throws -> ViewQuery {
        let conditions = parameters.pairs.filter { !Self.reserved.contains($0.name) }
        guard conditions.count <= APILimits.conditionsMax else {
            throw APIError.badParameter(
                "the query has \(conditions.count) conditions", remedy: "A query has at most \(APILimits.conditionsMax).")
        }
        return ViewQuery(
            view: view, select: try select(try parameters.single("select")),
            filter: .all(try conditions.map { try condition($0.value, on: try column($0.name, orParameter: true)) }),
            order: try order(try parameters.single("order")),
            limit: try parameters.integer("limit", in: 0...APILimits.rowsMax, default: APILimits.rowsDefault),
            offset: try parameters.integer("offset", in: 0...APILimits.rowOffsetMax, default: 0))
    }

    private func column(_ name: String, orParameter: Bool = false) throws -> RowType.Column {
        if let index = names.firstIndex(of: name) { return view.type.columns[index] }
        throw APIError.badParameter(
            "view '\(view.name)' has no column '\(name)'", given: name, allowed: names + (orParameter ? Self.reserved : []))
    }

    // MARK: Columns and order

    private func select(_ text: String?) throws -> [String] {
        guard let text, text != "*" else { return names }
        let selected = try text.split(separator: ",", omittingEmptySubsequences: false).map { try column(String($0)).flatName }
        guard Set(selected).count == selected.count else {
            throw APIError.badParameter("select is '\(text)', with a column twice", remedy: "Name each column once.")
        }
        return selected
    }

    private func order(_ text: String?) throws -> [ViewQuery.Order] {
        guard let text else { return [] }
        let terms = text.split(separator: ",", omittingEmptySubsequences: false)
        guard terms.count <= APILimits.orderColumnsMax else {
            throw APIError.badParameter("order names \(terms.count) columns", remedy: "It names at most \(APILimits.orderColumnsMax).")
        }
        return try terms.map(orderTerm)
    }

    /// A column's name may have points, so the modifiers are taken from the end.
    private func orderTerm(_ term: Substring) throws -> ViewQuery.Order {
        var parts = term.split(separator: ".", omittingEmptySubsequences: false)
        var nullsFirst: Bool?, isDescending = false
        if let last = parts.last, parts.count > 1, last == "nullsfirst" || last == "nullslast" {
            nullsFirst = last == "nullsfirst"
            parts.removeLast()
        }
        if let last = parts.last, parts.count > 1, last == "asc" || last == "desc" {
            isDescending = last == "desc"
            parts.removeLast()
        }
        let name = parts.joined(separator: ".")
        guard names.contains(name) else {
            if parts.count > 1, names.contains(String(parts[0])) {
                throw APIError.badParameter(
                    "order is '\(term)'", remedy: "After a column come asc or desc, then nullsfirst or nullslast.",
                    given: String(parts[1]), allowed: ["asc", "desc", "nullsfirst", "nullslast"])
            }
            throw APIError.badParameter("view '\(view.name)' has no column '\(name)' to order by", given: name, allowed: names)
        }
        return ViewQuery.Order(column: name, isDescending: isDescending, nullsFirst: nullsFirst ?? isDescending)
    }

    // MARK: Conditions

    private static let operators = ViewQuery.Filter.Comparison.allCases.map(\.rawValue) + ["in", "is"]

    private func condition(_ text: String, on column: RowType.Column) throws -> ViewQuery.Filter {
        var rest = text[...]
        let isNegated = rest.hasPrefix("not.")
        if isNegated { rest = rest.dropFirst(4) }
        let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard parts.count == 2, Self.operators.contains(name) else {
            throw APIError.badParameter(
                "'\(column.flatName)=\(text)' is no condition",
                remedy: "A condition is column=operator.value, for example \(column.flatName)=eq.1.",
                given: name, allowed: Self.operators + ["not"])
        }
        let filter = try filter(name, String(parts[1]), column)
        return isNegated ? .not(filter) : filter
    }

    private func filter(_ name: String, _ text: String, _ column: RowType.Column) throws -> ViewQuery.Filter {
        if let comparison = ViewQuery.Filter.Comparison(rawValue: name) {
            return .compare(column: column.flatName, comparison, try FilterValue.parse(text, for: column))
        }
        if name == "in" {
            return .isOneOf(column: column.flatName, try FilterList.split(text, column).map { try FilterValue.parse($0, for: column) })
        }
        switch text {
        case "null": return .isNull(column: column.flatName)
        case "not_null": return .not(.isNull(column: column.flatName))
        case "true" where column.type == .bool || column.type == .record: return .compare(column: column.flatName, .equal, .bool(true))
        case "false" where column.type == .bool || column.type == .record: return .compare(column: column.flatName, .equal, .bool(false))
        default:
            let allowed = ["null", "not_null"] + (column.type == .bool ? ["true", "false"] : [])
            throw APIError.badParameter("'\(column.flatName)=is.\(text)' is no condition", given: text, allowed: allowed)
        }
    }
}
