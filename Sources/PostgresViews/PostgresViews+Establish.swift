import Base
import Stores

/// The schema and the engine's own tables, which every schema of views has.
extension PostgresViews {
    /// Grows with each change that older releases cannot work with.
    static let formatVersion: Int64 = 1
    /// The oldest server: NULLS NOT DISTINCT came with it.
    static let serverVersionMin = 150_000

    /// Makes what is missing; several engines may do so at once.
    func establish(on connection: PostgresConnection) throws {
        try checkServer(connection)
        try connection.transaction {
            try lockDefinitions(on: connection)
            try makeSchema(on: connection)
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS \(settings.viewsTable) (
                    name text COLLATE "C" NOT NULL PRIMARY KEY,
                    format integer NOT NULL,
                    topology text NOT NULL,
                    columns text[] NOT NULL
                );
                CREATE TABLE IF NOT EXISTS \(settings.positionsTable) (
                    view text COLLATE "C" NOT NULL,
                    partition integer NOT NULL,
                    log_id text NOT NULL,
                    next_offset bigint NOT NULL,
                    watermark timestamptz NOT NULL,
                    expired_before timestamptz NOT NULL DEFAULT '-infinity',
                    PRIMARY KEY (view, partition)
                );
                CREATE TABLE IF NOT EXISTS \(settings.rebuildsTable) (
                    view text COLLATE "C" NOT NULL PRIMARY KEY,
                    number bigint NOT NULL,
                    state text NOT NULL,
                    started_at timestamptz NOT NULL,
                    ended_at timestamptz,
                    definition text NOT NULL
                )
                """)
            let found = try connection.query("SELECT coalesce(max(format), 0)::int8 FROM \(settings.viewsTable)").int64(0, 0)
            guard found <= Self.formatVersion else {
                throw EngineError(
                    .viewNewerFormat, .environment,
                    "the schema '\(settings.schema)' on \(place) has format version \(found); this release reads "
                        + "version \(Self.formatVersion)",
                    remedy: "Run a release that knows version \(found), or give this one a schema of its own.")
            }
            return ((), isCommitted: true)
        }
    }

    /// One engine at a time changes definitions: creating the same thing twice at once fails even with IF NOT EXISTS.
    /// Held until the transaction ends. Others' locks on a table are not waited for as long: who waits for one here keeps all
    /// engines from changing definitions.
    ///
    /// - Parameters:
    ///   - turn: how long to wait for the others, in milliseconds.
    ///   - locks: how long to wait for each lock after that.
    func lockDefinitions(turn: Int64 = 60_000, locks: Int64? = nil, on connection: PostgresConnection) throws {
        try connection.execute("SET LOCAL lock_timeout = \(turn); SET LOCAL synchronous_commit = on")
        var schema = PostgresParameters()
        schema.add("pioneer views " + settings.schema)
        try connection.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", schema)
        try connection.execute("SET LOCAL lock_timeout = \(locks ?? settings.lockTimeout.wholeMilliseconds)")
    }

    private func checkServer(_ connection: PostgresConnection) throws {
        let version = connection.serverVersion
        guard version >= Self.serverVersionMin else {
            throw EngineError(
                .viewUnsupportedServer, .environment, "the server at \(place) is PostgreSQL \(version / 10_000)",
                remedy: "Use PostgreSQL \(Self.serverVersionMin / 10_000) or later.")
        }
        let encoding = connection.parameter("server_encoding") ?? "unknown"
        guard encoding == "UTF8" else {
            throw EngineError(
                .viewUnsupportedServer, .environment, "the database \(place) is in the encoding '\(encoding)'",
                remedy: "Make one in UTF-8: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0.")
        }
    }

    /// The schema is made where it is missing; then what is asked for are the grants that the engine needs, by name.
    private func makeSchema(on connection: PostgresConnection) throws {
        var name = PostgresParameters()
        name.add(settings.schema)
        let facts = try connection.query(
            """
            SELECT current_user::text, current_database()::text, n.oid IS NOT NULL, has_database_privilege(current_database(), 'CREATE'), \
            has_database_privilege(current_database(), 'TEMPORARY'), coalesce(has_schema_privilege(n.oid, 'USAGE'), FALSE), \
            coalesce(has_schema_privilege(n.oid, 'CREATE'), FALSE) \
            FROM (SELECT $1::text AS name) wanted LEFT JOIN pg_namespace n ON n.nspname::text = wanted.name
            """, name)
        let role = SQLName.quoted(facts.string(0, 0)), database = SQLName.quoted(facts.string(0, 1))
        let schema = SQLName.quoted(settings.schema)
        func missing(_ what: String, _ statement: String) -> EngineError {
            EngineError(
                .viewDenied, .environment, "the role \(facts.string(0, 0)) may not \(what) on \(place)",
                remedy: "Have a superuser or the owner run: \(statement).")
        }
        guard facts.bool(0, 4) else {
            throw missing("make temporary tables", "GRANT TEMPORARY ON DATABASE \(database) TO \(role)")
        }
        guard facts.bool(0, 2) else {
            guard facts.bool(0, 3) else {
                throw missing("create the schema '\(settings.schema)'", "CREATE SCHEMA \(schema) AUTHORIZATION \(role)")
            }
            try connection.execute("CREATE SCHEMA \(schema)")
            return
        }
        guard facts.bool(0, 5), facts.bool(0, 6) else {
            throw missing(
                "use the schema '\(settings.schema)' and create tables in it", "GRANT USAGE, CREATE ON SCHEMA \(schema) TO \(role)")
        }
    }
}
