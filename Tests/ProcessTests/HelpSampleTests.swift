import ArgumentParser
import Dispatch
import Foundation
import KafkaBrokers
import OwnThreads
import PostgresServer
import Synchronization
import Testing

@testable import pioneer

/// A line that a command's help gives as an example.
private struct HelpSample: Sendable {
    var command: String
    var line: String

    /// Every example of every command, in the order of the help.
    static var all: [HelpSample] { samples(of: Pioneer.self, path: "pioneer") }

    private static func samples(of command: any ParsableCommand.Type, path: String) -> [HelpSample] {
        let own = lines(command.configuration.discussion).map { HelpSample(command: path, line: $0) }
        return own + command.configuration.subcommands.flatMap { samples(of: $0, path: "\(path) \($0._commandName)") }
    }

    private static func lines(_ discussion: String) -> [String] {
        let block = discussion.components(separatedBy: "\n").drop { $0 != "EXAMPLES" }.dropFirst().prefix { $0.hasPrefix(" ") }
        var samples: [String] = []
        for line in block {
            let isContinued = samples.last?.hasSuffix("\\") == true
            // What stands far right of a command explains it.
            let text = line.trimmingCharacters(in: .whitespaces)
            let sample = text.range(of: "   ").map { String(text[..<$0.lowerBound]) } ?? text
            if isContinued { samples[samples.count - 1] = samples.last!.dropLast() + sample } else { samples.append(sample) }
        }
        return samples
    }
}

/// Every example that a help text gives does what it says, on a real engine.
@Suite(.ownThreads) struct HelpSampleTests {
    /// A topology for the examples whose topic is the user's own.
    private static let app = """
        topology: app
        sources:
          events:
            topic: app.events
            schema: resource-metric
            key: [resource_id]
            event_time: { field: observed_at, out_of_order: 10s, idle_after: 30s, max_ahead: 1h }
        streams:
          seen: { from: events, filter: value >= 0.0 }
        outputs:
          seen: { from: seen, topic: app.seen, key: [resource_id] }
        """

    /// What an example may run before it is interrupted, on a machine that is busy with other tests.
    private static let secondsMax = 12

    /// Kafka, as the examples name it.
    private static let brokers = ["broker-1:9092", "localhost:9092"]
    private static let databases = ["postgresql://pioneer:secret@db/metrics", "postgresql://localhost/pioneer"]

    private func events(_ count: Int) -> String {
        (0..<count).map { number in
            let time = "2026-01-05T\(10 + number / 60):\(number % 60 < 10 ? "0" : "")\(number % 60):00Z"
            return #"{"resource_id":"i-1","observed_at":"\#(time)","metric":"system.cpu.utilization","value":0.5}"# + "\n"
        }.joined()
    }

    @Test func `every example of the help runs`() throws {
        let samples = HelpSample.all
        #expect(samples.count > 20)
        let shell = try Shell()
        _ = try shell.directory.write(Self.app, to: "topologies/app.yaml")
        _ = try shell.directory.write("resource_id,observed_at,metric,value\ni-1,2026-01-05 10:00,cpu,0.5\n", to: "metrics.csv")
        _ = try shell.directory.write("resource_id,time,cpu_pct\ni-1,2026-01-05 10:00,50\ni-2,2026-01-05 10:00,\n", to: "usage.csv")
        for name in ["metrics.jsonl", "app.jsonl", "history.jsonl"] { _ = try shell.directory.write(events(300), to: name) }
        _ = try shell.directory.write("resource_id,timestamp,cpu_pct\na,2026-01-05T00:00:00Z,10\n", to: "machines.csv")
        try #require(try shell.run("gzip -k history.jsonl usage.csv machines.csv", interruptedAfter: 60).status == 0)
        var options = EngineProcess.Options()
        options.topology = "\(shell.directory.path)/topologies/usage.yaml"
        options.arguments += ["live", "fleet", "app"].map { "\(shell.directory.path)/topologies/\($0).yaml" }
        let engine = try EngineProcess(in: shell.directory, name: "engine", options: options)
        try engine.start()

        let place = EnginePlace(data: engine.data, port: engine.port)
        let failures = Mutex<[String]>([])
        // Most of them wait to be interrupted: more at a time than there are processors.
        let shells = OperationQueue()
        shells.maxConcurrentOperationCount = 6
        for index in samples.indices {
            shells.addOperation {
                let failure: String?
                do { failure = try self.failure(of: samples[index], index, shell, place) } catch { failure = "\(error)" }
                if let failure { failures.withLock { $0.append("\(samples[index].command): \(samples[index].line)\n\(failure)") } }
            }
        }
        shells.waitUntilAllOperationsAreFinished()
        for failure in failures.withLock({ $0 }) { Issue.record("\(failure)") }
        #expect(try engine.stop() == .exited(0))
    }

    private struct EnginePlace: Sendable {
        var data: String
        var port: UInt16
    }

    /// What went wrong; nil when nothing did.
    private func failure(of sample: HelpSample, _ index: Int, _ shell: Shell, _ engine: EnginePlace) throws -> String? {
        var line = sample.line
        // Folders and hosts of a user's machine.
        line = line.replacing("/var/lib/", with: "\(shell.directory.path)/lib-\(index)-")
        line = line.replacing("http://engine:8000", with: "http://127.0.0.1:\(engine.port)")
        line = line.replacing("127.0.0.1:8000", with: "127.0.0.1:\(engine.port)").replacing("127.0.0.1:8080", with: "127.0.0.1:0")
        var own: NoidaBroker?
        if let kafka = Self.brokers.first(where: { line.contains($0) }) {
            // The bench writes only where nothing is yet.
            let isBench = line.contains("pioneer bench")
            guard isBench ? Brokers.hasOwn : Brokers.hasKafka else { return nil }
            own = isBench ? try Brokers.own() : nil
            line = line.replacing(kafka, with: try own?.address ?? Brokers.kafka()).replacing("--count 8000000", with: "--count 20000")
        }
        var database: PostgresDatabase?
        if let address = Self.databases.first(where: { line.contains($0) }) {
            guard Postgres.isHere else { return nil }
            let made = try Postgres.database()
            line = line.replacing(address, with: "'\(made.url)'")
            database = made
        }
        var environment = ["PIONEER_DATA_DIR": engine.data]
        if line.contains("pioneer run") {
            environment["PIONEER_DATA_DIR"] = "\(shell.directory.path)/own-\(index)"
            if !line.contains("--listen") { line += " --listen 127.0.0.1:0" }
        }
        // What one example writes, others read.
        line = line.replacing("--output metrics", with: "--output own-\(index)-metrics")
        // The work of seconds says as much as that of minutes.
        if line.contains("pioneer bench") { line += " --seconds 1 --warmup 0" }
        // Agents of one folder keep each other out.
        if line.contains("pioneer agent"), !line.contains("--spool") { line += " --spool '\(shell.directory.path)/spool-\(index)'" }
        // Others are done before, or go on until Ctrl-C.
        let isEndless = !["pioneer bench", "fleet --statistics", "--output"].contains { line.contains($0) }
        let outcome = try withExtendedLifetime((own, database)) {
            try shell.run(line, interruptedAfter: isEndless ? Self.secondsMax : 300, environment: environment)
        }
        // Ctrl-C also ends what feeds the command, with this status.
        let isFed = line.contains(" | pioneer")
        guard outcome.status != 0, !isFed || outcome.status != 128 + SIGINT else { return nil }
        // There may be nothing to give up any more.
        if line.contains("--cancel"), outcome.output.contains("view.not_rebuilding") { return nil }
        return "ended with status \(outcome.status):\n\(outcome.output.prefix(1_500))"
    }
}
