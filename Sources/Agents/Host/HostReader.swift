import Base

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads the machine's figures from `/proc` and `/sys`: the only part of the sampling that does I/O.
struct HostReader {
    /// Folders in which `/proc` and `/sys` are found; a test, or an agent in a container that watches its host, names others.
    var proc = "/proc"
    var sys = "/sys"

    static let units = KernelUnits(
        ticksPerSecond: Double(max(1, sysconf(Int32(_SC_CLK_TCK)))), pageBytes: UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))))

    func snapshot() -> HostSnapshot {
        var snapshot = HostSnapshot(takenAt: Stopwatch.nanoseconds())
        snapshot.processors = ProcessorTimes.parse(text("stat"))
        snapshot.load = LoadAverage(parsing: text("loadavg"))
        snapshot.memory = MemoryFigures(parsing: text("meminfo"))
        let blockDevices = Self.entries(of: sys + "/block")
        snapshot.disks = DiskCounters.parse(text("diskstats"), wholeDisks: blockDevices.isEmpty ? nil : Set(blockDevices))
        snapshot.networks = NetworkCounters.parse(text("net/dev"))
        for mount in Mount.parse(text("self/mountinfo")) { snapshot.filesystems[mount.point] = Self.usage(of: mount.point) }
        for entry in Self.entries(of: proc) where entry.utf8.allSatisfy({ $0 &- 48 < 10 }) {
            // A process may end between the listing and the reading.
            if let process = ProcessFigures(parsing: text(entry + "/stat")) { snapshot.processes.append(process) }
        }
        snapshot.group = ControlGroup(membership: text("1/cgroup")) { Self.contents(of: sys + "/fs/cgroup" + $0) }
        return snapshot
    }

    /// Empty where there is no such file, or this user may not read it.
    private func text(_ name: String) -> String { Self.contents(of: proc + "/" + name) ?? "" }

    /// Files below `/proc` say they are empty: they are read to their end.
    private static func contents(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func entries(of folder: String) -> [String] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func usage(of point: String) -> FilesystemUsage? {
        var figures = statvfs()
        guard statvfs(point, &figures) == 0, figures.f_blocks > 0 else { return nil }
        let block = UInt64(figures.f_frsize)
        let used = UInt64(figures.f_blocks) - min(UInt64(figures.f_bfree), UInt64(figures.f_blocks))
        return FilesystemUsage(used: used &* block, available: UInt64(figures.f_bavail) &* block)
    }
}

extension HostReader {
    /// The machine's own name, up to the first dot.
    static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let name = String(decoding: buffer.map { UInt8(bitPattern: $0) }.prefix { $0 != 0 && $0 != 46 }, as: UTF8.self)
        return name.isEmpty ? "localhost" : name
    }
}
