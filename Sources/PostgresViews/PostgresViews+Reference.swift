import Base
package import Columns
package import Stores

extension PostgresViews {
    /// What applying changes is measured against: how fast the server takes the same rows when it has nothing to look up. They
    /// are copied as `apply` copies them, into a table without an index, one transaction for each batch; the table goes at the
    /// end. Calls `body` with the function that copies a batch.
    package func measuringPlainCopy(of view: ViewDefinition, _ body: ((Batch) throws -> Void) throws -> Void) throws {
        let table = settings.qualified("_pioneer_reference"), names = view.type.columns.map(\.flatName) + [SQLName.eventTimeColumn]
        let columns = zip(names, view.type.columns.map(\.type) + [.timestamp]).map { "\(SQLName.quoted($0)) \(PostgresType.sql($1))" }
        try withWriter { connection in
            try connection.execute("DROP TABLE IF EXISTS \(table); CREATE TABLE \(table) (\(columns.joined(separator: ", ")))")
            defer { _ = try? connection.execute("DROP TABLE IF EXISTS \(table)") }
            try body { batch in
                var encoder = RowEncoder(batch, storable: StorableValues(view), isCareful: false, to: rowBuffer)
                withExtendedLifetime(batch) { encoder.encode(rows: batch.count) }
                try connection.transaction {
                    try connection.copy("COPY \(table) (\(SQLName.list(names))) FROM STDIN (FORMAT binary)", rowBuffer.bytes)
                    return ((), isCommitted: true)
                }
            }
        }
    }
}
