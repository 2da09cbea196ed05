import ArgumentParser
import Base
import Columns

/// `pioneer status [TOPOLOGY]`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how far each topology is, what it lags behind, and what holds its watermark.",
        usage: "pioneer status [<topology>] [<options>]",
        discussion: """
            Per task (a topology on one partition): its last commit, rates over the last ten seconds, open windows and the \
            memory they take. Per input: the next offset, how many records are not read yet, how old the oldest of them is, \
            and the newest event seen. Windows close when the watermark passes their end; the source that the watermark waits \
            for is named. Figures are as of the last commit.

            EXAMPLES
              pioneer status
              pioneer status usage --watch
              pioneer status --json | jq '.topologies[].lag_s'

            EXIT STATUS
              0   answered, or stopped by Ctrl-C
              2   unknown topology, or something else in the call is wrong
              3   the engine is not reachable
            """)

    @Argument(help: ArgumentHelp("Only this topology.", valueName: "topology"))
    var topology: String?

    @Flag(help: "Go on until Ctrl-C, in place on a terminal.")
    var watch = false

    @Option(help: ArgumentHelp("How often --watch shows it anew.", valueName: "span"))
    var every = TimeSpan.seconds(1)

    @Flag(help: "Print the engine's answer as JSON, with --watch one a line.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func validate() throws { try LiveFrames.check(every: every) }

    func run() async throws {
        let first = try await answer()
        guard watch else {
            StandardStreams.print(lines: LiveScreen.spelled(lines(first, .standardOutput), .standardOutput))
            return
        }
        let frames = LiveFrames(every: every, upTo: nil)
        try await untilStopSignal {
            if json {
                try await frames.run { StandardStreams.print(try await self.answer().description) }
            } else {
                try await frames.run(asking: answer) { lines($0, $1) }
            }
        }
    }

    /// Of the topology asked for alone.
    private func answer() async throws -> JSONValue {
        let client = try await engine.client()
        let answer = try await client.value(.api("status"))
        guard StatusAnswer(answer) != nil else { throw EngineAnswer.notUnderstood(Array(answer.description.utf8), from: client.address) }
        return try topology.map { try Self.only($0, of: answer) } ?? answer
    }

    private func lines(_ answer: JSONValue, _ terminal: Terminal) -> [String] {
        if json { return [answer.description] }
        return StatusAnswer(answer).map { StatusReport(status: $0, terminal: terminal).lines } ?? []
    }

    /// Throws `status.unknown_topology`.
    static func only(_ name: String, of answer: JSONValue) throws -> JSONValue {
        let all = answer["topologies"]?.elements ?? []
        guard let wanted = all.first(where: { $0["topology"]?.string == name }) else {
            let names = all.compactMap { $0["topology"]?.string }
            let nearest = nearestName(to: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
            throw EngineError(
                .unknownTopology, .user, "no topology '\(name)' runs",
                remedy: nearest + (names.isEmpty ? "None runs." : "There are: \(names.joined(separator: ", "))."))
        }
        return JSONValue(members: (answer.members ?? []).map { $0.key == "topologies" ? ($0.key, .list([wanted])) : ($0.key, $0.value) })
    }
}

extension ErrorCode {
    static let unknownTopology = ErrorCode("status.unknown_topology")
}
