import Base
import HTTPAPI

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What this process takes of the machine, as the kernel tells it.
enum ProcessReading {
    static func figures(diskBytes: Int) -> ProcessFigures {
        ProcessFigures(
            residentBytes: residentBytes, cpuSeconds: Double(Stopwatch.processCPUNanoseconds()) / 1e9, diskBytes: diskBytes)
    }

    /// The second number of /proc/self/statm, in pages; 0 where there is none.
    static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "re") else { return 0 }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = fread(&buffer, 1, buffer.count, file)
        let fields = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
