import Base
import Columns
import Stores

/// The statements that apply a change to a view's table. Values are bound or copied, names quoted.
struct ChangeSQL: Sendable {
    /// Makes the table that a change's rows are copied to: temporary, so that it costs no log, and empty after each commit.
    /// Its name says what it is made of: a definition that changed has another one.
    let createStage: String
    let copy: String
    let upsert: String
    /// The same where several rows may have one key by now: the last one counts.
    let upsertLast: String
    /// Parameters: the key's values in its order.
    let delete: String
    /// Parameter: the event time before which rows go.
    let expire: String
    let removeAll: String

    init(_ view: ViewDefinition, retired: [String], settings: PostgresSettings) {
        let table = settings.qualified(view.name)
        let names = view.type.columns.map(\.flatName) + [SQLName.eventTimeColumn]
        let list = SQLName.list(names), key = SQLName.list(view.key), eventTime = SQLName.quoted(SQLName.eventTimeColumn)
        let columns = zip(names, view.type.columns.map(\.type) + [.timestamp]).map { "\(SQLName.quoted($0)) \(PostgresType.sql($1))" }
        var hash = StableHash()
        hash.combine(columns)
        let stage = "pg_temp." + SQLName.quoted("_stage_" + hash.hex)
        createStage = "CREATE TEMPORARY TABLE IF NOT EXISTS \(stage) (\(columns.joined(separator: ", "))) ON COMMIT DELETE ROWS"
        copy = "COPY \(stage) (\(list)) FROM STDIN (FORMAT binary)"
        let updates = names.filter { !view.key.contains($0) }.map { "\(SQLName.quoted($0)) = excluded.\(SQLName.quoted($0))" }
            + retired.map { "\(SQLName.quoted($0)) = NULL" }
        let insert = "INSERT INTO \(table) (\(list)) SELECT"
        let merge = "ON CONFLICT (\(key)) DO UPDATE SET \(updates.joined(separator: ", "))"
        upsert = "\(insert) \(list) FROM \(stage) \(merge)"
        // Rows of the stage lie in the order they were copied.
        upsertLast = "\(insert) DISTINCT ON (\(key)) \(list) FROM \(stage) ORDER BY \(key), ctid DESC \(merge)"
        let terms = view.key.enumerated().map { place, name in
            let column = SQLName.quoted(name), parameter = "$\(place + 1)"
            let mayBeNull = view.type.index(flatName: name).map { view.isStoredNullable(at: $0) } ?? false
            return mayBeNull ? "(\(column) = \(parameter) OR (\(column) IS NULL AND \(parameter) IS NULL))" : "\(column) = \(parameter)"
        }
        delete = "DELETE FROM \(table) WHERE \(terms.joined(separator: " AND "))"
        expire = "DELETE FROM \(table) WHERE \(eventTime) < $1"
        removeAll = "DELETE FROM \(table)"
    }
}
