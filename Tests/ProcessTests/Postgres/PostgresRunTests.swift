import Base
import Foundation
import PostgresServer
import Testing

extension PostgresProcessTests {
    /// An engine with a log of its own, and views in PostgreSQL.
    @Suite(.enabled(if: Postgres.isHere, "\(Postgres.skipped)"))
    struct PostgresRunTests {
        private let directory: TemporaryDirectory
        private let engine: EngineProcess

        init() throws {
            directory = try TemporaryDirectory()
            engine = try EngineProcess(in: directory)
        }

        private func views() throws -> [[String]] { try EngineProcess.views.map { try engine.rows(of: $0) } }

        private func append(_ batches: ArraySlice<[UInt8]>) throws {
            for batch in batches { #expect(try engine.append(String(decoding: batch, as: UTF8.self)).status == 200) }
        }

        @Test func `views move from the file to PostgreSQL and back, each filled from the log, and are rebuilt there`() throws {
            let database = try Postgres.database()
            let events = EventFile(count: 8_000, seed: 7)
            try engine.start()
            try append(events.batches.prefix(events.batches.count / 2))
            try engine.waitUntilSettled()
            let before = try views()
            #expect(try engine.stop() == .exited(0))

            engine.options.environment["PIONEER_POSTGRES"] = database.url
            try engine.start()
            try engine.waitUntilSettled()
            #expect(try views() == before)
            try append(events.batches.dropFirst(events.batches.count / 2))
            try engine.waitUntilSettled()
            let after = try views()
            #expect(after != before)
            let count = try database.sql("SELECT count(*) FROM pioneer.resource_metrics")
            #expect(count == ["\(after[0].count)"])

            try database.sql("DELETE FROM pioneer.resource_metrics WHERE samples % 2 = 0")
            #expect(try engine.rows(of: EngineProcess.views[0]) != after[0])
            let shell = try Shell()
            let rebuilt = try shell.run("pioneer views rebuild resource_metrics --to http://127.0.0.1:\(engine.port)", interruptedAfter: 60)
            #expect(rebuilt.status == 0 && rebuilt.output.contains("was rebuilt"), "\(rebuilt.output)")
            #expect(try views() == after)
            #expect(try engine.stop() == .exited(0))

            engine.options.environment["PIONEER_POSTGRES"] = nil
            try engine.start()
            try engine.waitUntilSettled()
            #expect(try views() == after)
            let onFile = try shell.run("pioneer views rebuild resource_metrics --to http://127.0.0.1:\(engine.port)", interruptedAfter: 60)
            #expect(onFile.status == 0, "\(onFile.output)")
            #expect(try views() == after)
            #expect(try engine.stop() == .exited(0))
            #expect(!engine.log.contains(database.url) && !engine.log.contains("p@ss"))
        }

        @Test(.enabled(if: Postgres.hasOwn, "\(Postgres.skippedOwn)"))
        func `an engine waits for PostgreSQL at the start, and goes on without it while it runs`() throws {
            let server = try Postgres.own(), database = try server.makeDatabase()
            engine.options.environment["PIONEER_POSTGRES"] = database.url
            try server.stop()
            try engine.launch()
            try wait(upTo: 60, for: "two tries") { engine.log.components(separatedBy: "postgres_awaited").count > 2 ? () : nil }
            #expect(engine.isRunning)
            try server.start()
            try engine.waitForHealth()
            let events = EventFile(count: 4_000, seed: 9)
            try server.kill()
            try append(events.batches[...])
            try wait(upTo: 60, for: "the trouble to be told" + engine.tail) {
                try engine.get("/health").text.contains("view.unreachable") ? () : nil
            }
            let shell = try Shell()
            let status = try shell.run("pioneer status --to http://127.0.0.1:\(engine.port)", interruptedAfter: 30)
            #expect(status.status == 0 && status.output.contains("stands still"), "\(status.output)")
            try server.start()
            try engine.waitUntilSettled()
            #expect(try engine.rows(of: EngineProcess.views[0]).isEmpty == false)
            try wait(upTo: 30, for: "the trouble to be over") {
                try engine.get("/health").text.contains("view.unreachable") ? nil : ()
            }
            #expect(engine.log.contains("projection_recovered"))
            #expect(try engine.stop() == .exited(0))
        }

        @Test func `a wrong password ends the start with the remedy, and is not shown`() throws {
            let database = try Postgres.database()
            engine.options.environment["PIONEER_POSTGRES"] = database.url.replacing("p%40ss", with: "hush%40ss")
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(3))
            #expect(words.contains("view.denied") && !words.contains("hush"), "\(words)")
        }
    }
}
