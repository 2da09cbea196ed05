public import Base
import Stores

extension ErrorCode {
    /// No connection to PostgreSQL came about, or it was lost.
    public static let viewUnreachable = ErrorCode("view.unreachable")
    /// PostgreSQL does not let the engine in, or lacks a grant.
    public static let viewDenied = ErrorCode("view.denied")
    /// The server takes no writes: it is a standby, or was told so.
    public static let viewReadOnly = ErrorCode("view.read_only")
    /// The server has no memory, connections or other resources left.
    public static let viewOverloaded = ErrorCode("view.overloaded")
    /// The server is too old, or its database is not in UTF-8.
    public static let viewUnsupportedServer = ErrorCode("view.unsupported_server")
}

/// What PostgreSQL reports, in the engine's words. What may pass (a restart, a failover, a full disk, a lock) is transient:
/// the change is tried again until it is applied. What only a person can mend is not: it is tried again seldom.
extension PostgresViews {
    func mappingErrors<Result>(_ body: () throws -> Result) throws -> Result {
        try Self.mappingErrors(place: place, schema: settings.schema, body)
    }

    static func mappingErrors<Result>(place: String, schema: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let failure as PostgresFailure {
            throw engineError(failure, place: place.isEmpty ? "PostgreSQL" : "PostgreSQL at \(place)", schema: schema)
        }
    }

    static func engineError(_ failure: PostgresFailure, place: String, schema: String) -> EngineError {
        let reason = "it says: \(failure.message)" + (failure.state.isEmpty ? "" : " (\(failure.state))")
        if failure.isConnecting { return connectError(failure, place: place) }
        if failure.isConnectionLost {
            return EngineError(
                .viewUnreachable, .environment, "the connection to \(place) was lost; \(reason)",
                remedy: "Check that the server runs; nothing is lost, the views go on where they stand.", isTransient: true)
        }
        let kind = kind(of: failure, schema: schema)
        return EngineError(
            kind.code, kind.domain, "\(place) \(kind.what); \(reason)", remedy: kind.remedy, isTransient: kind.isTransient)
    }

    private static func connectError(_ failure: PostgresFailure, place: String) -> EngineError {
        // libpq tells no SQLSTATE of a connection that did not come about. Servers that speak another language are tried
        // again, which does no harm.
        let refusals = [
            "authentication failed", "pg_hba.conf", "does not exist", "not permitted to log in", "permission denied for database",
        ]
        // Of several hosts each has its say: one that is down may be the one that would let the engine in.
        let mayPass = ["refused", "starting up", "shutting down", "timeout", "timed out", "could not translate"].contains {
            failure.message.lowercased().contains($0)
        }
        guard !mayPass, failure.needsPassword || refusals.contains(where: { failure.message.contains($0) }) else {
            return EngineError(
                .viewUnreachable, .environment, "there is no connection to \(place): \(failure.message)",
                remedy: "Check that the server runs, and that host and port can be reached from here.", isTransient: true)
        }
        let isDatabaseGone = failure.message.contains("database \"") && failure.message.contains("does not exist")
        return EngineError(
            .viewDenied, .environment, "\(place) does not let the engine in: \(failure.message)",
            remedy: isDatabaseGone
                ? "Check the database of the address, or make it: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0. Its views are "
                    + "filled from the log."
                : "Check user and password (also in PGPASSWORD or ~/.pgpass) of the address, and the server's pg_hba.conf.",
            isTransient: isDatabaseGone)
    }

    private struct Kind {
        var code: ErrorCode
        var domain = EngineError.Domain.environment
        var what: String
        var remedy: String
        var isTransient = false
    }

    private static func kind(of failure: PostgresFailure, schema: String) -> Kind {
        switch failure.state {
        case "25006":
            return Kind(
                code: .viewReadOnly, what: "takes no writes",
                remedy: "Give the address of the primary, or of all servers (host=a,b): the one that takes writes is then found.",
                isTransient: true)
        case "53100":
            return Kind(
                code: .viewDiskFull, what: "has no space left",
                remedy: "Free space on its disk; nothing is lost, the views go on where they stand.", isTransient: true)
        case "57014":
            return Kind(
                code: .viewTimedOut, what: "cancelled a statement",
                remedy: "Look for what keeps the server busy: SELECT * FROM pg_stat_activity. It is tried again.", isTransient: true)
        case "55P03", "40P01", "40001", "55006", "23505":
            return Kind(
                code: .viewLocked, what: "has a lock in the way",
                remedy: "Look for long transactions on the views' tables: SELECT * FROM pg_stat_activity. It is tried again.",
                isTransient: true)
        case "42501":
            return Kind(
                code: .viewDenied, what: "does not allow it",
                remedy: "Let the engine's role own the schema's tables, and run as its owner: GRANT USAGE, CREATE ON SCHEMA "
                    + "\(SQLName.quoted(schema)) TO the role.")
        case "42P01", "3F000", "42703":
            return Kind(
                code: .viewTableGone, what: "lacks a table of the views, which was there",
                remedy: "Nothing is to be done: what is missing is made again, and filled from the log.", isTransient: true)
        case "54000":
            return Kind(
                code: .viewIncompatible, domain: .user, what: "holds values that are too long for an index",
                remedy: "Leave out the index that it names, of the view or of your own making; or have the view filled again, which cuts "
                    + "them for the view's own indexes.")
        case "XX001", "XX002":
            return Kind(
                code: .viewCorrupt, what: "has damaged data",
                remedy: "Restore the database, or drop the view's table: it is then filled again from the log.")
        default: return kindOfClass(failure)
        }
    }

    private static func kindOfClass(_ failure: PostgresFailure) -> Kind {
        switch failure.state.prefix(2) {
        case "08", "57":
            Kind(
                code: .viewUnreachable, what: "is going down or coming up",
                remedy: "Check that the server runs; nothing is lost, the views go on where they stand.", isTransient: true)
        case "53":
            Kind(
                code: .viewOverloaded, what: "has no resources left",
                remedy: "Raise max_connections or the memory of the server, or use fewer readers. It is tried again.", isTransient: true)
        case "58":
            Kind(code: .viewIO, what: "could not read or write its disk", remedy: "Check the server's disk and log.", isTransient: true)
        // "tuple concurrently updated", for one, is an internal error of PostgreSQL and passes.
        case "XX":
            Kind(
                code: .viewSQL, what: "failed inside", remedy: "Look into the server's log. It is tried again.", isTransient: true)
        default:
            Kind(
                code: .viewSQL, domain: .internal, what: "refused a statement",
                remedy: failure.statement.map { "Report it, with the statement: \($0)." } ?? "Report it.")
        }
    }
}
