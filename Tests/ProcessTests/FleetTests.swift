import Base
import Foundation
import Testing

extension ProcessTests {
    /// A fleet in an engine.
    @Suite struct FleetTests {
        let shell: Shell
        let engine: EngineProcess

        init() throws {
            shell = try Shell()
            var options = EngineProcess.Options()
            options.topology = EngineBinary.repository + "/topologies/fleet.yaml"
            engine = try EngineProcess(in: shell.directory, name: "engine", options: options)
        }

        private func run(_ words: String, interruptedAfter seconds: Int = 120) throws -> Shell.Outcome {
            try shell.run("pioneer fleet \(words)", interruptedAfter: seconds, environment: ["PIONEER_DATA_DIR": engine.data])
        }

        @Test func `a fleet that was interrupted is in the engine once, by the command it gave`() throws {
            try engine.start()
            let words = "--machines 150 --start 2026-01-05T00:00:00Z --until 2026-01-12T00:00:00Z"
            let interrupted = try run(words, interruptedAfter: 3)
            #expect(interrupted.status == 0, "\(interrupted.output)")
            if let command = interrupted.output.split(separator: "\n").first(where: { $0.contains("    pioneer fleet ") }) {
                let rest = try shell.run(String(command), interruptedAfter: 120, environment: ["PIONEER_DATA_DIR": engine.data])
                #expect(rest.status == 0, "\(rest.output)")
            }
            #expect(try run(words).output.contains("there already"))
            #expect(try run(words + " --output all.jsonl").status == 0)
            let all = try String(contentsOfFile: shell.directory.path + "/all.jsonl", encoding: .utf8).utf8.count { $0 == 10 }
            let ends = try engine.ends()
            #expect(ends["cloud.metrics"]?.reduce(0, +) == all)
            #expect(ends["cloud.machines"]?.reduce(0, +) == 150)
            #expect(try engine.stop() == .exited(0))
        }

        @Test func `a live fleet that was stopped goes on with its next step`() throws {
            try engine.start()
            // Paced, so that the history's last batch is a full one and leaves no trace of where it ended.
            let start = EventTime(microseconds: Int64(Date().timeIntervalSince1970) * 1_000_000) - .hours(2)
            let words = "--machines 5 --start \(start) --live-every 1s --speed 1000000"
            var counts: [Int] = []
            for _ in 1...2 {
                #expect(try run(words, interruptedAfter: 3).status == 0)
                counts.append(try #require(try engine.ends()["cloud.metrics"]).reduce(0, +))
            }
            // The history alone would be 216,000 live events.
            #expect(counts[1] > counts[0] && counts[1] < counts[0] + 10_000, "\(counts)")
            #expect(try engine.stop() == .exited(0))
        }

        @Test func `a fleet says what it misses`() throws {
            let nobody = try run("--to http://127.0.0.1:\(engine.port)")
            #expect(nobody.status == 3 && nobody.output.contains("client.engine_unreachable"), "\(nobody.output)")
            engine.options.topology = EngineBinary.usage
            try engine.start()
            let unread = try run("")
            #expect(unread.status == 2 && unread.output.contains("topologies/fleet.yaml"), "\(unread.output)")
            #expect(try engine.stop() == .exited(0))
        }
    }
}
