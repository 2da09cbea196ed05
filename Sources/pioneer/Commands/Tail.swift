import ArgumentParser
import Base
import Columns
import Stores
import Synchronization

/// `pioneer tail TOPIC`
struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a topic's records.",
        usage: "pioneer tail <topic> [<options>]",
        discussion: """
            Without options, the last 10 records of each partition; with --limit, so many as that. With --follow the command \
            goes on with what is appended from then on, until Ctrl-C. Dead letters are in _pioneer.TOPOLOGY.dead-letters.

            EXAMPLES
              pioneer tail cloud.usage.hourly
              pioneer tail cloud.metrics --follow
              pioneer tail cloud.metrics --partition 0 --offset 1000 --limit 50 --json
              pioneer tail _pioneer.usage.dead-letters --offset -100

            EXIT STATUS
              0   done
              2   unknown topic or partition
              3   the engine is not reachable, or went away
            """)

    @Argument(help: ArgumentHelp("The topic.", valueName: "topic"))
    var topic: String

    @Option(help: ArgumentHelp("Only this partition.", valueName: "n"))
    var partition: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where to begin in each partition: \(TailStart.allowedForm). Default: -10, or -LIMIT; with --follow: latest.",
            valueName: "offset"))
    var offset: String?

    @Flag(help: "Go on with what is appended.")
    var follow = false

    @Option(help: ArgumentHelp("End after so many records.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Print records as JSON, one a line.")
    var json = false

    @OptionGroup var engine: EngineOptions

    /// Records asked for in one request.
    private static let pageRecords = 1_000

    func validate() throws {
        if let offset, TailStart(offset) == nil {
            throw ValidationError("--offset cannot be '\(offset)'\nAllowed: \(TailStart.allowedForm).")
        }
        if let limit, limit < 1 { throw ValidationError("--limit cannot be '\(limit)'\nAllowed: 1 or more.") }
    }

    func run() async throws {
        let client = try await engine.client()
        let list = try await client.value(.api("topics"))
        guard let topics = TopicList(list) else {
            throw EngineAnswer.notUnderstood(Array(list.description.utf8), from: client.address)
        }
        let known = try topics.topic(topic)
        let partitions = try chosen(of: known)
        if partitions.allSatisfy({ $0.1.first == $0.1.end }) {
            let next = follow ? "waiting, Ctrl-C ends" : "--follow waits for records"
            StandardStreams.complain("pioneer: topic '\(topic)' is empty; \(next)")
        }
        let printer = RecordPrinter(terminal: .standardOutput, isJSON: json, limit: limit ?? .max)
        if follow {
            try await untilStopSignal { try await follow(client, printer) }
        } else {
            let start = offset.flatMap { TailStart($0) } ?? .last(Int64(limit ?? 10))
            for (number, bounds) in partitions {
                try await read(client, number, from: start.offset(in: bounds), to: bounds.end, printer)
            }
        }
    }

    private func chosen(of topic: TopicList.Topic) throws -> [(Int, OffsetBounds)] {
        let all = Array(topic.partitions.enumerated()).map { ($0.offset, $0.element) }
        guard let partition else { return all }
        guard topic.partitions.indices.contains(partition) else {
            throw EngineError(
                .unknownPartition, .user, "topic '\(topic.name)' has no partition \(partition)",
                remedy: "It has \(Figures.count(topic.partitions.count, "partition")), counted from 0.")
        }
        return [all[partition]]
    }

    /// Prints what a partition holds between two offsets, page by page.
    private func read(_ client: EngineClient, _ partition: Int, from: Int64, to end: Int64, _ printer: RecordPrinter) async throws {
        var next = from
        while next < end, !printer.isDone {
            var path = path(partition, from: next)
            path.add("limit", "\(min(Int64(Self.pageRecords), end - next))")
            let before = next
            try await client.lines(path) { line in
                let record = try TailedRecord(line, from: client.address)
                next = record.offset + 1
                return printer.print(record, line)
            }
            // Compaction may have taken the last records before the end.
            if next == before { return }
        }
    }

    /// Prints what comes, of all partitions wanted, until the limit.
    private func follow(_ client: EngineClient, _ printer: RecordPrinter) async throws {
        var path = RequestPath.api("topics", topic, "records")
        path.add("partition", partition.map(String.init))
        path.add("offset", offset)
        path.add("limit", limit.map(String.init))
        path.add("follow", "true")
        try await client.lines(path) { printer.print(try TailedRecord($0, from: client.address), $0) }
        guard !printer.isDone else { return }
        throw EngineError(
            .engineUnreachable, .environment, "the engine at \(client.address.url) ended the answer: it is stopping",
            remedy: "Start it again with 'pioneer run', and tail again.", isTransient: true)
    }

    private func path(_ partition: Int, from offset: Int64) -> RequestPath {
        var path = RequestPath.api("topics", topic, "records")
        path.add("partition", "\(partition)")
        path.add("offset", "\(offset)")
        return path
    }
}

/// Prints records, until a limit.
private final class RecordPrinter: Sendable {
    private let terminal: Terminal
    private let isJSON: Bool
    private let left: Mutex<Int>

    init(terminal: Terminal, isJSON: Bool, limit: Int) {
        self.terminal = terminal
        self.isJSON = isJSON
        left = Mutex(limit)
    }

    var isDone: Bool { left.withLock { $0 == 0 } }

    /// False: no further record is wanted.
    func print(_ record: TailedRecord, _ line: [UInt8]) -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            StandardStreams.print(isJSON ? String(decoding: line, as: UTF8.self) : record.line(terminal))
            return left > 0
        }
    }
}
