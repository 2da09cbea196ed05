import Base
import Columns
import Stores

/// A view that `prepare` has made ready: what statements on its table are made from. The contract between the parts that
/// make, write and read tables.
struct PreparedView: Sendable {
    let queried: QueriedView
    var definition: ViewDefinition { queried.definition }
    /// The table with its schema, quoted.
    let table: String
    /// The column by whose ranges the table is partitioned; nil where it is one table.
    let partitionColumn: String?
    /// The condition that a row is not over (`keep`), true of every row where rows that are over are always removed at
    /// once. Every reading statement has it in its WHERE, so that answers are exact while whole partitions are dropped later.
    let visible: String
    /// What the table holds for values that PostgreSQL does not take as they are.
    let storable: StorableValues
    let statements: ChangeSQL

    init(_ definition: ViewDefinition, facts: TableFacts, retired: [String], settings: PostgresSettings) {
        // Which columns the table has always had it does not say; but of the key it had them all.
        queried = QueriedView(definition, gained: Set(definition.type.columns.map(\.flatName)).subtracting(definition.key))
        table = settings.qualified(definition.name)
        partitionColumn = facts.partitionColumn
        visible = Self.visible(of: definition.name, isPartitioned: facts.partitionColumn != nil, settings)
        storable = StorableValues(definition)
        statements = ChangeSQL(definition, retired: retired, settings: settings)
    }

    static func visible(of view: String, isPartitioned: Bool, _ settings: PostgresSettings) -> String {
        guard isPartitioned else { return "TRUE" }
        return "\(SQLName.quoted(SQLName.eventTimeColumn)) >= coalesce((SELECT max(expired_before) FROM \(settings.positionsTable)"
            + " WHERE view = \(PostgresName.literal(view))), '-infinity')"
    }

    /// The value that a row has in the column where it came with `value`: what conditions on the column compare with.
    func stored(_ value: Value, in column: String) -> Value {
        definition.type.index(flatName: column).map { storable.stored(value, column: $0) } ?? value
    }
}
