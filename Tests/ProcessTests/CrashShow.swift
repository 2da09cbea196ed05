import Base
import Foundation
import Testing

/// An engine that is killed again and again while a client appends an event file; and one that is left alone with the same
/// file. What they end with is compared.
///
/// Fault model of a kill: the process ends at any instruction; what it has written to files stays as the operating system
/// has it. With a `PowerCut`, what was not synced is lost too.
struct CrashShow {
    struct Options: CustomStringConvertible {
        var events = number("PIONEER_CRASH_EVENTS") ?? 60_000
        var kills = number("PIONEER_CRASH_KILLS") ?? 6
        var seed = UInt64(number("PIONEER_CRASH_SEED") ?? 2026)
        /// Of workers there are as many.
        var partitions = number("PIONEER_CRASH_PARTITIONS") ?? 1

        /// What to set in the environment to have the same again.
        var description: String {
            "PIONEER_CRASH_SEED=\(seed) PIONEER_CRASH_EVENTS=\(events) PIONEER_CRASH_KILLS=\(kills) "
                + "PIONEER_CRASH_PARTITIONS=\(partitions)"
        }

        private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }
    }

    /// Everything that is to be the same.
    struct Outcome {
        var parts: [(name: String, rows: [String])] = []

        subscript(_ name: String) -> [String] { parts.first { $0.name == name }?.rows ?? [] }
    }

    let options: Options
    let events: EventFile
    private let directory: TemporaryDirectory

    init(_ options: Options) throws {
        self.options = options
        events = EventFile(count: options.events, seed: options.seed)
        directory = try TemporaryDirectory()
    }

    private func engine(_ name: String) throws -> EngineProcess {
        var run = EngineProcess.Options()
        run.partitions = options.partitions
        // Outputs' records have the rows' event times, and those of the file are long ago.
        run.arguments += ["--workers", "\(options.partitions)", "--retention-age", "36500d"]
        return try EngineProcess(in: directory, name: name, options: run)
    }

    // MARK: The two runs

    func uninterrupted() throws -> Outcome {
        let engine = try engine("uninterrupted")
        try engine.start()
        let client = AppendClient(events, port: engine.port, seed: options.seed)
        client.start()
        defer { client.cancel() }
        try client.finish()
        try engine.waitUntilSettled()
        defer { _ = try? engine.stop() }
        return try outcome(of: engine)
    }

    /// - Parameter powerCut: what happens to the files at each kill; nil: nothing.
    func killed(_ powerCut: PowerCut? = nil) throws -> Outcome {
        let engine = try engine("killed")
        var random = SeededRandom(seed: options.seed &+ 1)
        if let powerCut { engine.options.environment = try powerCut.watch(engine.data) }
        try powerCut?.begin()
        try engine.start()
        // Spread over the time between two kills, so that most of them meet an append.
        let spread = 1_500 * (options.kills + 1) / events.batches.count
        let client = AppendClient(events, port: engine.port, seed: options.seed, pauseMilliseconds: max(1, spread))
        client.start()
        defer { client.cancel() }
        for kill in 0..<options.kills {
            client.allow(events.batches.count * (kill + 1) / (options.kills + 1))
            // Every fourth kill meets the engine while it starts; its first start is over.
            if kill > 0, random.below(4) == 0 { pause(milliseconds: random.below(400)) } else {
                try engine.waitForHealth()
                pause(milliseconds: 50 + random.below(1_450))
            }
            try engine.kill()
            try client.check()
            try powerCut?.strike(&random)
            try powerCut?.begin()
            try engine.launch()
        }
        try engine.waitForHealth()
        try client.finish()
        // A clean stop in the middle of what is left of the work, and one more start, change nothing either.
        try expectStop(engine)
        try powerCut?.begin()
        try engine.start()
        try engine.waitUntilSettled()
        let outcome = try outcome(of: engine)
        try expectStop(engine)
        print("\(options): \(client.summary); \(events.poisonCount) dead letters\(powerCut.map { "; \($0.summary)" } ?? "")")
        return outcome
    }

    private func expectStop(_ engine: EngineProcess) throws {
        let ending = try engine.stop()
        guard ending == .exited(0) else { throw Trouble("asked to stop, the engine \(ending)" + engine.tail) }
    }

    private func outcome(of engine: EngineProcess) throws -> Outcome {
        let count = try engine.ends()[EngineProcess.source, default: []].reduce(0, +)
        var outcome = Outcome(parts: [("appended records", ["\(count)"])])
        for view in EngineProcess.views { outcome.parts.append((view, try engine.rows(of: view))) }
        // An output is no view: a row written twice would be there twice.
        outcome.parts.append((EngineProcess.hourly, try engine.records(of: EngineProcess.hourly)))
        outcome.parts.append((EngineProcess.deadLetters, try engine.records(of: EngineProcess.deadLetters)))
        return outcome
    }

    // MARK: The comparison

    /// Expects the outcome of the run without kills, part for part and row for row.
    func expectSame(_ killed: Outcome, _ uninterrupted: Outcome) {
        #expect(uninterrupted["appended records"] == ["\(events.count)"], "\(options)")
        #expect(uninterrupted[EngineProcess.deadLetters].count == events.poisonCount, "\(options)")
        #expect(uninterrupted[EngineProcess.views[0]].count > events.count / 10, "\(options)")
        #expect(uninterrupted[EngineProcess.views[1]].isEmpty == (events.count < 10_000), "\(options)")
        #expect(killed.parts.map(\.name) == uninterrupted.parts.map(\.name))
        for (one, other) in zip(killed.parts, uninterrupted.parts) where one.rows != other.rows {
            Issue.record("\(one.name): \(Self.difference(one.rows, other.rows)); repeat it with \(options)")
        }
    }

    private static func difference(_ killed: [String], _ uninterrupted: [String]) -> String {
        let changes = killed.difference(from: uninterrupted)
        func some(_ changes: [CollectionDifference<String>.Change]) -> String {
            changes.prefix(3).map { change in
                switch change {
                case .insert(_, let row, _), .remove(_, let row, _): "\n      \(row)"
                }
            }.joined()
        }
        return "\(killed.count) rows after kills, \(uninterrupted.count) without"
            + "\n  \(changes.insertions.count) only after kills:\(some(changes.insertions))"
            + "\n  \(changes.removals.count) only without kills:\(some(changes.removals))"
    }
}
