import Base
import Columns
import Stores

/// A view's query from a request's parameters, after PostgREST. <doc:Queries> has the whole of it.
///
/// Names are checked against the view and values read as the column's type, so that nothing reaches a store that its
/// definition does not know.
struct ViewQueryParser {
    static let reserved = ["select", "order", "limit", "offset", "cursor"]
    static let trees = ["and", "or", "not.and", "not.or"]

    private let view: ViewDefinition
    private let names: [String]
    /// What `now` means: the clock at the request.
    private let now: EventTime

    init(_ view: ViewDefinition, now: EventTime) {
        self.view = view
        self.now = now
        names = view.type.columns.map(\.flatName)
    }

    /// The query, and what its pages go on by.
    func parse(_ parameters: QueryParameters) throws -> (query: ViewQuery, pages: PageScope) {
        let select = try SelectParser(view).parse(try parameters.single("select"))
        var query = ViewQuery(
            view: view, select: select, filter: .all([]), order: [],
            limit: try parameters.integer("limit", in: 0...APILimits.rowsMax, default: APILimits.rowsDefault),
            offset: try parameters.integer("offset", in: 0...APILimits.rowOffsetMax, default: 0))
        query.order = try order(try parameters.single("order"), query)
        let conditions = parameters.pairs.filter { !Self.reserved.contains($0.name) }
        var pages = PageScope(query, conditions: conditions, now: now)
        if let text = try parameters.single("cursor") {
            guard try parameters.single("offset") == nil else {
                throw APIError.badParameter(
                    "the query has both a cursor and an offset", remedy: "A cursor says where to go on; leave offset out.")
            }
            // The first page's clock holds for all of them.
            (pages.now, query.after) = try pages.read(text, of: query)
        }
        query.filter = try filter(conditions, now: pages.now)
        return (query, pages)
    }

    private func filter(_ conditions: [(name: String, value: String)], now: EventTime) throws -> ViewQuery.Filter {
        var count = 0
        let filters = try conditions.map { name, value in
            var parser = ConditionParser(view, parameter: name, text: value, now: now)
            let filter = Self.trees.contains(name) ? try parser.tree(named: name) : try parser.condition(on: try column(name))
            count += parser.count
            return filter
        }
        guard count <= APILimits.conditionsMax else {
            throw APIError.badParameter("the query has \(count) conditions", remedy: "A query has at most \(APILimits.conditionsMax).")
        }
        return .all(filters)
    }

    private func column(_ name: String) throws -> RowType.Column {
        if let index = view.type.index(flatName: name) { return view.type.columns[index] }
        throw APIError.badParameter(
            "view '\(view.name)' has no column '\(name)'", given: name, allowed: names + Self.reserved + Self.trees)
    }

    // MARK: Order

    private func order(_ text: String?, _ query: ViewQuery) throws -> [ViewQuery.Order] {
        guard let text else { return [] }
        let terms = text.split(separator: ",", omittingEmptySubsequences: false)
        guard terms.count <= APILimits.orderColumnsMax else {
            throw APIError.badParameter("order names \(terms.count) columns", remedy: "It names at most \(APILimits.orderColumnsMax).")
        }
        return try terms.map { try orderTerm($0, query) }
    }

    /// A column's name may have points, so the modifiers are taken from the end.
    private func orderTerm(_ term: Substring, _ query: ViewQuery) throws -> ViewQuery.Order {
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
        let known = query.isAggregated ? query.select.map(\.name) : names
        let name = orderedName(parts.joined(separator: "."), query)
        guard let column = query.orderedColumn(name) else {
            if parts.count > 1, known.contains(String(parts[0])) {
                throw APIError.badParameter(
                    "order is '\(term)'", remedy: "After a column come asc or desc, then nullsfirst or nullslast.",
                    given: String(parts[1]), allowed: ["asc", "desc", "nullsfirst", "nullslast"])
            }
            throw APIError.badParameter(
                query.isAggregated
                    ? "the answer has no column '\(name)' to order by, and of groups there is nothing else"
                    : "view '\(view.name)' has no column '\(name)' to order by",
                given: name, allowed: known)
        }
        guard column.type != .map else {
            throw APIError.badParameter("column '\(name)' is a map, which has no order", remedy: "Order by another column.")
        }
        return ViewQuery.Order(column: name, isDescending: isDescending, nullsFirst: nullsFirst ?? isDescending)
    }

    /// The view's column behind a name that only `select` gives.
    private func orderedName(_ name: String, _ query: ViewQuery) -> String {
        guard !query.isAggregated, !names.contains(name) else { return name }
        return query.select.first { $0.name == name }?.source ?? name
    }
}
