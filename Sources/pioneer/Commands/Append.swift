import ArgumentParser
import Base
import Columns

/// `pioneer append TOPIC [FILE…]`
struct Append: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Append JSON lines or CSV tables to a topic, from files or standard input.",
        usage: "pioneer append <topic> [<file> ...] [<options>]",
        discussion: """
            Every line is one record, a JSON object in the topic's schema. A table is CSV with a header line; its name ends in \
            .csv or .tsv, or --format says so. Gzip is read as it is, whatever the name.

            Each column of a table is the field of its name, unless --columns says otherwise. What stands there before the \
            first ';' holds for every event of a row, and each part after it makes one event: 'field=column' takes a column, \
            'field="text"' a text, 'field' alone the column of that name. Cells become what the topic's schema has: numbers, \
            booleans, times (UTC where no zone stands). An empty cell is null, and a part whose cells are all empty makes no \
            event.

            Records that come after their windows have closed count for nothing there: when more than one in a hundred is \
            late, or too far ahead, a warning says so and why. --sort puts a table into the order of time; --shift-to moves \
            all times by one amount, so that old data ends now.

            An append that was interrupted goes on where it stopped when the same command is given again, and nothing is \
            appended twice; a file that has grown since is appended from where it ended. The engine remembers how far each \
            file is, by the topic, the file's path, its first line (and row, of a table), and what is made of it; and where \
            --shift-to has moved it; all that for thirty days from the last time. Standard input cannot be told apart from \
            another: name it with --producer to make it resume.

            EXAMPLES
              pioneer append cloud.metrics metrics.jsonl
              pioneer append cloud.metrics history.jsonl.gz
              pioneer append cloud.metrics metrics.csv --sort --shift-to now
              pioneer append cloud.metrics usage.csv.gz --columns \\
                'resource_id, observed_at=time; metric="cpu", value=cpu_pct'
              tail -F app.jsonl | pioneer append app.events
              pioneer append cloud.metrics metrics.jsonl --restart --json

            EXIT STATUS
              0   all records are durable in the topic
              2   refused, or a file cannot be used
              3   the engine is not reachable
            """)

    @Argument(help: ArgumentHelp("The topic to append to.", valueName: "topic"))
    var topic: String

    @Argument(help: ArgumentHelp("Files of JSON lines or CSV; none or '-' is standard input.", valueName: "file"))
    var files: [String] = []

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv, jsonl
    }

    @Option(help: ArgumentHelp("Read all inputs as tables (csv) or as JSON lines (jsonl), whatever their names.", valueName: "format"))
    var format: Format?

    @Option(help: ArgumentHelp("How a table's columns become fields of events.", valueName: "mapping"))
    var columns: String?

    @Option(help: ArgumentHelp("What stands between a table's cells: a character, or 'tab'.", valueName: "character"))
    var delimiter: String?

    @Flag(help: "Pass over rows of a table that are wrong, and count them.")
    var skipBadRows = false

    @Flag(help: ArgumentHelp("Append in the order of event time; takes up to \(ByteCount(SortedBatches.bytesMax)) of events."))
    var sort = false

    @Option(help: ArgumentHelp("Move all event times by one amount, so that the latest is then: now, or a time.", valueName: "time"))
    var shiftTo: String?

    @Option(help: ArgumentHelp("Resume under this name instead of the file's own; one input only.", valueName: "id"))
    var producer: String?

    @Flag(help: "Append everything, whatever was appended before.")
    var restart = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        if producer != nil, files.count > 1 { throw ValidationError("--producer names one input; append the files one by one.") }
        if let producer, !(1...AppendProducer.idBytesMax).contains(producer.utf8.count)
            || !producer.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw ValidationError("--producer takes 1 to \(AppendProducer.idBytesMax) printable ASCII characters without blanks.")
        }
        if let shiftTo, ShiftTarget(shiftTo) == nil {
            throw ValidationError("'--shift-to \(shiftTo)' is no time\nIt takes \(ShiftTarget.allowedForm).")
        }
        if let delimiter, Self.delimiterByte(delimiter) == nil {
            throw ValidationError(
                "'--delimiter \(delimiter)' is no delimiter\nIt takes one ASCII character that is no quote and no line break, or 'tab'.")
        }
        for path in inputs where !isTable(path) {
            for (name, isGiven) in [("--columns", columns != nil), ("--delimiter", delimiter != nil), ("--skip-bad-rows", skipBadRows)]
            where isGiven {
                throw ValidationError("\(name) is for tables, and '\(path)' is none by its name\nSay with --format csv that it is one.")
            }
        }
    }

    func run() async throws {
        let inputs = try inputs.map { (path: $0, making: try making(of: $0)) }
        let run = try await AppendRun(
            topic: TopicName.checked(topic), client: await engine.client(), producer: producer, restarts: restart,
            isSorted: sort)
        let goesOn = producer != nil || !(restart || inputs.contains { $0.path == ByteSource.standardInput })
        let report = try await endingOnStopSignal(
            saying: "pioneer: stopped; " + (goesOn ? "the same command goes on where it stopped" : "what was sent stays appended")
        ) {
            for (path, making) in inputs { try await run.append(path, making: making) }
            return try await run.report()
        }
        StandardStreams.print(lines: json ? [report.json.description] : report.lines)
    }

    private var inputs: [String] { files.isEmpty ? [ByteSource.standardInput] : files }

    /// By its name, unless --format says it.
    private func isTable(_ path: String) -> Bool { format.map { $0 == .csv } ?? (InputMaking.tableDelimiter(path: path) != nil) }

    /// What is made of an input, by its name and the options. Throws `append.columns` where --columns has another form.
    private func making(of path: String) throws -> InputMaking {
        var making = InputMaking(format: .lines, isSorted: sort, shiftTarget: shiftTo.flatMap { ShiftTarget($0) })
        var words: [String] = []
        if isTable(path) {
            let byte = delimiter.flatMap(Self.delimiterByte) ?? InputMaking.tableDelimiter(path: path) ?? UInt8(ascii: ",")
            let mapping = try columns.map { try ColumnMapping($0) }
            making.format = .table(TableReader.Format(delimiter: byte, mapping: mapping, skipsBadRows: skipBadRows))
            words = ["table \(byte)", columns ?? ""]
        }
        if sort { words.append("sort") }
        if let shiftTo { words.append("shift \(shiftTo)") }
        making.words = words.joined(separator: "\n")
        return making
    }

    private static func delimiterByte(_ text: String) -> UInt8? {
        if text == "tab" || text == "\\t" { return UInt8(ascii: "\t") }
        guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, !"\"\r\n".utf8.contains(byte) else { return nil }
        return byte
    }
}

extension TopicName {
    /// Throws `topic.name` where the text is no topic's name.
    static func checked(_ text: String) throws -> TopicName {
        guard let name = TopicName(text) else {
            throw EngineError(.topicName, .user, "'\(text)' is no topic's name", remedy: "A topic's name has \(TopicName.allowedForm).")
        }
        return name
    }
}

extension ErrorCode {
    static let topicName = ErrorCode("topic.name")
}
