import Base
import Glibc
import RocksStore
import Stores
import StoresConformance

/// A directory that goes with the value, and stores in it.
final class TemporaryDirectory: Sendable {
    let path: String

    /// - Parameter inMemory: on a file system in memory if there is one, for tests that open very many stores.
    init(inMemory: Bool = false) throws {
        let parent = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/rocks-store-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw ConformanceFailure(description: "no temporary directory") }
        path = String(cString: made)
    }

    deinit { Self.remove(path) }

    static func entries(_ path: String) -> [String] {
        guard let listing = opendir(path) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func remove(_ path: String) {
        for name in entries(path) where unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        rmdir(path)
    }

    static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(file))
        rewind(file)
        _ = fread(&bytes, 1, bytes.count, file)
        return bytes
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "w") else { throw ConformanceFailure(description: "cannot write \(path)") }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw ConformanceFailure(description: "short write") }
    }

    /// Copies the files of one directory into a new one.
    static func copy(_ from: String, to: String) throws {
        mkdir(to, 0o755)
        for name in entries(from) { try write(read("\(from)/\(name)"), to: "\(to)/\(name)") }
    }

    func open(
        _ name: String = "store", options: RocksStoreOptions = RocksStoreOptions(memoryMaxBytes: 16 << 20),
        clock: any WallClock = ManualClock(EventTime(seconds: 1_000))
    ) throws(EngineError) -> RocksStore {
        try RocksStore.open(directory: "\(path)/\(name)", options: options, newLogID: "log-\(name)", clock: clock)
    }
}

func underTest(_ store: RocksStore) -> StoreUnderTest { StoreUnderTest(store) }
