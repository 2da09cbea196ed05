import ArgumentParser
import Base
import Testing

@testable import pioneer

private let commands: [any ParsableCommand.Type] = [
    Pioneer.self, Run.self, Check.self, Append.self, Tail.self, Query.self, TestCommand.self, Bench.self, AgentCommand.self,
    HostCommand.self,
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
        try DataDirectory.partitionCount(wanted: wanted, existing: existing, in: "data")
    }
    #expect(try count(nil, nil) == 1)
    #expect(try count(3, nil) == 3)
    #expect(try count(nil, 4) == 4)
    #expect(try count(4, 4) == 4)
    let error = #expect(throws: EngineError.self) { try count(2, 4) }
    #expect(error?.code.text == "run.partitions_fixed" && error?.message.contains("'data' have 4 partitions") == true)
}
