import Base
import Foundation
import Testing

extension ProcessTests {
    @Suite struct ChangedTopologyTests {
        let directory: TemporaryDirectory
        let engine: EngineProcess

        init() throws {
            directory = try TemporaryDirectory()
            engine = try EngineProcess(in: directory)
        }

        /// A measurement a minute of one machine, over half an hour and a little.
        private static let lines = (0..<32).map { minute in
            let time = "2026-01-05T10:\(minute < 10 ? "0" : "")\(minute):00Z"
            return "{\"resource_id\":\"i-1\",\"observed_at\":\"\(time)\",\"metric\":\"m\",\"value\":\(minute)}"
        }

        private func append(_ lines: [String]) throws {
            #expect(try engine.append(lines.joined(separator: "\n") + "\n").status == 200)
            try engine.waitUntilSettled()
        }

        @Test func `a changed window is refused with the remedy, and rebuilding gives the new rows`() throws {
            let usage = try String(contentsOfFile: EngineBinary.usage, encoding: .utf8)
            engine.options.topology = try directory.write(usage, to: "usage.yaml")
            try engine.start()
            try append(Self.lines)
            let before = try engine.rows(of: EngineProcess.views[0])
            #expect(before.count == 6)
            #expect(try engine.stop() == .exited(0))

            _ = try directory.write(usage.replacing("tumbling: 5m", with: "tumbling: 10m"), to: "usage.yaml")
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(2))
            #expect(words.contains("--rebuild usage") && words.contains("topology.change_not_approved"), "\(words)")

            _ = try directory.write(usage, to: "usage.yaml")
            try engine.start()
            #expect(try engine.rows(of: EngineProcess.views[0]) == before)
            #expect(try engine.stop() == .exited(0))

            _ = try directory.write(usage.replacing("tumbling: 5m", with: "tumbling: 10m"), to: "usage.yaml")
            try engine.start(["--rebuild", "usage"])
            try engine.waitUntilSettled()
            let after = try engine.rows(of: EngineProcess.views[0])
            #expect(after.count == 3)
            #expect(after.allSatisfy { $0.contains("\"samples\":10") }, "\(after)")
            // Once is enough: the next start goes on from what was rebuilt.
            #expect(try engine.stop() == .exited(0))
            try engine.start()
            try engine.waitUntilSettled()
            #expect(try engine.rows(of: EngineProcess.views[0]) == after)
        }

        /// The views go first and are filled again from their topics, whatever of the rest was forgotten.
        @Test func `a rebuild that is killed leaves all rows, made before or anew`() throws {
            let events = EventFile(count: 6_000, seed: 3)
            try engine.start()
            for batch in events.batches { #expect(try engine.append(String(decoding: batch, as: UTF8.self)).status == 200) }
            func parts() throws -> [[String]] {
                try engine.waitUntilSettled()
                return try EngineProcess.views.map(engine.rows) + [engine.records(of: EngineProcess.deadLetters)]
            }
            let before = try parts()
            #expect(before[0].count > 1_000)
            var random = SeededRandom(seed: 3)
            for _ in 0..<5 {
                #expect(try engine.stop() == .exited(0))
                try engine.launch(["--rebuild", "usage"])
                pause(milliseconds: random.below(500))
                try engine.kill()
                try engine.start()
                #expect(try parts() == before)
            }
        }

        @Test func `a poison record among many changes nothing but its dead letter and the counter`() throws {
            try engine.start()
            try append(Self.lines)
            let rows = try engine.rows(of: EngineProcess.views[0])
            #expect(try engine.deadLetterCount() == 0)

            let other = try EngineProcess(in: directory, name: "other")
            try other.start()
            let poison = "{\"resource_id\":\"i-1\",\"observed_at\":\"2026-01-05T10:20:00Z\",\"metric\":\"m\",\"value\":\"high\"}"
            let lines = Self.lines[..<20] + [poison] + Self.lines[20...]
            #expect(try other.append(lines.joined(separator: "\n") + "\n").status == 200)
            try other.waitUntilSettled()
            #expect(try other.rows(of: EngineProcess.views[0]) == rows)
            #expect(try other.deadLetterCount() == 1)
            #expect(try other.records(of: EngineProcess.deadLetters) == ["decode.wrong_type \"key\":\"i-1\",\"value\":\(poison)"])
        }
    }
}
