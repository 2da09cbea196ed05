import Base
import Columns
import Stores

/// A `ViewQuery` as SQL. Names are checked against the definition and quoted, values become parameters: no text from
/// outside gets into the statement, and queries that differ in values alone are one text, which is prepared once.
struct QuerySQL {
    private let query: ViewQuery
    private let view: PreparedView
    private(set) var text = ""
    private(set) var parameters: [Value] = []
    /// The answer's columns.
    private(set) var columns: [RowType.Column] = []
    /// What names mean at the place that is written: the view's columns, or around groups the answer's.
    private var scope: [String: RowType.Column]

    init(_ query: ViewQuery, from view: PreparedView) throws {
        self.query = query
        self.view = view
        scope = view.columns
        columns = try query.select.map { output in
            guard let column = output.column(where: { view.columns[$0] }) else {
                throw Self.mismatch("the query selects '\(output.name)', which cannot be had", view)
            }
            return column
        }
        guard !columns.isEmpty else { throw mismatch("the query selects no column") }
        if query.isAggregated { try appendGroups() } else { try appendRows() }
        text += " LIMIT ? OFFSET ?"
        parameters += [.int(Int64(max(0, query.limit))), .int(Int64(max(0, query.offset)))]
    }

    // MARK: Statements

    private mutating func appendRows() throws {
        // Without names for the answer's columns: ORDER BY would take one for the view's column of that name.
        let sources = query.select.map { ViewSQL.quoted($0.source ?? $0.name) }
        text = "SELECT \(sources.joined(separator: ", ")) FROM \(ViewSQL.quoted(view.definition.name)) WHERE "
        try append(query.filter)
        if let values = query.after {
            text += " AND "
            try append(after: values)
        }
        try appendOrder()
    }

    /// Groups are made in a statement within: what stands around it has their columns by the answer's names.
    private mutating func appendGroups() throws {
        let outputs = query.select.map { "\(Self.expression($0, of: view)) AS \(ViewSQL.quoted($0.name))" }
        text = "SELECT \(ViewSQL.list(query.select.map(\.name))) FROM (SELECT \(outputs.joined(separator: ", "))"
        text += " FROM \(ViewSQL.quoted(view.definition.name)) WHERE "
        try append(query.filter)
        let groups = query.select.indices.filter { query.select[$0].aggregate == nil }
        // By place, because a name might be both a column of the view and one of the answer.
        if !groups.isEmpty { text += " GROUP BY " + groups.map { String($0 + 1) }.joined(separator: ", ") }
        text += ")"
        scope = Dictionary(zip(query.select.map(\.name), columns)) { first, _ in first }
        if let values = query.after {
            text += " WHERE "
            try append(after: values)
        }
        try appendOrder()
    }

    private static func expression(_ output: ViewQuery.Output, of view: PreparedView) -> String {
        guard let aggregate = output.aggregate else { return ViewSQL.quoted(output.source ?? output.name) }
        guard let source = output.source else { return "count(*)" }
        let isDouble = view.columns[source]?.type == .double
        let function =
            switch aggregate {
            case .count: "count"
            case .min: "min"
            case .max: "max"
            case .sum: isDouble ? "sum" : SQLFunctions.sumName
            case .avg: isDouble ? "avg" : view.columns[source]?.type == .duration ? SQLFunctions.wholeMeanName : SQLFunctions.meanName
            }
        return "\(function)(\(ViewSQL.quoted(source)))"
    }

    /// NULLS LAST only where a null can be, so that SQLite reads in the key's order instead of sorting.
    private mutating func appendOrder() throws {
        let terms = try query.totalOrder.map { term in
            let mayBeNull = try mayBeNull(term.column)
            let isDefault = !term.isDescending && !term.nullsFirst && !mayBeNull
            return ViewSQL.quoted(term.column)
                + (isDefault ? "" : " \(term.isDescending ? "DESC" : "ASC") NULLS \(term.nullsFirst ? "FIRST" : "LAST")")
        }
        if !terms.isEmpty { text += " ORDER BY " + terms.joined(separator: ", ") }
    }

    private func mayBeNull(_ name: String) throws -> Bool {
        _ = try column(name)
        return query.isAggregated || view.nullable.contains(name)
    }

    // MARK: Conditions

    private func mismatch(_ message: String) -> EngineError { Self.mismatch(message, view) }

    private static func mismatch(_ message: String, _ view: PreparedView) -> EngineError {
        EngineError(.viewMismatch, .internal, "\(message) (view '\(view.definition.name)')")
    }

    private func column(_ name: String) throws -> RowType.Column {
        guard let column = scope[name] else { throw mismatch("the query names '\(name)', which is no column") }
        return column
    }

    private mutating func bind(_ value: Value, to column: RowType.Column) throws {
        guard value.fits(column.type) else { throw mismatch("'\(column.flatName)' is of type \(column.type), it was asked for \(value)") }
        text += "?"
        parameters.append(value)
    }

    private mutating func append(_ filter: ViewQuery.Filter) throws {
        switch filter {
        case .compare(let name, let comparison, let value):
            let column = try column(name)
            text += "\(ViewSQL.quoted(name)) \(Self.symbol(comparison)) "
            try bind(value, to: column)
        case .isNull(let name):
            _ = try column(name)
            text += "\(ViewSQL.quoted(name)) IS NULL"
        case .isOneOf(let name, let values):
            let column = try column(name)
            text += "\(ViewSQL.quoted(name)) IN ("
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                try bind(value, to: column)
            }
            text += ")"
        case .matches(let name, let pattern): try append(pattern, on: name)
        case .not(let inner):
            text += "NOT ("
            try append(inner)
            text += ")"
        case .all(let parts): try append(parts, joinedBy: " AND ", empty: "1")
        case .any(let parts): try append(parts, joinedBy: " OR ", empty: "0")
        }
    }

    private mutating func append(_ parts: [ViewQuery.Filter], joinedBy word: String, empty: String) throws {
        guard !parts.isEmpty else {
            text += empty
            return
        }
        text += "("
        for (index, part) in parts.enumerated() {
            if index > 0 { text += word }
            try append(part)
        }
        text += ")"
    }

    /// With bounds around what begins as the pattern does, which an index can look up.
    private mutating func append(_ pattern: ViewQuery.Pattern, on name: String) throws {
        let column = try column(name)
        guard column.type == .string else { throw mismatch("'\(name)' is of type \(column.type), and was compared with a pattern") }
        let prefix = pattern.prefix
        text += "("
        if !prefix.isEmpty {
            try append(.compare(column: name, .greaterOrEqual, .string(prefix)))
            text += " AND "
            if let end = prefix.successor {
                try append(.compare(column: name, .less, .string(end)))
                text += " AND "
            }
        }
        text += "\(pattern.ignoresCase ? SQLFunctions.likeFoldedName : SQLFunctions.likeName)(\(ViewSQL.quoted(name)), "
        try bind(.string(pattern.text), to: column)
        text += "))"
    }

    /// As one comparison of rows where all columns go the same way and none is null: an index is then entered right
    /// there. Else as alternatives, with a bound on the first column for the same reason.
    private mutating func append(after values: [Value]) throws {
        let order = query.totalOrder
        guard values.count == order.count else { throw mismatch("the query goes on after \(values.count) values of \(order.count)") }
        guard let first = order.first, let value = values.first else {
            text += "0"
            return
        }
        let isPlain = try zip(order, values).allSatisfy {
            let mayBeNull = try mayBeNull($0.column)
            return $0.isDescending == first.isDescending && $1 != .null && !mayBeNull
        }
        guard isPlain else {
            var filter = ViewQuery.Filter.after(values, in: order)
            if value != .null, first.nullsFirst {
                filter = .all([.compare(column: first.column, first.isDescending ? .lessOrEqual : .greaterOrEqual, value), filter])
            }
            return try append(filter)
        }
        text += "(\(ViewSQL.list(order.map(\.column)))) \(first.isDescending ? "<" : ">") ("
        for (index, (term, value)) in zip(order, values).enumerated() {
            if index > 0 { text += ", " }
            try bind(value, to: try column(term.column))
        }
        text += ")"
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

extension String {
    /// The least text that is greater than all that begin with this one; nil where there is none. Bytes of UTF-8 are
    /// ordered as the scalars they encode.
    fileprivate var successor: String? {
        var scalars = Array(unicodeScalars)
        while let last = scalars.popLast() {
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
            if let scalar = Unicode.Scalar(next) {
                scalars.append(scalar)
                var text = ""
                text.unicodeScalars.append(contentsOf: scalars)
                return text
            }
        }
        return nil
    }
}
