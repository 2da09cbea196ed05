import ArgumentParser
import Base
import Columns

/// `pioneer topics`
struct Topics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the topics.",
        usage: "pioneer topics [<options>]",
        discussion: """
            Topics are made by the topologies that read and write them. Records are those between the first and the last \
            offset; of a compacted topic there may be fewer.

            EXAMPLES
              pioneer topics
              pioneer topics --all
              pioneer topics --json | jq -r '.topics[].topic'

            EXIT STATUS
              0   answered
              3   the engine is not reachable
            """)

    @Flag(help: "The engine's own topics too: views, journals, dead letters.")
    var all = false

    @Flag(help: "Print the engine's answer as JSON.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func run() async throws {
        let client = try await engine.client()
        let answer = try await client.value(.api("topics"))
        if json { return StandardStreams.print(answer.description) }
        guard let list = answer["topics"]?.elements else {
            throw EngineAnswer.notUnderstood(Array(answer.description.utf8), from: client.address)
        }
        StandardStreams.print(lines: Self.lines(list, all: all, .standardOutput))
    }

    static func lines(_ list: [JSONValue], all: Bool, _ terminal: Terminal) -> [String] {
        let shown = list.filter { all || $0["internal"]?.bool != true }
        let hidden = list.count - shown.count
        let style = Style(terminal)
        let more = hidden > 0 ? [style(.dim, "(and \(Figures.count(hidden, "topic")) of the engine's own: --all)")] : []
        guard !shown.isEmpty else { return ["No topics: no topology that runs reads or writes one."] + more }
        var table = TextTable([.init("topic"), .init("partitions", .right), .init("records", .right), .init("kept")])
        for topic in shown {
            let partitions = topic["partitions"]?.elements ?? []
            let records = partitions.reduce(0) { $0 + ($1["end_offset"]?.int ?? 0) - ($1["first_offset"]?.int ?? 0) }
            table.add([topic["topic"]?.cell ?? "", "\(partitions.count)", Figures.count(Int(records)), kept(topic["retention"])])
        }
        return table.lines(width: terminal.width, style: style) + more
    }

    private static func kept(_ retention: JSONValue?) -> String {
        if retention?["compacted"]?.bool == true { return "the last of each key" }
        let bounds = [
            retention?["age"]?.string, (retention?["bytes_max"]?.int).map { "\(ByteCount(Int($0)))" + " a partition" },
        ].compactMap { $0 }
        return bounds.isEmpty ? "all" : bounds.joined(separator: ", ")
    }
}
