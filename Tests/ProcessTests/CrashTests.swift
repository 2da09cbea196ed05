import Base
import Foundation
import Testing

extension ProcessTests {
    @Suite struct CrashTests {
        @Test func `an engine killed at random moments ends with the rows of one that was not`() throws {
            let show = try CrashShow(CrashShow.Options())
            show.expectSame(try show.killed(), try show.uninterrupted())
        }

        @Test func `an engine of two partitions and two workers does too`() throws {
            var options = CrashShow.Options()
            options.events /= 2
            options.kills = (options.kills + 1) / 2
            options.partitions = 2
            let show = try CrashShow(options)
            show.expectSame(try show.killed(), try show.uninterrupted())
        }

        @Test func `an append command that is killed and given again appends every line once`() throws {
            let events = EventFile(count: 60_000, seed: 4), directory = try TemporaryDirectory()
            let file = directory.path + "/events.jsonl"
            try Data(events.batches.joined()).write(to: URL(fileURLWithPath: file))
            let engine = try EngineProcess(in: directory)
            try engine.start()
            let command = [try EngineBinary.path(), "append", EngineProcess.source, file, "--to", "http://127.0.0.1:\(engine.port)"]
            var random = SeededRandom(seed: 4)
            for _ in 0..<5 {
                let append = try ChildProcess(command, output: directory.path + "/append.log")
                pause(milliseconds: 100 + random.below(500))
                if random.below(2) == 0 {
                    try engine.kill()
                    pause(milliseconds: random.below(300))
                    try engine.start()
                    pause(milliseconds: random.below(500))
                }
                append.kill()
            }
            #expect(try ChildProcess(command, output: directory.path + "/append.log").waitForEnding(upTo: 90) == .exited(0))
            #expect(try engine.ends()[EngineProcess.source] == [events.count])
            try engine.waitUntilSettled()
            #expect(try engine.records(of: EngineProcess.deadLetters).count == events.poisonCount)
        }
    }
}
