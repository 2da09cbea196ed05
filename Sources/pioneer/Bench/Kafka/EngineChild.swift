import Base
import Foundation

extension ErrorCode {
    /// The control group that `--cgroup` names cannot hold the engine.
    static let benchCgroup = ErrorCode("bench.cgroup")
}

/// An engine in a process of its own, as users run it: its memory and processor time are its alone, and it can be killed.
final class EngineChild {
    private let process = Process()
    private let log: String

    /// Starts `pioneer run` of this very program; its log goes to `DIRECTORY.log`.
    /// - Parameter cgroup: the directory of a control group that holds it, as `/sys/fs/cgroup/memory/small`; nil: none.
    init(_ arguments: [String], data: String, cgroup: String?) throws {
        log = data + ".log"
        let isThere = FilePath.exists(log) || FileManager.default.createFile(atPath: log, contents: nil)
        guard isThere, let output = FileHandle(forWritingAtPath: log) else {
            throw EngineError(
                .benchEnded, .environment, "the file '\(log)' cannot be written", remedy: "Give another directory with --data.")
        }
        output.seekToEndOfFile()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            process.executableURL = URL(fileURLWithPath: own)
        }
        process.arguments = ["run"] + arguments + ["--data", data, "--listen", "127.0.0.1:0"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        if let cgroup { try join(cgroup) }
    }

    private func join(_ cgroup: String) throws {
        guard let members = FileHandle(forWritingAtPath: cgroup + "/cgroup.procs") else {
            throw EngineError(
                .benchCgroup, .user, "'\(cgroup)' is no control group that processes can be put in",
                remedy: "Make one with 'mkdir', set its limit, and give its directory, as in /sys/fs/cgroup/memory/small.")
        }
        try members.write(contentsOf: Data("\(process.processIdentifier)\n".utf8))
    }

    deinit { kill() }

    /// Throws `bench.engine_ended` with the end of its log when the engine is no longer there.
    func check() throws {
        guard !process.isRunning else { return }
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw EngineError(
            .benchEnded, .environment, "the engine ended (status \(process.terminationStatus)): \(text.suffix(600))",
            remedy: "Its whole log is in '\(log)'.")
    }

    /// Whether its log tells of an event.
    func hasLogged(_ event: String) -> Bool {
        (try? String(contentsOfFile: log, encoding: .utf8))?.contains("\"event\":\"\(event)\"") ?? false
    }

    /// SIGKILL: nothing is committed, closed or said. Returns when it is gone.
    func kill() { end(SIGKILL) }

    /// SIGTERM, and waits for the clean end.
    func stop() { end(SIGTERM) }

    private func end(_ signal: Int32) {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }

    /// The greatest resident memory so far, in bytes; 0 where the kernel does not tell.
    var residentBytesPeak: Int { FullBench.residentBytesPeak(of: "\(process.processIdentifier)") }

    /// Processor time so far, user and system; 0 where the kernel does not tell.
    var cpuSeconds: Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8),
            let rest = text.split(separator: ")").last
        else { return 0 }
        // Fields 14 and 15 of the whole line, counted from 1; two of them stand before the parenthesis.
        let fields = rest.split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
