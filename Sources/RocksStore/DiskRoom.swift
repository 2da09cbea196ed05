import Base
import Glibc

/// The room that is left on the disk. RocksDB as Debian builds it (7.8, with its assertions on) ends the process where its
/// write-ahead log could not be written and it takes itself for recovered with nothing to flush: the next write goes to the
/// same file, which "has seen an error". So no write is begun that the disk might not hold; what runs out of space then are
/// flushes and compactions, from which RocksDB recovers. Another program may still take the last of it in between: then the
/// process may end, and nothing that was acknowledged is lost.
struct DiskRoom {
    private let directory: String
    /// Flushes of what is in memory already must fit beside what is written meanwhile.
    private let keptBytes: UInt64

    /// What opening a database needs, and writes that give space back.
    private static let bytesMin: UInt64 = 512 << 10
    private static let keptBytesMax = 128 << 20

    init(directory: String, writeBuffers: Int) {
        self.directory = directory
        keptBytes = UInt64(min(writeBuffers, Self.keptBytesMax))
    }

    /// Throws `store.disk_full` where the disk does not hold a write of so many bytes and what is kept for flushes.
    /// - Parameter givesBack: the write drops more than it adds, so it may take the last room.
    func check(bytes: Int, givesBack: Bool) throws(EngineError) {
        // Twice: in the write-ahead log, and as it is flushed.
        try Self.check(directory, bytes: 2 * UInt64(bytes) + (givesBack ? Self.bytesMin : keptBytes))
    }

    /// Throws `store.disk_full` where a database could not be opened for want of space.
    static func check(_ directory: String) throws(EngineError) { try check(directory, bytes: bytesMin) }

    private static func check(_ directory: String, bytes: UInt64) throws(EngineError) {
        var information = statvfs()
        guard statvfs(directory, &information) == 0 else { throw StoreErrors.io(directory, String(cString: strerror(errno))) }
        let free = UInt64(information.f_bavail) * UInt64(information.f_frsize)
        if free < bytes { throw StoreErrors.diskFull(directory) }
    }
}
