import Base
import Columns
import Stores

/// The statements that make and change a view's table.
struct TableSQL {
    let view: ViewDefinition
    let settings: PostgresSettings

    private var table: String { settings.qualified(view.name) }

    /// The first column of the key that is a timestamp, where `keep` is set: by its ranges the table is partitioned.
    static func partitionColumn(of view: ViewDefinition) -> String? {
        guard view.keep != nil else { return nil }
        return view.key.first { name in view.type.index(flatName: name).map { view.type.columns[$0].type == .timestamp } ?? false }
    }

    static func keyName(_ view: String) -> String { PostgresName.derived("_pioneer_key_" + view) }
    static func keepName(_ view: String) -> String { PostgresName.derived("_pioneer_keep_" + view) }
    static func defaultPartition(_ view: String) -> String { PostgresName.derived("_p_\(view)_default") }

    // MARK: Making

    func create() -> [String] {
        var lines = view.type.columns.map { "\(SQLName.quoted($0.flatName)) \(PostgresType.sql($0.type))" }
        lines.append("\(SQLName.quoted(SQLName.eventTimeColumn)) \(PostgresType.sql(.timestamp)) NOT NULL")
        lines.append(keyConstraint())
        var create = "CREATE TABLE \(table) (\(lines.joined(separator: ", ")))"
        guard let column = Self.partitionColumn(of: view) else { return [create] }
        create += " PARTITION BY RANGE (\(SQLName.quoted(column)))"
        return [create, "CREATE TABLE \(settings.qualified(Self.defaultPartition(view.name))) PARTITION OF \(table) DEFAULT"]
    }

    /// NULLS NOT DISTINCT: two nulls are one key.
    func keyConstraint() -> String {
        let isNullable = view.key.contains { name in view.type.index(flatName: name).map { view.isStoredNullable(at: $0) } ?? false }
        return "CONSTRAINT \(SQLName.quoted(Self.keyName(view.name))) \(isNullable ? "UNIQUE NULLS NOT DISTINCT" : "PRIMARY KEY")"
            + " (\(SQLName.list(view.key)))"
    }

    func createKeepIndex() -> String {
        "CREATE INDEX \(SQLName.quoted(Self.keepName(view.name))) ON \(table) (\(SQLName.quoted(SQLName.eventTimeColumn)))"
    }

    func dropKeepIndex() -> String { "DROP INDEX \(settings.qualified(Self.keepName(view.name)))" }

    /// Brings the indexes of the definition to what it says; those that are there are known by their names.
    func matchIndexes(_ present: Set<String>) -> [String] {
        let wanted = view.indexes.map { (name: view.indexName(of: $0), columns: $0) }
        let dropped = present.subtracting(wanted.map(\.name)).sorted().map { "DROP INDEX \(settings.qualified($0))" }
        return dropped
            + wanted.filter { !present.contains($0.name) }.map {
                "CREATE INDEX \(SQLName.quoted($0.name)) ON \(table) (\(SQLName.list($0.columns)))"
            }
    }

    func addColumn(_ column: RowType.Column) -> String {
        "ALTER TABLE \(table) ADD COLUMN \(SQLName.quoted(column.flatName)) \(PostgresType.sql(column.type))"
    }

    // MARK: Descriptions

    /// From the topology and the schemas' `doc`; a column without one keeps what a person said of it. Only those that the table
    /// does not have yet: each needs a lock.
    func comments(of facts: TableFacts? = nil) -> [String] {
        var comments: [String] = []
        if let description = view.description, description != facts?.comment {
            comments.append("COMMENT ON TABLE \(table) IS \(PostgresName.literal(description))")
        }
        let present = Dictionary((facts?.columns ?? []).map { ($0.name, $0.comment) }) { first, _ in first }
        let wanted = view.type.columns.map { (name: $0.flatName, doc: $0.doc) }
        for (name, doc) in wanted + [(SQLName.eventTimeColumn, "Event time of the row: what keep goes by.")] {
            guard let doc, doc != present[name] else { continue }
            comments.append("COMMENT ON COLUMN \(table).\(SQLName.quoted(name)) IS \(PostgresName.literal(doc))")
        }
        return comments
    }

    // MARK: What a person may run where `prepare` refuses

    func changeType(_ column: RowType.Column) -> String {
        let name = SQLName.quoted(column.flatName)
        return "ALTER TABLE \(table) ALTER COLUMN \(name) TYPE \(PostgresType.sql(column.type)) "
            + "USING \(name)::text::\(PostgresType.name(of: column.type));"
    }

    func changeKey() -> String {
        "ALTER TABLE \(table) DROP CONSTRAINT \(SQLName.quoted(Self.keyName(view.name))), ADD \(keyConstraint());"
    }
}
