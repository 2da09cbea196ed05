import Base
import Foundation
import KafkaBrokers
import Testing

extension ProcessTests {
    /// `pioneer run --kafka`, on the broker that tests share.
    @Suite(.enabled(if: Brokers.hasKafka, Comment(rawValue: Brokers.skipped))) struct KafkaRunTests {
        private static let events = 6_000
        private static let partitions = 2

        /// The usage topology under names that nobody else uses: brokers are shared.
        private static func topology(in directory: TemporaryDirectory, _ name: String) throws -> String {
            let text = try String(contentsOfFile: EngineBinary.usage, encoding: .utf8)
                .replacing("topology: usage", with: "topology: \(name)")
                .replacing("topic: cloud.metrics", with: "topic: \(name).metrics")
                .replacing("topic: cloud.usage.hourly", with: "topic: \(name).hourly")
            return try directory.write(text, to: "\(name).yaml")
        }

        private static func options(_ topology: String, kafka: String) -> EngineProcess.Options {
            var options = EngineProcess.Options()
            options.topology = topology
            options.arguments += ["--kafka", kafka, "--session-timeout", "6s"]
            options.partitions = partitions
            return options
        }

        private func append(_ batches: some Sequence<[UInt8]>, to name: String, _ engine: EngineProcess) throws {
            for lines in batches {
                let answer = try HTTPExchange(
                    port: engine.port, method: "POST", target: "/api/v1/topics/\(name).metrics/records", body: lines, timeout: 60
                ).answer()
                #expect(answer.status == 200, "\(answer.text)")
            }
        }

        /// Until every record is read and every row is in its view, with the tasks here or elsewhere.
        private func waitUntilSettled(_ engine: EngineProcess) throws {
            try engine.reporting {
                try wait(upTo: 120, for: "everything to be read and projected") { () -> Void? in
                    let status = try engine.get("/api/v1/status").object()
                    let topology = try #require((status["topologies"] as? [[String: Any]])?.first)
                    let tasks = topology["tasks"] as? [[String: Any]] ?? [], views = topology["views"] as? [[String: Any]] ?? []
                    let areRunning = tasks.count == Self.partitions && tasks.allSatisfy { $0["phase"] as? String == "running" }
                    guard areRunning, topology["lag_records"] as? Int == 0 else { return nil }
                    // A partition's rows are all there when its watermark has followed the task's.
                    let reached = tasks.map { $0["watermark"] as? String ?? "" }
                    let areFilled = views.allSatisfy { view in
                        let partitions = view["partitions"] as? [[String: Any]] ?? []
                        return view["lag_records"] as? Int == 0 && partitions.map { $0["watermark"] as? String ?? "" } == reached
                    }
                    return areFilled && !reached.contains("") ? () : nil
                }
            }
        }

        private func rows(_ engine: EngineProcess) throws -> [[String]] {
            try waitUntilSettled(engine)
            return try EngineProcess.views.map { try engine.rows(of: $0) }
        }

        @Test func `an engine that is killed and started again ends with the rows of one that ran on`() throws {
            let directory = try TemporaryDirectory(), kafka = try Brokers.kafka()
            let events = EventFile(count: Self.events, seed: 31)
            let (killedName, calmName) = (Self.name("killed"), Self.name("calm"))
            let killed = try EngineProcess(
                in: directory, name: "killed", options: Self.options(try Self.topology(in: directory, killedName), kafka: kafka))
            try killed.start()
            for (number, batches) in events.batches.chunks(of: 3).enumerated() {
                try append(batches, to: killedName, killed)
                pause(milliseconds: 150 * number)
                try killed.kill()
                try killed.start()
            }
            let calm = try EngineProcess(
                in: directory, name: "calm", options: Self.options(try Self.topology(in: directory, calmName), kafka: kafka))
            try calm.start()
            try append(events.batches, to: calmName, calm)
            let wanted = try rows(calm), found = try rows(killed)
            for (found, wanted) in zip(found, wanted) {
                #expect(!wanted.isEmpty && found.count == wanted.count)
                let missing = Set(wanted).subtracting(found).sorted().prefix(3), further = Set(found).subtracting(wanted).sorted().prefix(3)
                #expect(missing.isEmpty && further.isEmpty)
            }
            for engine in [killed, calm] { #expect(try engine.stop() == .exited(0)) }
        }

        @Test func `a directory with a log of its own is refused for Kafka, and so is starting over`() throws {
            let directory = try TemporaryDirectory()
            let engine = try EngineProcess(in: directory)
            try engine.start()
            #expect(try engine.stop() == .exited(0))
            let refusal = try engine.refusal(["--kafka", "127.0.0.1:1"])
            #expect(refusal.ending == .exited(2) && refusal.words.contains("run.other_kind"))
            let over = try engine.refusal(["--kafka", "127.0.0.1:1", "--rebuild", "usage"])
            #expect(over.ending == .exited(2) && over.words.contains("run.rebuild_on_kafka"))
        }

        /// A topology's name: letters, digits and `_`.
        private static func name(_ what: String) -> String { Brokers.unique(what).replacing("-", with: "_") }
    }
}

extension Array {
    fileprivate func chunks(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
