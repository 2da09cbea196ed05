import Foundation

/// A tablespace on a small file system in memory, which a test fills. What a database has in it must have gone before it.
public final class SmallTablespace: Sendable {
    public let name: String
    private let server: PostgresServer
    private let path: String

    /// Mounting needs a privilege that tests seldom have.
    public static let isPermitted: Bool = {
        var template = Array((NSTemporaryDirectory() + "/pioneer-mount-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else { return false }
        defer { rmdir(made) }
        guard mount("none", made, "tmpfs", 0, "size=1m") == 0 else { return false }
        return umount2(made, Int32(MNT_DETACH)) == 0
    }()
    public static let skipped = "needs the privilege to mount a small file system"

    init(on server: PostgresServer, programs: PostgresPrograms, path: String, megabytes: Int) throws {
        self.server = server
        self.path = path
        name = Postgres.unique("small")
        guard mkdir(path, 0o755) == 0, mount("none", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            throw PostgresTrouble("cannot mount: \(String(cString: strerror(errno)))")
        }
        try programs.give(path)
        try server.sql("CREATE TABLESPACE \(name) LOCATION '\(path)'")
        // Anybody may have tables in it: it is the test's own server.
        try server.sql("GRANT CREATE ON TABLESPACE \(name) TO PUBLIC")
    }

    deinit {
        _ = try? server.sql("DROP TABLESPACE IF EXISTS \(name)")
        umount2(path, Int32(MNT_DETACH))
    }

    private var ballast: String { path + "/ballast" }

    /// Takes all space that is left, for as long as `free` does not give it back.
    public func fill() throws {
        let file = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw PostgresTrouble("cannot fill the disk: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        let block = [UInt8](repeating: 1, count: 4_096)
        while write(file, block, block.count) > 0 {}
    }

    public func free() { unlink(ballast) }
}
