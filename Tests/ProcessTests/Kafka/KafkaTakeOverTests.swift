import Foundation
import KafkaBrokers
import Testing

extension KafkaProcessTests {
    /// On the fault broker, whose sessions end and which fences a static member that comes twice.
    @Suite(.enabled(if: Brokers.hasFaultBroker, "\(Brokers.skippedFaults)"), .enabled(if: Kcat.path != nil, "\(Kcat.skipped)"))
    struct KafkaTakeOverTests {
        private let broker: FaultBroker

        init() throws { broker = try FaultBroker() }

        private func show(_ change: (inout KafkaShow.Options) -> Void = { _ in }) throws -> KafkaShow {
            var options = KafkaShow.Options()
            options.session = 2
            options.events /= 2
            change(&options)
            return try KafkaShow(broker.address, options)
        }

        /// What an engine's log says of an event, a line each.
        private func events(_ name: String, of engine: EngineProcess) -> [[String: Any]] {
            engine.log.split(separator: "\n").compactMap { line in
                let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return object?["event"] as? String == name ? object : nil
            }
        }

        @Test func `An engine that stands by takes over the tasks of one that was killed, from its own copy of their state`() throws {
            let show = try show {
                $0.isStandby = true
                $0.session = 3
            }
            let first = try show.join(), second = try show.join()
            try wait(upTo: 60, for: "both engines to have tasks" + show.tails) {
                show.tasks(of: first).count == 2 && show.tasks(of: second).count == 2 ? () : nil
            }
            let theirs = show.tasks(of: first)
            try wait(upTo: 60, for: "copies of the other's tasks" + show.tails) {
                show.copyLags(of: second) == Dictionary(uniqueKeysWithValues: theirs.map { ($0, 0) }) ? () : nil
            }
            let taken = theirs.map { "\(show.input.name)/\($0)" }
            let before = events("restore_started", of: second).count
            try show.write(upTo: 0.7)
            try wait(upTo: 60, for: "rows of all partitions" + show.tails) { try show.committed().count > 100 ? () : nil }
            try first.kill()
            try show.awaitMove(from: first)
            try show.finish()
            try show.settle()
            let restores = events("restore_started", of: second).dropFirst(before).filter { taken.contains($0["task"] as? String ?? "") }
            #expect(Set(restores.compactMap { $0["task"] as? String }) == Set(taken), "\(second.tail)")
            for restore in restores {
                #expect(restore["reason"] == nil && restore["from"] as? Int ?? 0 > 0, "\(restore)")
            }
            try show.expectReference()
        }

        @Test func `Of two engines on copies of one data directory one ends and says why, and without its name it takes part`() throws {
            let show = try show()
            let first = try show.join()
            try show.write(upTo: 0.3)
            try wait(upTo: 60, for: "the tasks" + show.tails) { show.tasks(of: first).count == 4 ? () : nil }
            #expect(try first.stop() == .exited(0), "\(first.tail)")
            let copy = try show.join(copying: first)
            try wait(upTo: 60, for: "the tasks" + show.tails) { show.tasks(of: copy).count == 4 ? () : nil }
            try show.write(upTo: 0.5)
            // The later of the two has the name.
            try first.start()
            #expect(try copy.waitForEnding() == .exited(2), "\(copy.tail)")
            #expect(copy.log.contains("kafka.instance_fenced") && copy.log.contains("delete the file 'instance'"), "\(copy.tail)")
            try show.write(upTo: 0.7)
            try FileManager.default.removeItem(atPath: copy.data + "/instance")
            try copy.start()
            try wait(upTo: 60, for: "both engines to have tasks" + show.tails) {
                show.tasks(of: first).count == 2 && show.tasks(of: copy).count == 2 ? () : nil
            }
            try show.finish()
            try show.settle()
            try show.expectReference()
        }

        @Test func `A record that no record of the state could hold is a dead letter, and the others go on`() throws {
            let show = try show {
                $0.events = 400
                $0.kafka = ["message.max.bytes": "100000"]
            }
            try show.join()
            // The right partition is one of the four: there the key is too long to count by, elsewhere it has no place.
            let machine = String(repeating: "m", count: 150_000)
            let line = "\(machine)|{\"resource_id\":\"\(machine)\",\"observed_at\":1748736000000,\"metric\":\"m\",\"value\":1}"
            for partition in 0..<4 { try Kcat.produce([line], to: show.input.source, at: broker.address, further: ["-p\(partition)"]) }
            try wait(upTo: 60, for: "the dead letters" + show.tails) {
                try Kcat.values(show.input.deadLetters, at: broker.address).count == 4 ? () : nil
            }
            let headers = try Kcat.run(
                ["-C", "-t", show.input.deadLetters, "-o", "beginning", "-e", "-q", "-f", "%h\n"], at: broker.address)
            #expect(headers.components(separatedBy: "source.wrong_partition").count == 4)
            #expect(headers.components(separatedBy: "operator.state_too_large").count == 2)
            #expect(headers.contains("raise message.max.bytes"), "\(headers.suffix(1_000))")
            try show.finish()
            try show.settle()
            try show.expectReference()
        }
    }
}
