import Base
import Foundation
import Telemetry

/// What every Prometheus client tells of its process, under the names that all of them use, and which program it is.
extension MetricDeclaration {
    static let processCPU = MetricDeclaration(
        "process_cpu_seconds_total", .counter, unit: .seconds, "Processor time that the process has used, user and system.")
    static let processStart = MetricDeclaration(
        "process_start_time_seconds", .gauge, unit: .seconds, "When the process started, in seconds since 1970.")
    static let processResident = MetricDeclaration(
        "process_resident_memory_bytes", .gauge, unit: .bytes, "Memory of the process that is in RAM.")
    static let processVirtual = MetricDeclaration(
        "process_virtual_memory_bytes", .gauge, unit: .bytes, "Addresses that the process has mapped.")
    static let processFiles = MetricDeclaration("process_open_fds", .gauge, "File descriptors that the process has open.")
    static let processFilesMax = MetricDeclaration("process_max_fds", .gauge, "File descriptors that the process may have open.")
    static let processThreads = MetricDeclaration("process_threads", .gauge, "Threads of the process.")
    static let buildInfo = MetricDeclaration(
        "pioneer_build_info", .gauge, labels: ["version"], "Always 1; the label says which version of pioneer runs.")
}

enum ProcessMetrics {
    static let all: [MetricDeclaration] = [
        .processCPU, .processStart, .processResident, .processVirtual, .processFiles, .processFilesMax, .processThreads, .buildInfo,
    ]

    /// - Parameter startedAt: the process's start in seconds since 1970, which does not change: see `startSeconds`.
    static func note(startedAt: Double?, version: String, into samples: inout MetricSamples) {
        samples.note(Double(Stopwatch.processCPUNanoseconds()) / 1e9, of: .processCPU)
        if let startedAt { samples.note(startedAt, of: .processStart) }
        if let fields = statFields, fields.count > 21 {
            samples.note(fields[20], of: .processVirtual)
            samples.note(fields[21] * Double(sysconf(Int32(_SC_PAGESIZE))), of: .processResident)
            samples.note(fields[17], of: .processThreads)
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            // Without the one that lists them.
            samples.note(max(0, files.count - 1), of: .processFiles)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.note(Double(limit.rlim_cur), of: .processFilesMax)
        }
        samples.note(1, of: .buildInfo, ["version": version])
    }

    /// When the process started: the machine's start and the ticks from there. Nil where there is no /proc.
    static var startSeconds: Double? {
        guard let fields = statFields, fields.count > 19,
            let line = text("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst("btime ".count))
        else { return nil }
        return boot + fields[19] / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The fields of /proc/self/stat behind the command, which is in brackets and may hold anything: the first is the
    /// third of proc(5), so its field n is at n - 3. The state is no number and stands as 0.
    private static var statFields: [Double]? {
        guard let text = text("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(whereSeparator: \.isWhitespace).map { Double($0) ?? 0 }
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
