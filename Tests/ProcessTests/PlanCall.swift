import Foundation
import Testing

/// What `pioneer plan` said of an engine's topology.
struct PlanCall {
    let ending: ChildProcess.Ending
    let words: String

    /// Asks with the engine's data directory and variables.
    init(_ engine: EngineProcess, _ further: [String] = [], environment: [String: String] = [:]) throws {
        let log = "\(engine.logPath).plan"
        try? FileManager.default.removeItem(atPath: log)
        let arguments = [
            try EngineBinary.path(), "plan", engine.options.topology, "--schemas", EngineBinary.schemas, "--data", engine.data,
        ]
        let process = try ChildProcess(
            arguments + further, environment: engine.options.environment.merging(environment) { $1 }, output: log)
        ending = try process.waitForEnding(upTo: 60)
        words = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
    }

    /// What the plan has to be approved by.
    func hash() throws -> String {
        let found = try #require(words.firstMatch(of: /--approve ([0-9a-f]{16})/), "\(words)")
        return String(found.output.1)
    }
}
