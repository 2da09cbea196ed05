import Base
import Columns
import Stores

/// A `ViewQuery` as SQL. Names are checked against the definition and quoted, values become parameters: no text from
/// outside gets into the statement.
///
/// Filters are three-valued, as in SQL: a comparison with a null is neither true nor false, and neither is its `not`.
struct QuerySQL {
    private let view: PreparedView
    private var sql = ""
    private var parameters: [Value] = []

    static func select(_ query: ViewQuery, from view: PreparedView) throws -> (sql: String, parameters: [Value]) {
        var text = QuerySQL(view: view)
        for name in query.select { _ = try text.column(name) }
        guard !query.select.isEmpty else { throw text.mismatch("the query selects no column") }
        text.sql = "SELECT \(ViewSQL.list(query.select)) FROM \(ViewSQL.quoted(view.definition.name)) WHERE "
        try text.append(query.filter)
        try text.append(query.order)
        text.sql += " LIMIT ? OFFSET ?"
        text.parameters += [.int(Int64(max(0, query.limit))), .int(Int64(max(0, query.offset)))]
        return (text.sql, text.parameters)
    }

    private init(view: PreparedView) { self.view = view }

    private func mismatch(_ message: String) -> EngineError {
        EngineError(.viewMismatch, .internal, "\(message) (view '\(view.definition.name)')")
    }

    private func column(_ name: String) throws -> RowType.Column {
        guard let column = view.columns[name] else { throw mismatch("the query names '\(name)', which is no column") }
        return column
    }

    private mutating func bind(_ value: Value, to column: RowType.Column) throws {
        guard value.fits(column.type) else { throw mismatch("'\(column.flatName)' is of type \(column.type), it was asked for \(value)") }
        sql += "?"
        parameters.append(value)
    }

    private mutating func append(_ filter: ViewQuery.Filter) throws {
        switch filter {
        case .compare(let name, let comparison, let value):
            let column = try column(name)
            sql += "\(ViewSQL.quoted(name)) \(Self.symbol(comparison)) "
            try bind(value, to: column)
        case .isNull(let name):
            _ = try column(name)
            sql += "\(ViewSQL.quoted(name)) IS NULL"
        case .isOneOf(let name, let values):
            let column = try column(name)
            sql += "\(ViewSQL.quoted(name)) IN ("
            for (index, value) in values.enumerated() {
                if index > 0 { sql += ", " }
                try bind(value, to: column)
            }
            sql += ")"
        case .not(let inner):
            sql += "NOT ("
            try append(inner)
            sql += ")"
        case .all(let parts): try append(parts, joinedBy: " AND ", empty: "1")
        case .any(let parts): try append(parts, joinedBy: " OR ", empty: "0")
        }
    }

    private mutating func append(_ parts: [ViewQuery.Filter], joinedBy word: String, empty: String) throws {
        guard !parts.isEmpty else {
            sql += empty
            return
        }
        sql += "("
        for (index, part) in parts.enumerated() {
            if index > 0 { sql += word }
            try append(part)
        }
        sql += ")"
    }

    /// The order asked for, then the key's columns that it does not name.
    private mutating func append(_ order: [ViewQuery.Order]) throws {
        var terms: [String] = []
        for term in order {
            _ = try column(term.column)
            terms.append(
                "\(ViewSQL.quoted(term.column)) \(term.isDescending ? "DESC" : "ASC") NULLS \(term.nullsFirst ? "FIRST" : "LAST")")
        }
        for name in view.definition.key where !order.contains(where: { $0.column == name }) {
            // Without NULLS LAST where no null can be, so that SQLite reads in the key's order instead of sorting.
            terms.append(ViewSQL.quoted(name) + (view.nullableKey.contains(name) ? " ASC NULLS LAST" : ""))
        }
        sql += " ORDER BY " + terms.joined(separator: ", ")
    }

    private static func symbol(_ comparison: ViewQuery.Filter.Comparison) -> String {
        switch comparison {
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }
}
