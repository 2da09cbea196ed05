import Base
import Columns
import Stores

/// What the server's catalog says of a view's table. The catalog is the truth, not a note of ours: a person who runs the
/// statement that a refusal quotes has mended it.
struct TableFacts {
    struct Column {
        var name: String
        /// As `format_type` says it.
        var type: String
        var collation: String
        /// What a comment says of it; empty: nothing.
        var comment: String
    }

    /// What a comment says of the table; empty: nothing.
    var comment = ""

    /// In the table's order, without those that PostgreSQL computes.
    var columns: [Column] = []
    /// Columns of the key constraint, in its order; empty where it is missing.
    var key: [String] = []
    /// Whether the key's constraint lets nulls in.
    var isKeyNullable = false
    var partitionColumn: String?
    var hasKeepIndex = false
    /// Names of the indexes that the definition asked for (`ViewDefinition.indexName`).
    var indexes: Set<String> = []
    /// Columns that the engine made; nil where the table is not the engine's.
    var made: [String]?

    /// Of a table just made.
    init(made view: ViewDefinition) {
        key = view.key
        partitionColumn = TableSQL.partitionColumn(of: view)
        made = view.type.columns.map(\.flatName)
    }

    /// Nil where there is no such relation. Throws `view.foreign_file` where it is no table.
    init?(of view: String, _ settings: PostgresSettings, on connection: PostgresConnection) throws {
        var name = PostgresParameters()
        name.add(settings.schema)
        name.add(view)
        let relation = try connection.query(
            """
            SELECT c.oid::int8, c.relkind::text, coalesce(obj_description(c.oid, 'pg_class'), '') \
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
            WHERE n.nspname::text = $1 AND c.relname::text = $2
            """, name)
        guard relation.rowCount == 1 else { return nil }
        guard ["r", "p"].contains(relation.string(0, 1)) else {
            throw EngineError(
                .viewForeignFile, .user, "\(settings.qualified(view)) is there, and is no table",
                remedy: "Give the view another name, or rename what is there.")
        }
        comment = relation.string(0, 2)
        var id = PostgresParameters()
        id.add(relation.int64(0, 0))
        try readColumns(id, on: connection)
        try readIndexes(view, id, on: connection)
        let partition = try connection.query(
            """
            SELECT a.attname::text FROM pg_partitioned_table p \
            JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] WHERE p.partrelid = $1::oid
            """, id)
        if partition.rowCount == 1 { partitionColumn = partition.string(0, 0) }
        var own = PostgresParameters()
        own.add(view)
        let rows = try connection.query("SELECT unnest(columns) FROM \(settings.viewsTable) WHERE name = $1", own)
        if rows.rowCount > 0 { made = (0..<rows.rowCount).map { rows.string($0, 0) } }
    }

    private mutating func readColumns(_ id: PostgresParameters, on connection: PostgresConnection) throws {
        let rows = try connection.query(
            """
            SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), coalesce(c.collname::text, ''), \
            coalesce(col_description(a.attrelid, a.attnum), '') FROM pg_attribute a \
            LEFT JOIN pg_collation c ON c.oid = a.attcollation \
            WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum
            """, id)
        columns = (0..<rows.rowCount).map {
            Column(name: rows.string($0, 0), type: rows.string($0, 1), collation: rows.string($0, 2), comment: rows.string($0, 3))
        }
    }

    private mutating func readIndexes(_ view: String, _ id: PostgresParameters, on connection: PostgresConnection) throws {
        let rows = try connection.query(
            """
            SELECT ic.relname::text, a.attname::text, i.indisprimary FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid \
            CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place) \
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number \
            WHERE i.indrelid = $1::oid AND i.indisvalid ORDER BY ic.relname, k.place
            """, id)
        for row in 0..<rows.rowCount {
            let name = rows.string(row, 0)
            if name == TableSQL.keepName(view) { hasKeepIndex = true }
            if name.hasPrefix(ViewDefinition.indexPrefix) { indexes.insert(name) }
            guard name == TableSQL.keyName(view) else { continue }
            key.append(rows.string(row, 1))
            isKeyNullable = !rows.bool(row, 2)
        }
    }
}
