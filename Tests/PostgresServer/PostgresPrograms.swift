import Foundation

/// PostgreSQL's own programs, and as whom they run.
struct PostgresPrograms: Sendable {
    /// Where `initdb`, `postgres` and `psql` are.
    let directory: String
    /// Whoever the server runs as where that is not who runs the tests: PostgreSQL refuses root.
    let user: User?

    struct User: Sendable {
        var name: String
        var id: uid_t
        var group: gid_t
    }

    /// Nil where there are none, or nobody whom they would run as.
    static func find() -> PostgresPrograms? {
        let files = FileManager.default
        let debian = "/usr/lib/postgresql"
        let versions = ((try? files.contentsOfDirectory(atPath: debian)) ?? []).compactMap(Int.init).sorted(by: >)
        let onPath = (Postgres.environment("PATH") ?? "").split(separator: ":").map(String.init)
        let places = [Postgres.environment("PIONEER_TEST_POSTGRES_BIN")].compactMap { $0 } + versions.map { "\(debian)/\($0)/bin" } + onPath
        let needed = ["initdb", "postgres", "psql"]
        guard let directory = places.first(where: { place in needed.allSatisfy { files.isExecutableFile(atPath: "\(place)/\($0)") } })
        else { return nil }
        guard getuid() == 0 else { return PostgresPrograms(directory: directory, user: nil) }
        guard let entry = getpwnam("postgres")?.pointee, let setpriv = Self.setpriv, files.isExecutableFile(atPath: setpriv) else { return nil }
        return PostgresPrograms(directory: directory, user: User(name: "postgres", id: entry.pw_uid, group: entry.pw_gid))
    }

    private static let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].first { FileManager.default.isExecutableFile(atPath: $0) }

    /// The words of a command line that runs a program as the server's user.
    func command(_ program: String, _ arguments: [String]) -> [String] {
        let words = ["\(directory)/\(program)"] + arguments
        guard let user, let setpriv = Self.setpriv else { return words }
        return [setpriv, "--reuid=\(user.id)", "--regid=\(user.group)", "--init-groups"] + words
    }

    /// A directory of the server's user.
    func temporaryDirectory() throws -> String {
        var template = Array((NSTemporaryDirectory() + "/pioneer-postgres-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template), let real = realpath(made, nil) else {
            throw PostgresTrouble("cannot make a temporary directory: \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        let path = String(cString: real)
        try give(path)
        return path
    }

    func give(_ path: String) throws {
        guard let user else { return }
        guard chown(path, user.id, user.group) == 0 else {
            throw PostgresTrouble("cannot give '\(path)' to the user \(user.name): \(String(cString: strerror(errno)))")
        }
    }

    /// Runs a program to its end and returns what it printed; throws with what it said instead.
    static func run(_ words: [String], input: String = "") throws -> String {
        let process = Process(), output = Pipe(), errors = Pipe(), entry = Pipe()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.standardInput = entry
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // One thread serves one pipe at a time: what these programs complain of is shorter than a pipe.
        try? entry.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? entry.fileHandleForWriting.close()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let name = URL(fileURLWithPath: words[0]).lastPathComponent
            throw PostgresTrouble("\(name) ended with \(process.terminationStatus): \(String(decoding: complaint, as: UTF8.self))")
        }
        return String(decoding: said, as: UTF8.self)
    }
}
