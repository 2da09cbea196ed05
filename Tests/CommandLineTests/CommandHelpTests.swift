import ArgumentParser
import Base
import Foundation
import HTTPAPI
import Testing

@testable import pioneer

private let commands: [any ParsableCommand.Type] = [
    Pioneer.self, Run.self, Check.self, Explain.self, Append.self, Tail.self, Query.self, TestCommand.self, Bench.self, AgentCommand.self,
    ConfigCommand.self, HostCommand.self, FleetCommand.self, Status.self, Top.self, Topics.self, Views.self,
    ViewsCommand.self, RebuildView.self,
]

@Test func `the help of each command fits eighty columns and has examples`() {
    for command in commands {
        let lines = Pioneer.helpMessage(for: command, columns: 80).split(separator: "\n")
        for line in lines where line.count > 80 { Issue.record("\(command): \(line)") }
        #expect(lines.contains("EXAMPLES"), "\(command)")
    }
}

@Test func `an engine keeps the partitions that its topics have`() throws {
    func count(_ wanted: Int?, _ existing: Int?) throws -> Int {
        try DataDirectory.partitionCount(wanted: wanted, askedBy: "--partitions", existing: existing, in: "data")
    }
    #expect(try count(nil, nil) == 1)
    #expect(try count(3, nil) == 3)
    #expect(try count(nil, 4) == 4)
    #expect(try count(4, 4) == 4)
    let error = #expect(throws: EngineError.self) { try count(2, 4) }
    #expect(error?.code.text == "run.partitions_fixed" && error?.message.contains("'data' have 4 partitions") == true)
}

@Test func `an address to listen on that is none is answered with the form`() async throws {
    func run(_ text: String) async throws -> HTTPServer.Address {
        let given = try Run.parse(["t.yaml", "--listen", text]).given
        return try await ResolvedSettings.resolve(given, environment: [:])[Settings.listen]
    }
    #expect(try await run("8000") == run("127.0.0.1:8000"))
    #expect(try await run("[::1]:0") != run("localhost:0"))
    for text in ["foo", "foo:", ":80", "::1", "localhost:65536", "[]:80"] {
        let errors = await #expect(throws: EngineErrors.self) { try await run(text) }
        #expect(errors?.errors.first?.message == "--listen cannot be '\(text)'")
        #expect(errors?.errors.first?.remedy?.contains("such as 127.0.0.1:8000") == true)
    }
}

@Test func `a directory with files of others is no data directory`() throws {
    let path = NSTemporaryDirectory() + "/pioneer-foreign-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func add(_ name: String) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: url)
    }
    try DataDirectory.checkIsOurs(path)
    try add("address")
    try add("agent-spool/1")
    try DataDirectory.checkIsOurs(path)
    try add("passwd")
    let error = #expect(throws: EngineError.self) { try DataDirectory.checkIsOurs(path) }
    #expect(error?.code.text == "run.foreign_directory" && error?.message.contains("'\(path)'") == true)
    try add("store/FORMAT")
    try DataDirectory.checkIsOurs(path)
}
