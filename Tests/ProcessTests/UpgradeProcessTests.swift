import Base
import Foundation
import Testing

extension ProcessTests {
    @Suite struct UpgradeProcessTests {
        let directory: TemporaryDirectory
        let engine: EngineProcess
        let usage: String

        init() throws {
            directory = try TemporaryDirectory()
            engine = try EngineProcess(in: directory)
            usage = try String(contentsOfFile: EngineBinary.usage, encoding: .utf8)
            engine.options.topology = try directory.write(usage, to: "usage.yaml")
        }

        private func append(minutes: Range<Int>) throws {
            let lines = minutes.map { minute in
                let time = "2026-01-05T1\(minute / 60):\(minute % 60 < 10 ? "0" : "")\(minute % 60):00Z"
                return "{\"resource_id\":\"i-1\",\"observed_at\":\"\(time)\",\"metric\":\"m\",\"value\":\(minute)}\n"
            }
            #expect(try engine.append(lines.joined()).status == 200)
            try engine.waitUntilSettled()
        }

        private func plan(_ text: String) throws -> (ending: ChildProcess.Ending, words: String) {
            let file = try directory.write(text, to: "usage.yaml")
            let log = "\(directory.path)/plan.log"
            try? FileManager.default.removeItem(atPath: log)
            let arguments = [try EngineBinary.path(), "plan", file, "--schemas", EngineBinary.schemas, "--data", engine.data]
            let process = try ChildProcess(arguments, environment: [:], output: log)
            let ending = try process.waitForEnding(upTo: 60)
            return (ending, String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self))
        }

        private func hash(in words: String) throws -> String {
            let found = try #require(words.firstMatch(of: /--approve ([0-9a-f]{16})/))
            return String(found.output.1)
        }

        @Test func `a plan is told by the engine and by its directory alike, and only the approved one is done`() throws {
            #expect(try plan(usage).ending == .exited(0))
            try engine.start()
            try append(minutes: 0..<32)
            let before = try engine.rows(of: EngineProcess.views[0])
            #expect(before.count == 6)
            let wider = usage.replacing("tumbling: 5m", with: "tumbling: 10m")
            let running = try plan(wider)
            #expect(running.ending == .exited(1) && running.words.contains("rebuild  stream usage_5m"), "\(running.words)")
            #expect(!running.words.contains(/(?m)^(?! *pioneer run).{81,}/), "\(running.words)")
            #expect(try engine.stop() == .exited(0))
            let stopped = try plan(wider)
            #expect(try stopped.ending == .exited(1) && hash(in: stopped.words) == hash(in: running.words), "\(stopped.words)")

            let (ending, words) = try engine.refusal(["--approve", "0123456789abcdef"])
            #expect(ending == .exited(2) && words.contains("topology.change_not_approved") && words.contains("0123456789abcdef"), "\(words)")
            _ = try directory.write(usage, to: "usage.yaml")
            try engine.start()
            #expect(try engine.rows(of: EngineProcess.views[0]) == before)
            #expect(try engine.stop() == .exited(0))

            let approved = try hash(in: stopped.words)
            _ = try directory.write(wider, to: "usage.yaml")
            try engine.start(["--approve", approved])
            try engine.waitUntilSettled()
            let after = try engine.rows(of: EngineProcess.views[0])
            #expect(after.count == 3 && after.allSatisfy { $0.contains("\"samples\":10") }, "\(after)")
            // What was approved is done: the same call goes on from it.
            #expect(try engine.stop() == .exited(0))
            try engine.start(["--approve", approved])
            #expect(try engine.rows(of: EngineProcess.views[0]) == after)
            let again = try plan(wider)
            #expect(again.ending == .exited(0) && again.words.contains("goes on as it is"), "\(again.words)")
        }

        @Test func `a renamed stream with fewer aggregates keeps its open window through a kill`() throws {
            try engine.start()
            try append(minutes: 0..<8)
            #expect(try engine.stop() == .exited(0))
            let renamed = usage.replacing("usage_5m", with: "per_5m").replacing("  per_5m:\n", with: "  per_5m:\n    renamed_from: usage_5m\n")
                .replacing("      last: last(value)\n", with: "").replacing("      last: last(last)\n", with: "")
            let told = try plan(renamed)
            #expect(told.ending == .exited(0) && told.words.contains("migrate  stream per_5m"), "\(told.words)")
            try engine.launch()
            pause(milliseconds: 300)
            try engine.kill()
            try engine.start()
            try append(minutes: 8..<32)
            let rows = try engine.rows(of: EngineProcess.views[0])
            #expect(rows.count == 6 && rows.allSatisfy { $0.contains("\"samples\":5") }, "\(rows)")
        }

        @Test func `a view that is dropped goes with its rows, when that was approved`() throws {
            try engine.start()
            try append(minutes: 0..<75)
            #expect(try engine.rows(of: EngineProcess.views[1]).count == 1)
            #expect(try engine.stop() == .exited(0))
            let start = try #require(usage.range(of: "  \(EngineProcess.views[1]):"))
            let without = String(usage[..<start.lowerBound])
            let told = try plan(without)
            #expect(told.ending == .exited(1) && told.words.contains("drop     view \(EngineProcess.views[1])"), "\(told.words)")
            #expect(try engine.refusal().words.contains("topology.change_not_approved"))
            try engine.start(["--approve", try hash(in: told.words)])
            #expect(try engine.stop() == .exited(0))
            // It comes back empty, and has the rows from then on.
            _ = try directory.write(usage, to: "usage.yaml")
            try engine.start()
            #expect(try engine.rows(of: EngineProcess.views[1]).isEmpty)
            #expect(try engine.rows(of: EngineProcess.views[0]).count == 14)
        }
    }
}
