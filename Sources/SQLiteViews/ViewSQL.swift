import Base
import Columns
import Stores

/// The SQL text of a view's statements. Values are bound, never written into the text; names are quoted.
enum ViewSQL {
    static let eventTimeColumn = SQLName.eventTimeColumn

    static func quoted(_ name: String) -> String { SQLName.quoted(name) }

    static func type(_ type: ValueType) -> String {
        switch type {
        case .bool, .int, .timestamp, .duration, .record: "INTEGER"
        case .double: "REAL"
        case .string, .map: "TEXT"
        case .bytes: "BLOB"
        }
    }

    static func isKeyNullable(_ name: String, of view: ViewDefinition) -> Bool {
        view.type.index(flatName: name).map { view.isStoredNullable(at: $0) } ?? false
    }

    /// A table with row ids, and the key as a unique index, not `WITHOUT ROWID`: rows then lie in the order they came,
    /// so that the rows a projector writes (all keys of the current window, in any order) share few pages, and of the
    /// random places a key leads to only the narrow index is touched. Measured with 12 columns: 2.4 times the upserts.
    static func createTable(_ view: ViewDefinition) -> String {
        var lines = view.type.columns.map { "\(quoted($0.flatName)) \(type($0.type))" }
        lines.append("\(quoted(eventTimeColumn)) INTEGER NOT NULL")
        return "CREATE TABLE \(quoted(view.name)) (\(lines.joined(separator: ", "))) STRICT"
    }

    static func createKeyIndex(_ view: ViewDefinition) -> String {
        "CREATE UNIQUE INDEX \(quoted("_pioneer_key_" + view.name)) ON \(quoted(view.name)) (\(keyTarget(view)))"
    }

    static func createIndex(_ name: String, of columns: [String], in view: ViewDefinition) -> String {
        "CREATE INDEX \(quoted(name)) ON \(quoted(view.name)) (\(list(columns)))"
    }

    static func createKeepIndex(_ view: ViewDefinition) -> String {
        "CREATE INDEX \(quoted("_pioneer_keep_" + view.name)) ON \(quoted(view.name)) (\(quoted(eventTimeColumn)))"
    }

    static func dropKeepIndex(_ view: ViewDefinition) -> String { "DROP INDEX \(quoted("_pioneer_keep_" + view.name))" }

    static func addColumn(_ column: RowType.Column, to table: String) -> String {
        "ALTER TABLE \(quoted(table)) ADD COLUMN \(quoted(column.flatName)) \(type(column.type))"
    }

    /// What is unique: the key's columns, or for nullable ones an expression that turns null into a value of a storage
    /// class the column never holds; two nulls would be two keys.
    private static func keyTarget(_ view: ViewDefinition) -> String {
        view.key.map { keyExpression($0, of: view, operand: quoted($0)) }.joined(separator: ", ")
    }

    private static func keyExpression(_ name: String, of view: ViewDefinition, operand: String) -> String {
        guard let index = view.type.index(flatName: name), view.isStoredNullable(at: index) else { return operand }
        return "ifnull(\(operand), \(view.type.columns[index].type == .bytes ? "0" : "x''"))"
    }

    /// Parameters: the columns in the type's order, then the event time.
    static func upsert(_ view: ViewDefinition, retired: [String]) -> String {
        let columns = view.type.columns.map(\.flatName) + [eventTimeColumn]
        let updates = columns.filter { !view.key.contains($0) }.map { "\(quoted($0)) = excluded.\(quoted($0))" }
            + retired.map { "\(quoted($0)) = NULL" }
        let values = repeatElement("?", count: columns.count).joined(separator: ", ")
        return "INSERT INTO \(quoted(view.name)) (\(list(columns))) VALUES (\(values))"
            + " ON CONFLICT (\(keyTarget(view))) DO UPDATE SET \(updates.joined(separator: ", "))"
    }

    /// Parameters: the key's values in its order.
    static func delete(_ view: ViewDefinition) -> String {
        let terms = view.key.map { keyExpression($0, of: view, operand: quoted($0)) + " = " + keyExpression($0, of: view, operand: "?") }
        return "DELETE FROM \(quoted(view.name)) WHERE \(terms.joined(separator: " AND "))"
    }

    /// Parameter: the event time before which rows go.
    static func expire(_ view: ViewDefinition) -> String {
        "DELETE FROM \(quoted(view.name)) WHERE \(quoted(eventTimeColumn)) < ?"
    }

    /// SQLite walks the table's narrowest index.
    static func count(_ view: ViewDefinition) -> String { "SELECT count(*) FROM \(quoted(view.name))" }

    static func list(_ names: [String]) -> String { names.map(quoted).joined(separator: ", ") }
}

/// A view that `prepare` has made ready, with its statements.
struct PreparedView: Sendable {
    let queried: QueriedView
    var definition: ViewDefinition { queried.definition }
    let upsert: String
    let delete: String
    let expire: String

    init(_ definition: ViewDefinition, retired: [String], gained: Set<String>) {
        queried = QueriedView(definition, gained: gained)
        upsert = ViewSQL.upsert(definition, retired: retired)
        delete = ViewSQL.delete(definition)
        expire = ViewSQL.expire(definition)
    }
}
