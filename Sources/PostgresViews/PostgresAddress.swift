public import Base
import CPostgres

extension ErrorCode {
    /// The address of PostgreSQL cannot be used.
    public static let viewAddress = ErrorCode("view.address")
}

/// Where a PostgreSQL is: `postgresql://user:password@host:5432/database?sslmode=…` or libpq's `host=… dbname=…`, with
/// everything that libpq takes, its environment variables, service and password files included.
///
/// The text may hold a password, so nothing prints it: errors and `description` say host, port and database.
struct PostgresAddress: Sendable {
    /// What libpq is given.
    let text: String

    /// Throws `view.address`, without quoting what a misplaced sign may have made part of a password.
    init(_ text: String) throws {
        self.text = text
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            PQfreemem(message)
            throw Self.refusal("the address of PostgreSQL cannot be read")
        }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            let name = String(cString: keyword), value = option.pointee.val.map { String(cString: $0) } ?? ""
            // "user:p@ss@host" is read as the host "ss@host", and "user:pa/ss" as the port "pa": libpq's messages would name them.
            if name == "host", value.contains("@") { throw Self.refusal("the address of PostgreSQL has a host with '@' in it") }
            if name == "port", !value.utf8.allSatisfy({ (48...57).contains($0) || $0 == 44 }) {
                throw Self.refusal("the address of PostgreSQL has a port that is no number")
            }
            option += 1
        }
    }

    private static func refusal(_ message: String) -> EngineError {
        EngineError(
            .viewAddress, .user, message,
            remedy: "Give it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full, or as 'host=… dbname=…'; in the "
                + "former, signs such as '@', '/', ':' and '%' in a password are written as %40, %2F, %3A and %25. The password may "
                + "stand in PGPASSWORD or in ~/.pgpass instead.")
    }
}
