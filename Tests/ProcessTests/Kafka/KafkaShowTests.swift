import Base
import Foundation
import KafkaBrokers
import Testing

extension KafkaProcessTests {
    /// On any Kafka. More kills by `PIONEER_CRASH_KILLS`.
    @Suite(.enabled(if: Brokers.hasKafka, "\(Brokers.skipped)"), .enabled(if: Kcat.path != nil, "\(Kcat.skipped)"))
    struct KafkaTests {
        @Test func `Engines that share a topology write each row once, from the partitions of murmur2`() throws {
            var options = KafkaShow.Options()
            options.events /= 4
            let show = try KafkaShow(Brokers.kafka(), options)
            try show.join()
            try show.join()
            try show.finish()
            try show.settle()
            try show.expectReference()
        }

        @Test func `A topic that a client has filled in turn gives the same rows, whatever its number of partitions`() throws {
            var options = KafkaShow.Options()
            options.events /= 4
            options.rekeyed = 6
            let show = try KafkaShow(Brokers.kafka(), options)
            try show.join()
            try show.write(upTo: 0.5)
            try show.join()
            try show.finish()
            try show.settle()
            try show.expectReference()
        }
    }

    /// On the fault broker, whose sessions end and whose group checks who commits.
    @Suite(.enabled(if: Brokers.hasFaultBroker, "\(Brokers.skippedFaults)"), .enabled(if: Kcat.path != nil, "\(Kcat.skipped)"))
    struct KafkaCrashTests {
        private let broker: FaultBroker

        init() throws { broker = try FaultBroker() }

        private func show(_ change: (inout KafkaShow.Options) -> Void = { _ in }) throws -> KafkaShow {
            var options = KafkaShow.Options()
            options.session = 2
            change(&options)
            return try KafkaShow(broker.address, options)
        }

        @Test func `Engines that are killed, stopped and woken write each row once`() throws {
            let show = try show()
            try show.crash()
            try show.expectReference()
        }

        @Test func `They do so when connections are cut, answers lost, commits failed and late, and markers late`() throws {
            let show = try show { $0.kills = max(1, $0.kills * 2 / 3) }
            let calm = { _ = try self.broker.tell("reset") }
            try show.crash({ random in
                let troubles = [
                    ["disconnect-all"], ["drop-response EndTxn 2"], ["drop-request EndTxn 2"], ["error EndTxn 51 3"],
                    ["error EndTxn 48"], ["error AddPartitionsToTxn 49"], ["drop-response TxnOffsetCommit 2", "drop-response Produce 2"],
                    ["error TxnOffsetCommit 14 2"], ["latency EndTxn 6000"], ["delay-markers 800 1200"],
                    ["drop-response AddOffsetsToTxn", "drop-request InitProducerId", "error FindCoordinator 15"],
                ]
                try calm()
                for _ in 0..<2 { for command in troubles[random.below(troubles.count)] { try self.broker.tell(command) } }
            }, calm: calm)
            try show.expectReference()
        }

        @Test(arguments: [false, true])
        func `An engine that joins gets tasks, and when it leaves the others have them again`(isDynamic: Bool) throws {
            let show = try show {
                $0.isDynamic = isDynamic
                $0.events /= 2
            }
            let first = try show.join(), second = try show.join()
            try show.write(upTo: 0.3)
            let third = try show.join()
            try wait(upTo: 60, for: "the third engine to have a task" + show.tails) { show.tasks(of: third).isEmpty ? nil : () }
            try show.write(upTo: 0.6)
            pause(milliseconds: 500)
            let watch = Stopwatch()
            #expect(try third.stop() == .exited(0), "\(third.tail)")
            try wait(upTo: 60, for: "its tasks to be taken over" + show.tails) {
                show.tasks(of: first).count + show.tasks(of: second).count == 4 ? () : nil
            }
            print("\(isDynamic ? "dynamic" : "static") membership: taken over \(watch.elapsedSeconds) s after the order to stop")
            try show.finish()
            try show.settle()
            try show.expectReference()
        }

        @Test func `A record in the wrong partition is a dead letter that names the remedy, and the others go on`() throws {
            let show = try show { $0.events = 400 }
            try show.join()
            // All of the first machine's to one partition, whichever is right.
            let wrong = (0..<4).map { "-p\($0)" }
            let line = "i-wrong|{\"resource_id\":\"i-wrong\",\"observed_at\":1748736000000,\"metric\":\"m\",\"value\":1}"
            for partition in wrong { try Kcat.produce([line], to: show.input.source, at: broker.address, further: [partition]) }
            try wait(upTo: 60, for: "the dead letters" + show.tails) {
                try Kcat.values(show.input.deadLetters, at: broker.address).count == 3 ? () : nil
            }
            let headers = try Kcat.run(
                ["-C", "-t", show.input.deadLetters, "-o", "beginning", "-e", "-q", "-f", "%h\n"], at: broker.address)
            #expect(headers.components(separatedBy: "source.wrong_partition").count == 4, "\(headers)")
            #expect(headers.contains("append it with its key, or give source 'metrics' 'rekey: true'"), "\(headers)")
        }
    }
}
