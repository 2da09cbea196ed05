import Foundation

/// A database with a role that owns it and may do nothing else, both gone with the object.
public final class PostgresDatabase: Sendable {
    /// Of the database and of its role.
    public let name: String
    public let server: PostgresServer
    /// How the role connects.
    public let url: String

    init(on server: PostgresServer, tablespace: String?) throws {
        self.server = server
        name = Postgres.unique("test")
        // Characters that a URL escapes.
        let password = "p@ss:w/rd %\(UInt64.random(in: .min ... .max))"
        url = server.url(database: name, role: (name, password))
        try server.sql("CREATE ROLE \(name) LOGIN PASSWORD '\(password)'")
        try make(tablespace: tablespace)
    }

    private func make(tablespace: String? = nil) throws {
        try server.sql("CREATE DATABASE \(name) OWNER \(name) \(tablespace.map { "TABLESPACE \($0)" } ?? "")")
        // As of PostgreSQL 15; older servers allow everybody more.
        try server.sql("REVOKE ALL ON DATABASE \(name) FROM PUBLIC")
    }

    deinit {
        _ = try? server.sql("DROP DATABASE IF EXISTS \(name) WITH (FORCE);\nDROP ROLE IF EXISTS \(name)")
    }

    /// Loses everything in it, while clients are connected.
    public func drop() throws { try server.sql("DROP DATABASE \(name) WITH (FORCE)") }

    /// Makes it again, empty, after `drop`.
    public func makeAgain() throws { try make() }

    /// Runs statements as the database's owner, and returns the lines of their rows, columns apart by `|`.
    @discardableResult
    public func sql(_ text: String) throws -> [String] { try server.sql(text, at: url) }

    @discardableResult
    public func terminateConnections() throws -> Int { try server.terminateConnections(to: name) }
}
