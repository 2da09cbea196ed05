import Foundation

/// A client that is not ours: `PIONEER_TEST_KCAT`, or the `kcat` on the path.
public enum Kcat {
    public static let skipped = "no kcat here: install it, or name it with PIONEER_TEST_KCAT"

    public static let path: String? = {
        let places = (Brokers.environment("PATH") ?? "").split(separator: ":").map { "\($0)/kcat" }
        return ([Brokers.environment("PIONEER_TEST_KCAT")].compactMap { $0 } + places)
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// What it prints. `input` must not be answered before it has ended.
    public static func run(_ arguments: [String], at address: String, input: String = "") throws -> String {
        try ForeignProcess.output(of: path ?? "", ["-b", address] + arguments, input: input)
    }

    /// Writes `key|value` lines to the partitions of their keys, as Java clients compute them; each once.
    public static func produce(_ lines: [String], to topic: String, at address: String, further: [String] = []) throws {
        let arguments = [
            "-P", "-t", topic, "-K", "|", "-X", "partitioner=murmur2_random", "-X", "enable.idempotence=true", "-X", "linger.ms=5",
        ]
        _ = try run(arguments + further, at: address, input: lines.joined(separator: "\n") + "\n")
    }

    /// A topic's committed values from first to last.
    /// - Parameter committed: false reads what is open or aborted too.
    public static func values(_ topic: String, committed: Bool = true, at address: String) throws -> [String] {
        let isolation = "isolation.level=read_\(committed ? "" : "un")committed"
        return try run(["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-X", isolation], at: address)
            .split(separator: "\n").map(String.init)
    }
}
