import Foundation
import Testing

extension ProcessTests {
    /// What an engine says, and how it ends, where it cannot work: statuses are those that `pioneer --help` documents.
    @Suite struct SurroundingsTests {
        private static let findings: Int32 = 1, user: Int32 = 2, environment: Int32 = 3

        let directory: TemporaryDirectory
        let engine: EngineProcess

        init() throws {
            directory = try TemporaryDirectory()
            engine = try EngineProcess(in: directory)
        }

        private func another(data: String? = nil, port: UInt16? = nil) throws -> EngineProcess {
            try EngineProcess(in: directory, name: "other", data: data, port: port)
        }

        @Test func `a second engine on a data directory is told whose it is, and the first goes on`() throws {
            try engine.start()
            let (ending, words) = try another(data: engine.data).refusal()
            #expect(ending == .exited(Self.environment))
            #expect(words.contains("another engine (process "), "\(words)")
            #expect(words.contains("runs on the data directory '\(engine.data)'"), "\(words)")
            #expect(words.contains("store.locked"), "\(words)")
            #expect(FileManager.default.fileExists(atPath: engine.data + "/address"))
            #expect(try engine.append("{\"resource_id\":\"i-1\"}\n").status == 200)
            try engine.waitUntilSettled()
            #expect(try engine.stop() == .exited(0))
        }

        @Test func `a port in use is an error of the surroundings, with the way out`() throws {
            let taken = try ListeningSocket()
            let engine = try another(port: taken.port)
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(Self.environment))
            #expect(words.contains("127.0.0.1:\(taken.port)") && words.contains("api.port_in_use"), "\(words)")
            #expect(words.contains("another port"), "\(words)")
            #expect(!FileManager.default.fileExists(atPath: engine.data + "/address"))
        }

        @Test func `a data directory that cannot be made is named`() throws {
            let file = try directory.write("not a directory\n", to: "file")
            let (ending, words) = try another(data: file + "/data").refusal()
            #expect(ending == .exited(Self.environment))
            #expect(words.contains("'\(file)/data") && words.contains("cannot be written"), "\(words)")
        }

        @Test func `data of a newer release are refused and left as they are`() throws {
            try engine.start()
            #expect(try engine.append("{\"resource_id\":\"i-1\"}\n").status == 200)
            #expect(try engine.stop() == .exited(0))
            let format = engine.data + "/store/FORMAT"
            let text = try String(contentsOfFile: format, encoding: .utf8)
            try text.replacing("1", with: "99").write(toFile: format, atomically: true, encoding: .utf8)
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(Self.environment))
            #expect(words.contains("version 99") && words.contains("store.newer_version"), "\(words)")
            try text.write(toFile: format, atomically: true, encoding: .utf8)
            try engine.start()
            #expect(try engine.ends()[EngineProcess.source] == [1])
        }

        @Test func `a file that is no topology is reported with its place`() throws {
            engine.options.topology = try directory.write("just: words\n", to: "topologies/words.yaml")
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(Self.findings))
            #expect(words.contains("words.yaml:1:1"), "\(words)")
            #expect(!FileManager.default.fileExists(atPath: engine.data))
        }

        @Test func `a file that is not there is named`() throws {
            engine.options.topology = directory.path + "/nothing.yaml"
            let (ending, words) = try engine.refusal()
            #expect(ending != .exited(0))
            #expect(words.contains("nothing.yaml"), "\(words)")
        }

        @Test func `a missing schema is reported with what is there`() throws {
            let text = try String(contentsOfFile: EngineBinary.usage, encoding: .utf8)
            let changed = text.replacing("schema: resource-metric", with: "schema: resource-metrik")
            engine.options.topology = try directory.write(changed, to: "usage.yaml")
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(Self.findings))
            #expect(words.contains("resource-metrik") && words.contains("resource-metric'"), "\(words)")
        }

        @Test func `another partition count than the topics have is refused, and the right one goes on`() throws {
            try engine.start()
            #expect(try engine.append("{\"resource_id\":\"i-1\"}\n").status == 200)
            #expect(try engine.stop() == .exited(0))
            engine.options.partitions = 2
            let (ending, words) = try engine.refusal()
            #expect(ending == .exited(Self.user))
            #expect(words.contains("run.partitions_fixed") && words.contains("asks for 2"), "\(words)")
            engine.options.partitions = 1
            try engine.start()
            #expect(try engine.ends()[EngineProcess.source] == [1])
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `asked to stop, an engine commits, takes its address away, and ends with status 0`(signal: Int32) throws {
            engine.options.arguments = ["--commit-interval", "1h"]
            try engine.start()
            #expect(try String(contentsOfFile: engine.data + "/address", encoding: .utf8) == "http://127.0.0.1:\(engine.port)\n")
            #expect(try engine.append("{ not json\n").status == 200)
            // Nothing outside sees an epoch before its commit, so nothing tells that the task has read the record.
            pause(milliseconds: 1_500)
            #expect(try engine.stop(signal) == .exited(0))
            #expect(!FileManager.default.fileExists(atPath: engine.data + "/address"))
            try engine.start()
            #expect(try engine.ends()[EngineProcess.deadLetters] == [1])
        }
    }
}
