public import Base

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The few file operations a spool is made of. Each throws `spool.disk` with the path and the system's own words.
enum SpoolFiles {
    static func makeFolder(_ path: String) throws {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && part.isEmpty ? "/" : (made.hasSuffix("/") || made.isEmpty ? "" : "/") + part
            guard mkdir(made, 0o755) == 0 || errno == EEXIST || errno == EISDIR else { throw fault("make the folder", path) }
        }
    }

    static func entries(of folder: String) throws -> [String] {
        guard let listing = opendir(folder) else { throw fault("list the folder", folder) }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            names.append(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.sorted()
    }

    static func contents(of path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw fault("open", path) }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        guard size >= 0 else { throw fault("read", path) }
        return try read(file, 0..<Int(size), of: path)
    }

    static func contents(of path: String, in range: Range<Int>) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw fault("open", path) }
        defer { close(file) }
        return try read(file, range, of: path)
    }

    private static func read(_ file: Int32, _ range: Range<Int>, of path: String) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(file, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(range.lowerBound + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fault("read", path) }
            done += count
        }
        return bytes
    }

    /// Makes a file that is either there with all its bytes or not at all, also after a crash: written under another
    /// name, synced, renamed, and the folder synced.
    static func replace(_ folder: String, _ name: String, with bytes: [UInt8]) throws {
        let temporary = folder + "/" + name + ".tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw fault("create", temporary) }
        do {
            try write(bytes, to: file, of: temporary)
            try sync(file, of: temporary)
        } catch {
            close(file)
            throw error
        }
        close(file)
        guard rename(temporary, folder + "/" + name) == 0 else { throw fault("rename", temporary) }
        try syncFolder(folder)
    }

    static func openForAppend(_ path: String) throws -> Int32 {
        let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw fault("open", path) }
        return file
    }

    static func write(_ bytes: [UInt8], to file: Int32, of path: String) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(file, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fault("write", path) }
            done += count
        }
    }

    static func sync(_ file: Int32, of path: String) throws {
        guard fdatasync(file) == 0 else { throw fault("sync", path) }
    }

    static func syncFolder(_ folder: String) throws {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw fault("open the folder", folder) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw fault("sync the folder", folder) }
    }

    /// Cuts the file and syncs it.
    static func cut(_ path: String, to length: Int) throws {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw fault("open", path) }
        defer { close(file) }
        guard ftruncate(file, off_t(length)) == 0 else { throw fault("cut", path) }
        try sync(file, of: path)
    }

    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw fault("remove", path) }
    }

    /// Takes the lock that keeps a second agent out of the folder; it goes with the process, however that ends.
    static func lock(_ folder: String) throws -> Int32 {
        let path = folder + "/lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw fault("create", path) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw EngineError(
                .spoolInUse, .user, "another process uses the spool '\(folder)'",
                remedy: "Stop it, or give each agent a folder of its own with --spool.")
        }
        return file
    }

    private static func fault(_ what: String, _ path: String) -> EngineError {
        let reason = String(cString: strerror(errno))
        return EngineError(
            .spoolDisk, .environment, "could not \(what) '\(path)': \(reason)",
            remedy: "Check that the folder exists, that this user may write in it, and that the disk has room.", isTransient: true)
    }
}

extension ErrorCode {
    public static let spoolInUse = ErrorCode("spool.in_use")
    public static let spoolDisk = ErrorCode("spool.disk")
    public static let spoolLimit = ErrorCode("spool.limit")
}
