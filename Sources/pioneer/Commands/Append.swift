import Agents
import ArgumentParser
import Base
import Columns
import Telemetry

/// `pioneer append TOPIC [FILE…]`
struct Append: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Append JSON lines to a topic, from files or standard input.",
        usage: "pioneer append <topic> [<file> ...] [<options>]",
        discussion: """
            Every line is one record, a JSON object in the topic's schema. An append that was interrupted goes on where it \
            stopped when the same command is given again, and nothing is appended twice; a file that has grown since is \
            appended from where it ended. The engine remembers how far each file is, by the topic, the file's path and its \
            first line.

            Standard input cannot be told apart from another: name it with --producer to make it resume.

            EXAMPLES
              pioneer append cloud.metrics metrics.jsonl
              zcat history.jsonl.gz | pioneer append cloud.metrics --producer history-2025
              tail -F app.jsonl | pioneer append app.events
              pioneer append cloud.metrics metrics.jsonl --restart --json

            EXIT STATUS
              0   all lines are durable in the topic
              2   refused, or a file cannot be used
              3   the engine is not reachable
            """)

    @Argument(help: ArgumentHelp("The topic to append to.", valueName: "topic"))
    var topic: String

    @Argument(help: ArgumentHelp("Files of JSON lines; none or '-' is standard input.", valueName: "file"))
    var files: [String] = []

    @Option(help: ArgumentHelp("Resume under this name instead of the file's own; one input only.", valueName: "id"))
    var producer: String?

    @Flag(help: "Append everything, whatever was appended before.")
    var restart = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @OptionGroup var engine: EngineOptions

    /// How long a request is tried again before the command gives up.
    private static let patience = TimeSpan.seconds(30)

    func validate() throws {
        if producer != nil, files.count > 1 { throw ValidationError("--producer names one input; append the files one by one.") }
        if let producer, !(1...AppendProducer.idBytesMax).contains(producer.utf8.count)
            || !producer.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw ValidationError("--producer takes 1 to \(AppendProducer.idBytesMax) printable ASCII characters without blanks.")
        }
    }

    func run() async throws {
        let name = try TopicName.checked(topic)
        let address = try await engine.locate()
        // Asked first, so that an engine that is not there is reported at once and not after all retries.
        _ = try await EngineClient(address).value(RequestPath(["health"]))
        Telemetry.start(level: .warning, format: .text, clock: SystemClock())
        // The seed only has to differ between runs: it names inputs without a name and spreads retries.
        var random = SeededRandom(seed: Stopwatch.nanoseconds() ^ UInt64(bitPattern: SystemClock().now().microseconds))
        var configuration = AppendClient.Configuration()
        configuration.giveUpAfter = Self.patience
        let client = try AppendClient(engine: address.url, configuration: configuration, random: random)
        let progress = RateLine()
        var total = AppendTally()
        for path in files.isEmpty ? [ByteSource.standardInput] : files {
            let tally = try await append(path, to: name, client, progress, &random)
            total = total + tally
        }
        progress.clear()
        let report = AppendReport(topic: name.text, tally: total, seconds: progress.elapsedSeconds)
        StandardStreams.print(lines: json ? [report.json.description] : report.lines)
    }

    private func append(
        _ path: String, to topic: TopicName, _ client: AppendClient, _ progress: RateLine, _ random: inout SeededRandom
    ) async throws -> AppendTally {
        let source = try ByteSource(path: path)
        if source.isTerminal { StandardStreams.complain("Reading JSON lines from the terminal; Ctrl-D ends.") }
        // Neither standard input nor a pipe under a path can be read a second time.
        let isInput = source.size == nil || path == ByteSource.standardInput
        let producer = try self.producer(of: path, isInput: isInput, topic, &random)
        if restart, !isInput {
            let id = producer.id
            StandardStreams.complain("Appending '\(path)' anew as '\(id)'; if it is interrupted, go on with --producer \(id)")
        }
        let appending = Appending(
            source: source, producer: producer, isResumable: !isInput || self.producer != nil,
            send: { name, number, batch in
                let answer = try await client.appendWithReceipt(topic: topic, producer: name, sequence: number, body: batch.body)
                guard case .outOfSequence(let expected) = answer.outcome else { return answer.receipt }
                throw EngineError(
                    .appendConflict, .user, "The engine waits for batch \(expected) of '\(source.name)', not for \(number).",
                    remedy: "Another append of the same input may be running; let it end and give the command again.")
            },
            lastSequence: { try await client.lastSequence(of: $0, topic: topic) },
            report: { tally in
                progress.show { AppendReport.progress(of: source.name, tally, size: source.size, seconds: $0) }
            })
        do {
            return try await appending.run()
        } catch {
            progress.clear()
            throw error
        }
    }

    private func producer(
        of path: String, isInput: Bool, _ topic: TopicName, _ random: inout SeededRandom
    ) throws -> AppendProducer {
        if let producer { return AppendProducer(id: producer) }
        if isInput { return .unique("stdin", &random) }
        if restart { return .unique("restart", &random) }
        return try .file(at: path, topic: topic)
    }
}

extension TopicName {
    /// Throws `topic.name` where the text is no topic's name.
    static func checked(_ text: String) throws -> TopicName {
        guard let name = TopicName(text) else {
            throw EngineError(.topicName, .user, "'\(text)' is no topic's name.", remedy: "A topic's name has \(TopicName.allowedForm).")
        }
        return name
    }
}

extension ErrorCode {
    static let topicName = ErrorCode("topic.name")
}
