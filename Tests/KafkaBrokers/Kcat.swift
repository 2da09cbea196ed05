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
        let process = Process(), output = Pipe(), entry = Pipe()
        process.executableURL = URL(fileURLWithPath: path ?? "")
        process.arguments = ["-b", address] + arguments
        process.standardOutput = output
        process.standardInput = entry
        try process.run()
        try entry.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try entry.fileHandleForWriting.close()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BrokerTrouble(description: "kcat ended with \(process.terminationStatus)") }
        return String(decoding: said, as: UTF8.self)
    }

    /// Writes `key|value` lines to the partitions of their keys, as Java clients compute them; each once.
    public static func produce(_ lines: [String], to topic: String, at address: String, further: [String] = []) throws {
        let arguments = [
            "-P", "-t", topic, "-K", "|", "-X", "partitioner=murmur2_random", "-X", "enable.idempotence=true", "-X", "linger.ms=5",
        ]
        _ = try run(arguments + further, at: address, input: lines.joined(separator: "\n") + "\n")
    }

    /// A topic's committed values from first to last.
    public static func committed(_ topic: String, at address: String) throws -> [String] {
        let arguments = ["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed"]
        return try run(arguments, at: address).split(separator: "\n").map(String.init)
    }
}
