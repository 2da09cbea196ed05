import Base
import Foundation
import KafkaBrokers
import Testing

extension KafkaProcessTests {
    /// Changed topologies of an engine on Kafka.
    @Suite(.enabled(if: Brokers.hasKafka, Comment(rawValue: Brokers.skipped))) struct KafkaUpgradeTests {
        @Test func `state goes on under another name, and what loses some is done under its own hash alone`() throws {
            let directory = try TemporaryDirectory(), kafka = try Brokers.kafka(), runs = KafkaRunTests()
            let events = EventFile(count: 2_000, seed: 33), half = events.batches.count / 2
            let (name, calmName) = (KafkaRunTests.name("up"), KafkaRunTests.name("calm"))
            let file = try KafkaRunTests.topology(in: directory, name), calmFile = try KafkaRunTests.topology(in: directory, calmName)
            let engine = try EngineProcess(in: directory, name: "up", options: KafkaRunTests.options(file, kafka: kafka))
            func plan() throws -> PlanCall { try PlanCall(engine, ["--kafka", kafka]) }
            func change(_ file: String, _ body: (String) -> String) throws {
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try body(text).write(toFile: file, atomically: true, encoding: .utf8)
            }
            try engine.start()
            try runs.append(events.batches.prefix(half), to: name, engine)
            try runs.waitUntilSettled(engine)
            #expect(try engine.stop() == .exited(0))
            for path in [file, calmFile] {
                try change(path) {
                    $0.replacing("usage_5m", with: "per_5m").replacing("  per_5m:\n", with: "  per_5m:\n    renamed_from: usage_5m\n")
                        .replacing("      last: last(value)\n", with: "").replacing("      last: last(last)\n", with: "")
                }
            }
            let renamed = try plan()
            #expect(renamed.ending == .exited(0) && renamed.words.contains("migrate  stream per_5m"), "\(renamed.words)")
            try engine.start()
            try runs.append(events.batches.dropFirst(half), to: name, engine)
            let calm = try EngineProcess(in: directory, name: "calm", options: KafkaRunTests.options(calmFile, kafka: kafka))
            try calm.start()
            try runs.append(events.batches, to: calmName, calm)
            let wanted = try runs.rows(calm)
            #expect(try !wanted[0].isEmpty && runs.rows(engine) == wanted)
            for engine in [engine, calm] { #expect(try engine.stop() == .exited(0)) }

            let whole = try String(contentsOfFile: file, encoding: .utf8)
            let start = try #require(whole.range(of: "  \(EngineProcess.views[1]):"))
            try change(file) { _ in String(whole[..<start.lowerBound]) }
            let dropping = try plan()
            #expect(dropping.ending == .exited(1) && dropping.words.contains("drop     view \(EngineProcess.views[1])"), "\(dropping.words)")
            #expect(dropping.words.contains("\(wanted[1].count) row"), "\(dropping.words)")
            for approval in [[], ["--approve", "0123456789abcdef"]] {
                let refusal = try engine.refusal(approval)
                #expect(refusal.ending == .exited(2) && refusal.words.contains("topology.change_not_approved"), "\(refusal.words)")
            }
            try engine.start(["--approve", dropping.hash()])
            try wait(upTo: 60, for: "the plan to be carried out" + engine.tail) { try plan().ending == .exited(0) ? () : nil }
            #expect(try engine.rows(of: EngineProcess.views[0]) == wanted[0])
            #expect(try engine.stop() == .exited(0))
            // What was approved then approves nothing else.
            try change(file) { $0.replacing("tumbling: 5m", with: "tumbling: 10m") }
            let stale = try engine.refusal(["--approve", dropping.hash()])
            #expect(stale.ending == .exited(2) && stale.words.contains("topology.change_not_approved"), "\(stale.words)")
            // And the view comes back empty.
            try change(file) { _ in whole }
            try engine.start()
            #expect(try runs.rows(engine)[1].isEmpty)
            #expect(try engine.stop() == .exited(0))
        }
    }
}
