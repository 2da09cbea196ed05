import Base

/// Counts rows of views that nothing has prepared, and makes and changes nothing: neither schema nor tables need be there.
///
/// One connection, opened at the start. Blocks until the server answers; not for several threads at once.
public final class StoredRowCounts {
    private let connection: PostgresConnection
    private let settings: PostgresSettings

    /// Throws `view.address`, `view.unreachable`, `view.denied`.
    public init(_ settings: PostgresSettings) throws {
        self.settings = settings
        let address = try PostgresAddress(settings.url)
        connection = try PostgresViews.mappingErrors(place: "", schema: settings.schema) {
            let connection = try PostgresConnection(address, applicationName: settings.applicationName)
            try connection.execute(
                """
                SET default_transaction_read_only = on; SET statement_timeout = \(max(1, settings.statementTimeout.microseconds / 1_000))
                """)
            return connection
        }
    }

    /// 0 where the engine has made no such table. Rows that are over (`keep`) do not count, though they may still be there.
    ///
    /// Throws what `PostgresViews` throws of reading. - Complexity: O(rows).
    public func count(of view: String) throws -> Int {
        try PostgresViews.mappingErrors(place: connection.place, schema: settings.schema) {
            guard try isMade(view) else { return 0 }
            guard let facts = try TableFacts(of: view, settings, on: connection) else { return 0 }
            let visible = PreparedView.visible(of: view, isPartitioned: facts.partitionColumn != nil, settings)
            return Int(try connection.query("SELECT count(*) FROM \(settings.qualified(view)) WHERE \(visible)").int64(0, 0))
        }
    }

    private func isMade(_ view: String) throws -> Bool {
        var parameters = PostgresParameters()
        parameters.add(settings.viewsTable)
        guard try connection.query("SELECT to_regclass($1) IS NOT NULL", parameters).bool(0, 0) else { return false }
        parameters = PostgresParameters()
        parameters.add(view)
        return try connection.query("SELECT EXISTS (SELECT FROM \(settings.viewsTable) WHERE name = $1)", parameters).bool(0, 0)
    }
}
