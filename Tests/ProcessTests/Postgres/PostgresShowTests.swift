import Base
import Foundation
import KafkaBrokers
import PostgresServer
import Testing

extension PostgresProcessTests {
    /// Each on a fault broker and a PostgreSQL of its own. More kills by `PIONEER_CRASH_KILLS`.
    @Suite(
        .enabled(if: Postgres.hasOwn, "\(Postgres.skippedOwn)"), .enabled(if: Brokers.hasFaultBroker, "\(Brokers.skippedFaults)"),
        .enabled(if: Kcat.path != nil, "\(Kcat.skipped)"))
    struct PostgresCrashTests {
        private let broker: FaultBroker
        private let server: PostgresServer

        init() throws {
            broker = try FaultBroker()
            server = try Postgres.own()
        }

        @Test func `Views are exact when PostgreSQL is killed, crashes, restarts and loses connections, and engines are killed`() throws {
            let show = try PostgresShow(broker, server)
            var random = SeededRandom(seed: show.kafka.options.seed &+ 2)
            try show.kafka.join()
            try show.kafka.join()
            let kills = show.kafka.options.kills
            for kill in 0..<(kills + 1) {
                try show.kafka.write(upTo: Double(kill + 1) / Double(kills + 2))
                pause(milliseconds: 100 + random.below(600))
                let victim = show.kafka.engines[random.below(2)]
                let isEngineKilled = random.below(2) == 0
                if isEngineKilled { try victim.kill() }
                switch kill % 4 {
                case 0:
                    try server.kill()
                    pause(milliseconds: random.below(1_500))
                    try server.start()
                case 1: for _ in 0..<5 { try show.database.terminateConnections() }
                case 2: try server.crash()
                default:
                    try server.stop()
                    pause(milliseconds: random.below(1_500))
                    try server.start()
                }
                if isEngineKilled { try victim.start() }
            }
            try show.kafka.finish()
            try show.expectReference()
        }

        @Test(.enabled(if: SmallTablespace.isPermitted, "\(SmallTablespace.skipped)"))
        func `A full disk stops the view and nothing else, is told, and passes, also with engines killed`() throws {
            let space = try server.makeTablespace(megabytes: 24)
            let show = try PostgresShow(broker, server, tablespace: space.name)
            let first = try show.kafka.join(), second = try show.kafka.join()
            try show.kafka.write(upTo: 0.3)
            try space.fill()
            try show.kafka.finish()
            // What goes on: tasks and outputs, to the end.
            try show.kafka.settle()
            try wait(upTo: 90, for: "an engine to tell of the full disk" + show.kafka.tails) {
                try space.fill()
                return [first, second].contains { PostgresShow.trouble($0) == "view.disk_full" } ? () : nil
            }
            try first.kill()
            try first.start()
            #expect(try second.get("/health").text.contains("running"))
            space.free()
            try show.expectReference()
            #expect(first.log.contains("projection_recovered") || second.log.contains("projection_recovered"))
        }

        @Test func `An engine that was taken for dead moves no position back`() throws {
            let show = try PostgresShow(broker, server)
            let zombie = try show.kafka.join()
            try show.kafka.write(upTo: 0.3)
            try wait(upTo: 60, for: "rows of the first engine") { try show.positions().count == show.kafka.options.partitions ? () : nil }
            try zombie.freeze()
            try show.kafka.join()
            try show.kafka.awaitMove(from: zombie)
            try show.kafka.write(upTo: 0.8)
            var last = try show.positions()
            zombie.wake()
            try show.kafka.finish()
            for _ in 0..<40 {
                let now = try show.positions()
                for (partition, next) in last { #expect(now[partition] ?? 0 >= next, "partition \(partition)") }
                last = now
            }
            try show.expectReference()
        }

        @Test func `A lost database is filled again from the log, while engines run and between runs`() throws {
            let show = try PostgresShow(broker, server) { $0.events /= 2 }
            let first = try show.kafka.join(), second = try show.kafka.join()
            try show.kafka.write(upTo: 0.6)
            try wait(upTo: 60, for: "rows") { try show.rows().isEmpty ? nil : () }
            try show.database.drop()
            pause(milliseconds: 500)
            try show.database.makeAgain()
            try show.kafka.finish()
            try show.settle()
            // Now that all is quiet: nothing comes that would fail.
            try show.database.drop()
            try show.database.makeAgain()
            try show.settle()
            for engine in [first, second] { #expect(try engine.stop() == .exited(0)) }
            try show.database.drop()
            try show.database.makeAgain()
            try first.start()
            try show.expectReference()
        }
    }
}
