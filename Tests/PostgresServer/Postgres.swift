import Foundation
import Synchronization

/// The PostgreSQL that tests run against, and which of them can run here.
///
/// - `PIONEER_TEST_POSTGRES=postgresql://…` names the user's own, with a role that may make databases and roles. Tests that
///   kill a server are skipped then: `hasOwn`.
/// - Without it one is started once a test process: the programs in `PIONEER_TEST_POSTGRES_BIN`, Debian's newest, or those on
///   the path. PostgreSQL does not run as root; there it runs as the user `postgres`.
///
/// Tests that cannot run are skipped by name: `.enabled(if: Postgres.isHere, Postgres.skipped)`.
public enum Postgres {
    public static let skipped = "no PostgreSQL here: install the package postgresql, or set PIONEER_TEST_POSTGRES"
    public static let isHere = users != nil || programs != nil

    /// Whether servers can be started that a test may kill.
    public static let hasOwn = users == nil && programs != nil
    public static let skippedOwn =
        users == nil ? skipped : "the PostgreSQL that PIONEER_TEST_POSTGRES names is not killed: unset it to run this on servers of the test's"

    /// The server that all tests of this process share. No test may stop it, or change what the others see of it.
    public static func shared() throws -> PostgresServer { try started.get() }

    /// A server of the caller's own, which ends with the object.
    /// - Parameter settings: as in postgresql.conf, beside those of `PostgresServer`.
    public static func own(settings: [String: String] = [:]) throws -> PostgresServer {
        guard hasOwn, let programs else { throw PostgresTrouble(skippedOwn) }
        return try PostgresServer(programs: programs, settings: settings)
    }

    /// A database of the caller's own on the shared server, with a role that owns it and may do nothing else.
    public static func database() throws -> PostgresDatabase { try shared().makeDatabase() }

    /// A name that nobody used before, which needs no quotes in SQL.
    public static func unique(_ name: String) -> String {
        let moment = DispatchTime.now().uptimeNanoseconds % 1_000_000_000
        return "\(name)_\(getpid())_\(moment)_\(counter.add(1, ordering: .relaxed).newValue)"
    }

    private static let counter = Atomic<Int>(0)
    private static let users = environment("PIONEER_TEST_POSTGRES")
    private static let programs = PostgresPrograms.find()

    private static let started: Result<PostgresServer, any Error> = Result {
        if let users { return try PostgresServer(users: users, programs: programs) }
        return try own()
    }

    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// What kept a server from doing something, in a sentence.
public struct PostgresTrouble: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
