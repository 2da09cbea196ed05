import Columns
import Stores

/// How queries are said to SQLite.
struct SQLiteDialect: QueryDialect {
    var always: String { "1" }
    var never: String { "0" }

    func table(of view: ViewDefinition) -> String { SQLName.quoted(view.name) }

    func placeholder(_ number: Int) -> String { "?" }

    func expression(_ aggregate: ViewQuery.Aggregate, of type: ValueType, _ name: String) -> String {
        switch (aggregate, type) {
        case (_, .double): "\(aggregate.rawValue)(\(name))"
        case (.sum, _): "\(SQLFunctions.sumName)(\(name))"
        case (_, .duration): "\(SQLFunctions.wholeMeanName)(\(name))"
        default: "\(SQLFunctions.meanName)(\(name))"
        }
    }

    func append(_ column: QueriedView.Column, isOneOf values: [Value], to sql: inout QuerySQL) throws {
        sql.text += column.quoted + " IN ("
        for (index, value) in values.enumerated() {
            if index > 0 { sql.text += ", " }
            try sql.bind(value, to: column)
        }
        sql.text += ")"
    }

    func append(_ column: QueriedView.Column, matches pattern: ViewQuery.Pattern, to sql: inout QuerySQL) {
        sql.text += "\(pattern.ignoresCase ? SQLFunctions.likeFoldedName : SQLFunctions.likeName)(\(column.quoted), "
        sql.bind(pattern.text)
        sql.text += ")"
    }

    func appendPage(limit: Int64, offset: Int64, to sql: inout QuerySQL) {
        sql.text += " LIMIT "
        sql.bind(limit)
        sql.text += " OFFSET "
        sql.bind(offset)
    }
}
