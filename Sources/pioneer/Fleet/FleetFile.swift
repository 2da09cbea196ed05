import Base
import Fleet

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes a fleet's events as JSON lines to a file or standard output.
struct FleetFile {
    let path: String

    private var isStandardOutput: Bool { path == "-" }
    private var shownName: String { isStandardOutput ? "standard output" : "'\(path)'" }

    /// Throws `fleet.output`. A reader of standard output that has gone away has all it wanted.
    func write(_ plan: FleetPlan, _ events: FleetEvents) throws {
        let descriptor = isStandardOutput ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw fault() }
        defer { if !isStandardOutput { close(descriptor) } }
        if isStandardOutput { signal(SIGPIPE, SIG_IGN) }
        switch events {
        case .prices:
            for price in ListPrice.all { guard try put(Array(price.line(observedAt: plan.start).utf8), descriptor) else { return } }
        case .machines:
            for index in plan.fleet.machines.indices {
                guard try put(Array(plan.fleet.machineLine(index, observedAt: plan.start).utf8), descriptor) else { return }
            }
        case .metrics: try writeMetrics(plan, descriptor)
        }
    }

    private func writeMetrics(_ plan: FleetPlan, _ descriptor: Int32) throws {
        let line = RateLine()
        var row = 0, count = 0
        while row < plan.rowCount {
            let end = min(plan.rowCount, row + plan.rowsPerBatch)
            let batch = plan.history.batch(row..<end)
            guard try put(batch.lines, descriptor) else { return }
            row = end
            count += batch.eventCount
            line.show { "\(Figures.count(count, "event"))  \(row * 100 / plan.rowCount)%  \(Figures.count(Int(Double(count) / $0)))/s" }
        }
        line.clear()
        let seconds = line.elapsedSeconds
        let rate = Figures.count(Int(Double(count) / max(seconds, 1e-9)))
        StandardStreams.complain("\(Figures.count(count, "event")) in \(Figures.duration(seconds: seconds)) (\(rate)/s)")
    }

    /// False where the reader has gone away.
    private func put(_ bytes: [UInt8], _ descriptor: Int32) throws -> Bool {
        var sent = 0
        while sent < bytes.count {
            #if canImport(Glibc)
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + sent, bytes.count - sent) }
            #else
            let count = bytes.withUnsafeBytes { Darwin.write(descriptor, $0.baseAddress! + sent, bytes.count - sent) }
            #endif
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE { return false }
                throw fault()
            }
            sent += count
        }
        return true
    }

    private func fault() -> EngineError {
        EngineError(
            .fleetOutput, .environment, "\(shownName) cannot be written: \(String(cString: strerror(errno)))",
            remedy: "Give --output a file that this user may write, on a disk with room.")
    }
}
