import Foundation

/// Shell lines, run as a user would type them, in a folder with what they name: the repository's topologies and schemas,
/// and some files of events.
final class Shell: Sendable {
    struct Outcome: Sendable {
        var status: Int32
        /// Standard output and standard error, as they came.
        var output: String
    }

    let directory: TemporaryDirectory
    private let environment: [String: String]

    /// - Parameter environment: beside a PATH on which the built `pioneer` comes first.
    init(environment: [String: String] = [:]) throws {
        directory = try TemporaryDirectory()
        let files = FileManager.default
        for folder in ["topologies", "schemas", "deploy"] {
            try files.copyItem(atPath: "\(EngineBinary.repository)/\(folder)", toPath: "\(directory.path)/\(folder)")
        }
        let tools = directory.path + "/bin"
        try files.createDirectory(atPath: tools, withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: tools + "/pioneer", withDestinationPath: EngineBinary.path())
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        self.environment = environment.merging(["PATH": "\(tools):\(path)", "NO_COLOR": "1"]) { own, _ in own }
    }

    /// Runs the lines in a shell that stops at the first that fails. What has not ended after `seconds` is interrupted, as by
    /// Ctrl-C, and its own exit status counts; what goes on in spite of it is killed.
    func run(_ lines: String, interruptedAfter seconds: Int, environment further: [String: String] = [:]) throws -> Outcome {
        let output = "\(directory.path)/output-\(UUID().uuidString)"
        let script = try directory.write("cd '\(directory.path)'\nset -eo pipefail\n\(lines)\n", to: "script-\(UUID().uuidString)")
        let words = ["/usr/bin/timeout", "--preserve-status", "-k", "30", "-s", "INT", "\(seconds)", "/bin/bash", script]
        let process = try ChildProcess(words, environment: environment.merging(further) { $1 }, output: output)
        let ending = try process.waitForEnding(upTo: Double(seconds) + 60)
        let said = String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
        switch ending {
        case .exited(let status): return Outcome(status: status, output: said)
        case .killed(let signal): return Outcome(status: 128 + signal, output: said)
        }
    }
}
