import Base
import Foundation
import KafkaBrokers
import PostgresServer
import Testing

extension PostgresProcessTests {
    /// Views that are rebuilt by two engines, with what may happen to them meanwhile.
    @Suite(
        .enabled(if: Postgres.hasOwn, "\(Postgres.skippedOwn)"), .enabled(if: Brokers.hasFaultBroker, "\(Brokers.skippedFaults)"),
        .enabled(if: Kcat.path != nil, "\(Kcat.skipped)"))
    struct RebuildShowTests {
        private let broker: FaultBroker
        private let server: PostgresServer

        init() throws {
            broker = try FaultBroker()
            server = try Postgres.own()
        }

        private static let held = """
            SELECT 1 FROM pg_locks WHERE mode = 'ShareLock' AND granted AND relation = 'pioneer.minutes'::regclass
            """
        /// Ends whoever holds it.
        private static let release = """
            SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'ShareLock' AND granted AND relation = 'pioneer.minutes'::regclass
            """
        private static let awaited = """
            SELECT 1 FROM pg_stat_activity WHERE query LIKE 'DELETE FROM%minutes%' AND wait_event_type = 'Lock'
            """

        private func awaitEnd(_ show: PostgresShow, number: Int) throws {
            try wait(upTo: 120, for: "rebuild \(number) to end" + show.kafka.tails) {
                let rebuild = try show.rebuild("GET")
                return rebuild["number"] as? Int == number && rebuild["state"] as? String == "done" ? () : nil
            }
        }

        @Test func `A view that other hands have spoilt is rebuilt by two engines, whoever is killed meanwhile`() throws {
            let show = try PostgresShow(broker, server) { $0.events /= 2 }
            var random = SeededRandom(seed: show.kafka.options.seed &+ 3)
            try show.kafka.join()
            try show.kafka.join()
            for round in 0...show.kafka.options.kills {
                try show.kafka.write(upTo: Double(round + 1) / Double(show.kafka.options.kills + 2))
                pause(milliseconds: 300)
                try show.spoil()
                #expect(try show.rebuild("POST")["number"] as? Int == round + 1)
                pause(milliseconds: random.below(1_500))
                let victim = show.kafka.engines[random.below(2)]
                if round % 3 == 2 {
                    try server.kill()
                    try server.start()
                } else {
                    try victim.kill()
                    try victim.start()
                }
                try awaitEnd(show, number: round + 1)
            }
            try show.kafka.finish()
            try show.expectReference()
        }

        @Test func `Engines that are killed while the new rows go over leave the old ones or the new ones`() throws {
            let show = try PostgresShow(broker, server) { $0.events /= 2 }
            let first = try show.kafka.join(), second = try show.kafka.join()
            try show.kafka.finish()
            try show.settle()
            try show.spoil()
            let spoilt = try show.rows()
            // Rows cannot go over while somebody reads them under this lock, which is longer than anything here takes.
            let database = show.database
            let holder = Thread {
                _ = try? database.sql("BEGIN; LOCK TABLE pioneer.minutes IN SHARE MODE; SELECT pg_sleep(600); COMMIT")
            }
            holder.start()
            try wait(upTo: 20, for: "the lock") {
                try server.sql(Self.held, in: database.name).isEmpty ? nil : ()
            }
            _ = try show.rebuild("POST")
            try wait(upTo: 90, for: "an engine that waits for the lock" + show.kafka.tails) {
                try server.sql(Self.awaited, in: database.name).isEmpty ? nil : ()
            }
            try first.kill()
            try second.kill()
            try server.sql(Self.release, in: database.name)
            try wait(upTo: 30, for: "the lock to be free") {
                try server.sql(Self.held, in: database.name).isEmpty ? () : nil
            }
            #expect(try show.rows() == spoilt)
            try first.start()
            try second.start()
            try awaitEnd(show, number: 1)
            try show.expectReference()
        }

        @Test func `A rebuild that is given up leaves the rows as they are`() throws {
            let show = try PostgresShow(broker, server) { $0.events /= 4 }
            try show.kafka.join()
            try show.kafka.finish()
            try show.settle()
            let begun = try show.rebuild("POST")
            if begun["state"] as? String == "running", let given = try? show.rebuild("DELETE") {
                #expect(["cancelled", "done"].contains(given["state"] as? String ?? ""))
            }
            try show.expectReference()
        }
    }
}
