import Base
public import Columns

/// A `ViewQuery` as SQL. Names are checked against the definition and quoted, values become parameters: no text from
/// outside gets into the statement, and queries that differ in values alone are one text, which is prepared once.
public struct QuerySQL {
    public enum Parameter: Hashable, Sendable {
        /// Not null.
        case value(Value, ValueType)
        /// An array; the type of its elements, none of which is null.
        case values([Value], ValueType)
    }

    private let query: ViewQuery
    private let view: QueriedView
    private let dialect: any QueryDialect
    public var text = ""
    public private(set) var parameters: [Parameter] = []
    /// The answer's columns.
    public private(set) var columns: [RowType.Column] = []
    /// What names mean at the place that is written: the view's columns, or around groups the answer's.
    private var scope: [String: QueriedView.Column]

    /// Throws `view.mismatch`.
    public init(_ query: ViewQuery, from view: QueriedView, in dialect: any QueryDialect) throws {
        self.query = query
        self.view = view
        self.dialect = dialect
        scope = view.columns
        columns = try query.select.map { output in
            guard let column = output.column(where: { view.described[$0] }) else {
                throw Self.mismatch("the query selects '\(output.name)', which cannot be had", view)
            }
            return column
        }
        guard !columns.isEmpty else { throw mismatch("the query selects no column") }
        if query.isAggregated { try appendGroups() } else { try appendRows() }
        dialect.appendPage(limit: Int64(max(0, query.limit)), offset: Int64(max(0, query.offset)), to: &self)
    }

    // MARK: Statements

    private mutating func appendRows() throws {
        // Without names for the answer's columns: ORDER BY would take one for the view's column of that name.
        text = "SELECT " + (try query.select.map { try column($0.source ?? $0.name).quoted }).joined(separator: ", ")
        try appendSource()
        if let values = query.after {
            text += " AND "
            try append(after: values)
        }
        try appendOrder()
    }

    /// Groups are made in a statement within. What stands around it knows their columns by number: the names that a query
    /// gives them are text from outside.
    private mutating func appendGroups() throws {
        let names = query.select.indices.map { SQLName.quoted("c\($0)") }
        let outputs = try zip(query.select, names).map { "\(try expression($0)) AS \($1)" }
        text = "SELECT \(names.joined(separator: ", ")) FROM (SELECT \(outputs.joined(separator: ", "))"
        try appendSource()
        let groups = query.select.indices.filter { query.select[$0].aggregate == nil }
        if !groups.isEmpty { text += " GROUP BY " + groups.map { String($0 + 1) }.joined(separator: ", ") }
        text += ") AS \"groups\""
        scope = [:]
        for (index, output) in query.select.enumerated() {
            let type = columns[index].type
            let bound = output.aggregate.map { dialect.boundType(of: $0, type) } ?? type
            scope[output.name] = QueriedView.Column(type: bound, quoted: names[index], name: nil)
        }
        if let values = query.after {
            text += " WHERE "
            try append(after: values)
        }
        try appendOrder()
    }

    private mutating func appendSource() throws {
        text += " FROM \(dialect.table(of: view.definition)) WHERE "
        if let visible = dialect.visible(in: view.definition) { text += visible + " AND " }
        try append(query.filter)
    }

    private func expression(_ output: ViewQuery.Output) throws -> String {
        guard let source = output.source else { return "count(*)" }
        let column = try column(source)
        switch output.aggregate {
        case nil: return column.quoted
        case .count: return "count(\(column.quoted))"
        case .min: return "min(\(column.quoted))"
        case .max: return "max(\(column.quoted))"
        case .sum: return dialect.expression(.sum, of: column.type, column.quoted)
        case .avg: return dialect.expression(.avg, of: column.type, column.quoted)
        }
    }

    /// Where nulls go is said only where one can be: an index is then read in its order, either way, instead of sorting.
    private mutating func appendOrder() throws {
        let terms = try query.totalOrder.map { term in
            try column(term.column).quoted + (term.isDescending ? " DESC" : "")
                + (mayBeNull(term.column) ? " NULLS \(term.nullsFirst ? "FIRST" : "LAST")" : "")
        }
        if !terms.isEmpty { text += " ORDER BY " + terms.joined(separator: ", ") }
    }

    private func mayBeNull(_ name: String) -> Bool { query.isAggregated || view.nullable.contains(name) }

    // MARK: Conditions

    private func mismatch(_ message: String) -> EngineError { Self.mismatch(message, view) }

    private static func mismatch(_ message: String, _ view: QueriedView) -> EngineError {
        EngineError(.viewMismatch, .internal, "\(message) (view '\(view.definition.name)')")
    }

    private func column(_ name: String) throws -> QueriedView.Column {
        guard let column = scope[name] else { throw mismatch("the query names '\(name)', which is no column") }
        return column
    }

    /// Writes a parameter that the column is compared with.
    public mutating func bind(_ value: Value, to column: QueriedView.Column) throws {
        bind(.value(try comparable(value, with: column), column.type))
    }

    /// The same with an array.
    public mutating func bind(_ values: [Value], to column: QueriedView.Column) throws {
        bind(.values(try values.map { try comparable($0, with: column) }, column.type))
    }

    private func comparable(_ value: Value, with column: QueriedView.Column) throws -> Value {
        if case .duration(let span) = value, column.type == .int { return .int(span.microseconds) }
        guard value != .null, value.fits(column.type) else {
            throw mismatch("\(column.quoted) is of type \(column.type), it was asked for \(value)")
        }
        return column.name.map { dialect.stored(value, in: $0) } ?? value
    }

    /// Writes a parameter that is a text, of whatever use.
    public mutating func bind(_ text: String) { bind(.value(.string(text), .string)) }

    public mutating func bind(_ number: Int64) { bind(.value(.int(number), .int)) }

    private mutating func bind(_ parameter: Parameter) {
        parameters.append(parameter)
        text += dialect.placeholder(parameters.count)
    }

    public mutating func append(_ condition: ViewQuery.Filter) throws {
        switch condition {
        case .compare(let name, let comparison, let value):
            let column = try column(name)
            text += "\(column.quoted) \(Self.symbol(comparison)) "
            try bind(value, to: column)
        case .isNull(let name):
            text += try column(name).quoted + " IS NULL"
        case .isOneOf(let name, let values): try dialect.append(try column(name), isOneOf: values, to: &self)
        case .matches(let name, let pattern): try append(pattern, on: name)
        case .not(let inner):
            text += "NOT ("
            try append(inner)
            text += ")"
        case .all(let parts): try append(parts, joinedBy: " AND ", empty: dialect.always)
        case .any(let parts): try append(parts, joinedBy: " OR ", empty: dialect.never)
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

    /// With bounds around what begins as the pattern does, which an index can look up. Not where that has a U+0000: a store
    /// that holds another character for it has the text elsewhere in the order.
    private mutating func append(_ pattern: ViewQuery.Pattern, on name: String) throws {
        let column = try column(name)
        guard column.type == .string else { throw mismatch("'\(name)' is of type \(column.type), and was compared with a pattern") }
        let prefix = pattern.prefix
        text += "("
        if !prefix.isEmpty, !prefix.utf8.contains(0) {
            try append(.compare(column: name, .greaterOrEqual, .string(prefix)))
            text += " AND "
            if let end = prefix.successor {
                try append(.compare(column: name, .less, .string(end)))
                text += " AND "
            }
        }
        dialect.append(column, matches: pattern, to: &self)
        text += ")"
    }

    /// As one comparison of rows where all columns go the same way and none is null: an index is then entered right
    /// there. Else as alternatives, with a bound on the first column for the same reason.
    private mutating func append(after values: [Value]) throws {
        let order = query.totalOrder
        guard values.count == order.count else { throw mismatch("the query goes on after \(values.count) values of \(order.count)") }
        guard let first = order.first, let value = values.first else {
            text += dialect.never
            return
        }
        let isPlain = zip(order, values).allSatisfy {
            $0.isDescending == first.isDescending && $1 != .null && !mayBeNull($0.column)
        }
        guard isPlain else {
            var filter = ViewQuery.Filter.after(values, in: order)
            if value != .null, first.nullsFirst {
                filter = .all([.compare(column: first.column, first.isDescending ? .lessOrEqual : .greaterOrEqual, value), filter])
            }
            return try append(filter)
        }
        let names = try order.map { try column($0.column).quoted }
        text += "(\(names.joined(separator: ", "))) \(first.isDescending ? "<" : ">") ("
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
