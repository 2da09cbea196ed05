import Agents
import Base
import Telemetry

/// The inputs of one command, appended one after the other.
final class AppendRun {
    private let topic: TopicName
    private let facts: TopicFacts
    private let client: AppendClient
    private let producer: String?
    private let restarts: Bool
    private let clock = SystemClock()
    private let watch: TimelinessWatch
    private let stopwatch = Stopwatch()
    private let line = AppendLine()
    private var random: SeededRandom
    private var total = AppendTally()

    /// How long a request is tried again before the command gives up.
    private static let patience = TimeSpan.seconds(30)

    /// Asks the engine about the topic first, so that one that is not there is reported at once and not after all retries.
    init(topic: TopicName, client engine: EngineClient, producer: String?, restarts: Bool, isSorted: Bool) async throws {
        facts = try await TopicFacts.ask(engine, topic)
        Telemetry.start(level: .warning, format: .suitingStandardError, clock: clock)
        // The seed only has to differ between runs: it names inputs without a name and spreads retries.
        random = SeededRandom(seed: Stopwatch.nanoseconds() ^ UInt64(bitPattern: clock.now().microseconds))
        var configuration = AppendClient.Configuration()
        configuration.giveUpAfter = Self.patience
        client = try AppendClient(engine: engine.address.url, configuration: configuration, random: random)
        self.topic = topic
        self.producer = producer
        self.restarts = restarts
        let line = line
        watch = TimelinessWatch(engine, facts, isSorted: isSorted) { lines in
            line.clear()
            for text in lines { StandardStreams.complain(text) }
        }
        try await watch.begin()
    }

    /// Throws what reading and appending throw.
    func append(_ path: String, making: InputMaking) async throws {
        defer { line.clear() }
        let source = try ByteSource(path: path)
        if source.isTerminal { StandardStreams.complain("Reading from the terminal; Ctrl-D ends.") }
        // Neither standard input nor a pipe under a path can be read a second time.
        let isInput = source.size == nil || path == ByteSource.standardInput
        let producer = try self.producer(of: path, isInput: isInput, making)
        if restarts, !isInput {
            let id = producer.id
            StandardStreams.complain("Appending '\(path)' anew as '\(id)'; if it is interrupted, go on with --producer \(id)")
        }
        let isResumable = !isInput || self.producer != nil
        let batches = try await opening(path, making, producer, isResumable).open()
        let line = line, watch = watch
        line.begin()
        var begun: Double?
        let appending = Appending(
            batches: batches, producer: producer, isResumable: isResumable,
            send: { [self] name, number, batch in
                if begun == nil { begun = batches.share }
                let receipt = try await send(batch, name, number, of: batches.name)
                watch.note(batch)
                return receipt
            },
            lastSequence: { [self] in try await client.lastSequence(of: $0, topic: topic) },
            report: { tally in
                line.show { AppendReport.progress(of: batches.name, tally, share: batches.share, begun: begun ?? 0, seconds: $0) }
                await watch.look()
            })
        total = total + (try await appending.run())
    }

    /// Waits until the topologies have read what was appended, but not for long, and says what came of it all.
    func report() async throws -> AppendReport {
        let seconds = stopwatch.elapsedSeconds
        try await watch.settle()
        return AppendReport(topic: topic.text, tally: total, timeliness: watch.found, seconds: seconds)
    }

    // MARK: Steps

    private func opening(_ path: String, _ making: InputMaking, _ producer: AppendProducer, _ isResumable: Bool) -> InputOpening {
        let client = client, topic = topic, line = line
        let agreed = AgreedFacts(
            producer: producer, lastSequence: { try await client.lastSequence(of: $0, topic: topic) },
            remember: { _ = try await client.appendWithReceipt(topic: topic, producer: $0, sequence: $1, body: []) })
        return InputOpening(
            path: path, making: making, topic: facts, facts: isResumable ? agreed : nil, clock: clock,
            progress: { what in
                line.begin()
                return { share in line.show { AppendReport.reading(what, path, share: share, seconds: $0) } }
            },
            say: { text in
                line.clear()
                StandardStreams.complain(text)
            })
    }

    private func send(_ batch: LineBatch, _ name: String, _ number: Int64, of input: String) async throws -> AppendClient.Receipt {
        let answer = try await client.appendWithReceipt(topic: topic, producer: name, sequence: number, body: batch.body)
        guard case .outOfSequence(let expected) = answer.outcome else { return answer.receipt }
        throw EngineError(
            .appendConflict, .user, "the engine waits for batch \(expected) of '\(input)', not for \(number)",
            remedy: "Another append of the same input may be running; let it end and give the command again.")
    }

    private func producer(of path: String, isInput: Bool, _ making: InputMaking) throws -> AppendProducer {
        if let producer { return AppendProducer(id: producer) }
        if isInput { return .unique("stdin", &random) }
        if restarts { return .unique("restart", &random) }
        return try .file(at: path, making: making, topic: topic)
    }
}

/// The line that shows how far the command is. Each of its readings has a rate of its own.
private final class AppendLine {
    private var rate = RateLine()

    func begin() {
        rate.clear()
        rate = RateLine()
    }

    func show(_ make: (_ elapsedSeconds: Double) -> String) { rate.show(make) }
    func clear() { rate.clear() }
}
