public import Base

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ErrorCode {
    public static let storeLocked = ErrorCode("store.locked")
    public static let storeNewerVersion = ErrorCode("store.newer_version")
    public static let storeForeign = ErrorCode("store.foreign")
    public static let storeCorrupted = ErrorCode("store.corrupted")
    public static let storeDiskFull = ErrorCode("store.disk_full")
    public static let storeNotWritable = ErrorCode("store.not_writable")
    public static let storeIO = ErrorCode("store.io")
    /// The directory holds the state of an engine that has its log there too.
    public static let storeEmbeddedState = ErrorCode("store.embedded_state")
}

/// The store's faults, each with its remedy.
enum StoreErrors {
    static func locked(_ directory: String, by process: Int32?) -> EngineError {
        EngineError(
            .storeLocked, .environment,
            "another engine\(process.map { " (process \($0))" } ?? "") runs on the data directory '\(directory)'",
            remedy: "Ask it as it runs, with 'pioneer query' and the like, or stop it with 'kill \(process.map { "\($0)" } ?? "PID")', "
                + "which commits everything; or give this one a directory of its own with --data.")
    }

    /// The process that holds the lock which RocksDB's message is about. Nil where it is this very one, whose lock would go
    /// with the file that is opened to ask, and where nobody can tell.
    private static func lockHolder(_ directory: String, _ message: String) -> Int32? {
        guard !message.contains("current process") else { return nil }
        let descriptor = open(directory + "/LOCK", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK), lock.l_pid > 0 else { return nil }
        return lock.l_pid
    }

    static func newerVersion(_ directory: String, found: String, known: Int) -> EngineError {
        EngineError(
            .storeNewerVersion, .environment,
            "the data directory '\(directory)' has format version \(found); this program knows up to \(known)",
            remedy: "Run the newer release that wrote it. Nothing in it was changed.")
    }

    static func foreign(_ directory: String) -> EngineError {
        EngineError(
            .storeForeign, .user, "the directory '\(directory)' holds a RocksDB database of another program",
            remedy: "Name an empty directory, or one that this engine made. Nothing in it was changed.")
    }

    static func embeddedState(_ directory: String, _ task: TaskID) -> EngineError {
        EngineError(
            .storeEmbeddedState, .user,
            "the data directory '\(directory)' holds log and state of an engine that ran by itself (task \(task))",
            remedy: "Name another directory with --data for an engine on a shared log. Nothing in it was changed.")
    }

    static func corrupted(_ directory: String, _ detail: String) -> EngineError {
        EngineError(
            .storeCorrupted, .environment, "the data in '\(directory)' is damaged: \(detail)",
            remedy: "Check the disk, and restore the directory from a copy. Nothing damaged is used or overwritten.")
    }

    static func diskFull(_ directory: String) -> EngineError {
        EngineError(
            .storeDiskFull, .environment, "the disk that holds '\(directory)' is full, or nearly so",
            remedy: "Free space, or shorten the topics' retention. Work goes on by itself once there is room.",
            isTransient: true)
    }

    static func notWritable(_ directory: String, _ reason: String) -> EngineError {
        EngineError(
            .storeNotWritable, .environment, "the data directory '\(directory)' cannot be written: \(reason)",
            remedy: "Name a directory that the engine's user may create and write.")
    }

    static func io(_ directory: String, _ detail: String) -> EngineError {
        EngineError(
            .storeIO, .environment, "the disk that holds '\(directory)' failed: \(detail)",
            remedy: "Check the disk and its mount; the call may be repeated.", isTransient: true)
    }

    /// What RocksDB's message means. The texts are those of `Status::ToString`; an unknown one is an I/O error.
    static func fromRocksDB(_ message: String, _ directory: String) -> EngineError {
        if message.contains("No space left") || message.contains("Disk quota exceeded") || message.contains("MaxAllowedSpace") {
            return diskFull(directory)
        }
        if message.contains("/LOCK") {
            return message.contains("Permission denied")
                ? notWritable(directory, "Permission denied") : locked(directory, by: lockHolder(directory, message))
        }
        if message.contains("Permission denied") || message.contains("Read-only file system") {
            return notWritable(directory, message)
        }
        if message.hasPrefix("Corruption") { return corrupted(directory, message) }
        if message.hasPrefix("Invalid argument: Column famil") { return newerVersion(directory, found: message, known: 1) }
        return io(directory, message)
    }
}
