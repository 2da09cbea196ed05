import Foundation
import Synchronization

/// A PostgreSQL server, `fsync` on: one of our own, in a temporary directory and on a free port, or the user's.
///
/// Ours has defaults that a client which relies on the usual ones falls over: text is ordered as people do it, not by bytes;
/// times, dates, intervals and bytes are written in unusual ways. Every connection needs a password.
public final class PostgresServer: Sendable {
    private let process: ServerProcess?
    private let programs: PostgresPrograms?
    /// Of a role that may do everything.
    private let administrator: URLComponents
    let directory: String?
    private let disks = Mutex(0)

    private static let startSecondsMax = 60.0
    private static let attemptsMax = 3
    private static let settings = [
        "fsync": "on", "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200",
        "timezone": "Asia/Kathmandu", "datestyle": "SQL, DMY", "intervalstyle": "sql_standard", "bytea_output": "escape",
        "client_min_messages": "warning",
    ]

    init(users url: String, programs: PostgresPrograms?) throws {
        guard let components = URLComponents(string: url) else {
            throw PostgresTrouble("PIONEER_TEST_POSTGRES is no URL: use postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
        }
        process = nil
        self.programs = programs
        administrator = components
        directory = nil
    }

    init(programs: PostgresPrograms, settings: [String: String]) throws {
        let directory = try programs.temporaryDirectory(), data = directory + "/data"
        let password = String(UInt64.random(in: .min ... .max), radix: 36)
        try Self.initialise(data, password: password, programs: programs, in: directory)
        let words = Self.settings.merging(settings) { $1 }.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        var attempts = 0
        while true {
            let port = try Self.freePort()
            let url = "postgresql://postgres:\(password)@127.0.0.1:\(port)/postgres"
            let process = try ServerProcess(programs.command("postgres", ["-D", data, "-p", "\(port)"] + words), directory: directory)
            do {
                try process.start()
                try Self.wait(for: process, url: url, programs: programs, log: directory + "/log")
                self.process = process
                self.programs = programs
                administrator = URLComponents(string: url) ?? URLComponents()
                self.directory = directory
                return
            } catch where "\(error)".contains("Address already in use") && attempts < Self.attemptsMax {
                attempts += 1
                try Self.initialise(data, password: password, programs: programs, in: directory)
            }
        }
    }

    private static func initialise(_ data: String, password: String, programs: PostgresPrograms, in directory: String) throws {
        let file = directory + "/password"
        try Data((password + "\n").utf8).write(to: URL(fileURLWithPath: file))
        try programs.give(file)
        // Not synced: the files are as good as those of any other server once it runs.
        let common = ["-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile=\(file)", "-E", "UTF8", "--no-sync"]
        do {
            let order = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]
            _ = try PostgresPrograms.run(programs.command("initdb", common + order))
        } catch {
            // Older than 15, or built without ICU.
            _ = try? FileManager.default.removeItem(atPath: data)
            _ = try PostgresPrograms.run(programs.command("initdb", common + ["--locale=C.UTF-8"]))
        }
    }

    private static func wait(for process: ServerProcess, url: String, programs: PostgresPrograms, log: String) throws {
        let deadline = DispatchTime.now() + startSecondsMax
        while true {
            if (try? psql(programs, url, "SELECT 1")) != nil { return }
            guard try process.lives(), DispatchTime.now() < deadline else {
                let said = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
                throw PostgresTrouble("PostgreSQL does not take connections: \(said.suffix(1_000))")
            }
            _ = poll(nil, 0, 50)
        }
    }

    private static func psql(_ programs: PostgresPrograms?, _ url: String, _ text: String) throws -> [String] {
        let program = programs.map { "\($0.directory)/psql" } ?? "/usr/bin/psql"
        let words = [program, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]
        return try PostgresPrograms.run(words, input: text).split(separator: "\n").map(String.init)
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isNamed else { throw PostgresTrouble("no free port: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: address.sin_port)
    }

    // MARK: What is asked of it

    /// How a client connects.
    /// - Parameter role: nil is the administrator.
    public func url(database: String? = nil, role: (name: String, password: String)? = nil) -> String {
        var components = administrator
        if let role { (components.user, components.password) = (role.name, role.password) }
        if let database { components.path = "/" + database }
        return components.string ?? ""
    }

    /// Runs statements as the administrator, by `psql`, and returns the lines of their rows, columns apart by `|`.
    @discardableResult
    public func sql(_ text: String, in database: String? = nil) throws -> [String] {
        try Self.psql(programs, url(database: database), text)
    }

    /// The same, as another role.
    func sql(_ text: String, at url: String) throws -> [String] { try Self.psql(programs, url, text) }

    /// A database with a role that owns it and may do nothing else.
    /// - Parameter tablespace: where its tables are; nil: the server's own.
    public func makeDatabase(tablespace: String? = nil) throws -> PostgresDatabase {
        try PostgresDatabase(on: self, tablespace: tablespace)
    }

    // MARK: What is done to it

    /// SIGKILL to the server and all its processes. What was committed must be there when it has been started again.
    public func kill() throws { try own().kill() }

    /// Ends connections, writes everything and stops.
    public func stop() throws { try own().stop() }

    /// Starts it again after `kill` or `stop`, on the same port, and returns when it answers.
    public func start() throws {
        let process = try own()
        for attempt in 1... {
            try process.start()
            do {
                return try Self.wait(for: process, url: url(), programs: try found(), log: (directory ?? "") + "/log")
            } catch where attempt < Self.attemptsMax { continue }
        }
    }

    /// Ends one of its processes by SIGKILL, whereupon it ends all others, recovers by itself and goes on.
    public func crash() throws {
        let statement = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'"
        guard let id = try sql(statement).first.flatMap({ pid_t($0) }) else { throw PostgresTrouble("PostgreSQL has no background writer") }
        guard Foundation.kill(id, SIGKILL) == 0 else { throw PostgresTrouble("cannot kill: \(String(cString: strerror(errno)))") }
    }

    /// Terminates other connections to a database, and says how many.
    @discardableResult
    public func terminateConnections(to database: String) throws -> Int {
        let statement = """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = '\(database)' AND pid <> pg_backend_pid() AND backend_type = 'client backend'
            """
        return try sql(statement).first.flatMap { Int($0) } ?? 0
    }

    /// A tablespace on a small file system in memory, gone with the object. Needs the privilege to mount.
    public func makeTablespace(megabytes: Int) throws -> SmallTablespace {
        let number = disks.withLock { count in
            count += 1
            return count
        }
        guard let directory else { throw PostgresTrouble(Postgres.skippedOwn) }
        return try SmallTablespace(on: self, programs: try found(), path: "\(directory)/disk\(number)", megabytes: megabytes)
    }

    /// What it has written to its log.
    public var log: String { String(decoding: FileManager.default.contents(atPath: (directory ?? "") + "/log") ?? Data(), as: UTF8.self) }

    private func own() throws -> ServerProcess {
        guard let process else { throw PostgresTrouble(Postgres.skippedOwn) }
        return process
    }

    private func found() throws -> PostgresPrograms {
        guard let programs else { throw PostgresTrouble(Postgres.skippedOwn) }
        return programs
    }
}
