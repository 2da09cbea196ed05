import Base

extension ErrorCode {
    static let appendTableHeader = ErrorCode("append.table_header")
}

/// The rows of a table with a header line, as events.
final class TableReader: RecordReader {
    struct Format: Equatable {
        var delimiter = UInt8(ascii: ",")
        /// Nil: each column is the field of its name.
        var mapping: ColumnMapping?
        /// Counts rows that are wrong and goes on.
        var skipsBadRows = false
    }

    private let name: String
    private let format: Format
    private let topic: TopicFacts
    private let shift: TimeSpan
    private let csv: CSVReader
    private let out = ByteArena(capacity: 4_096)
    private var columns: [String] = []
    private var writer: EventWriter?

    private(set) var tally = ReadingTally()

    /// - Parameter name: the table's, for messages.
    init(_ name: String, _ format: Format, topic: TopicFacts, shift: TimeSpan = .zero) {
        self.name = name
        self.format = format
        self.topic = topic
        self.shift = shift
        csv = CSVReader(delimiter: format.delimiter)
    }

    func read(_ bytes: UnsafeBufferPointer<UInt8>, _ take: (RecordUnit) -> Void) throws { try csv.read(bytes) { try row(take) } }

    /// Throws `append.table_header` for a text without a line.
    func finish(_ take: (RecordUnit) -> Void) throws {
        try csv.finish { try row(take) }
        guard writer != nil else { throw header("is empty: a table begins with a line of its columns' names") }
    }

    private func row(_ take: (RecordUnit) -> Void) throws {
        guard let writer else { return writer = try readHeader() }
        out.removeAll()
        do {
            if let fault = csv.fault { throw RowFault(what: fault, allowed: Self.quoting) }
            guard csv.cellCount == columns.count else { throw cellCount() }
            let (events, empty) = try writer.write(csv, to: out)
            tally.emptyEvents += empty
            if events > 0 { take(RecordUnit(body: out.bytes, lines: events, start: csv.start, end: csv.end)) }
        } catch let fault as RowFault {
            guard format.skipsBadRows else { throw error(of: fault) }
            tally.badRows += 1
            if tally.firstFault == nil { tally.firstFault = "line \(csv.line): \(fault.what)" }
        }
    }

    private static let quoting = "A cell with quotes, delimiters or line breaks stands in quotes, and a quote in it twice."

    private func cellCount() -> RowFault {
        let hint = columns.count == 1 ? " --delimiter names another character than ','." : ""
        return RowFault(
            what: "it has \(csv.cellCount) cells, and the header has \(columns.count)",
            allowed: "Every row has a cell for each column; an empty one is null.\(hint)")
    }

    private func error(of fault: RowFault) -> EngineError {
        EngineError(
            .appendTableRow, .user, "'\(name)', line \(csv.line): \(fault.what)",
            remedy: (fault.allowed.map { $0 + "\n" } ?? "")
                + "Correct the row and give the command again, or pass over such rows with --skip-bad-rows.")
    }

    // MARK: The header

    private func readHeader() throws -> EventWriter {
        if let fault = csv.fault { throw header("has no header line that can be read: \(fault)") }
        var names: [String] = []
        for index in 0..<csv.cellCount {
            guard let text = String(validating: csv.cell(index), as: UTF8.self), !text.contains("\0") else {
                throw header(
                    "is not UTF-8 text", remedy: "Convert it first: 'iconv -f UTF-16 -t UTF-8' for what spreadsheets call Unicode.")
            }
            let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
            names.append(String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed()))
        }
        var seen: Set<String> = []
        if let twice = names.first(where: { !seen.insert($0).inserted && !$0.isEmpty }) {
            throw header("has two columns '\(twice)'", remedy: "Give each column a name of its own.")
        }
        if format.mapping == nil, let unnamed = names.firstIndex(of: "") {
            throw header("has no name for column \(unnamed + 1)", remedy: "Name it, or say with --columns which columns are meant.")
        }
        columns = names
        return try EventWriter(format.mapping ?? ColumnMapping(columns: names), columns: names, topic: topic, shift: shift)
    }

    private func header(_ what: String, remedy: String? = nil) -> EngineError {
        EngineError(
            .appendTableHeader, .user, "'\(name)' \(what)",
            remedy: remedy ?? "The first line of a table names its columns, as in 'resource_id,timestamp,cpu_pct'.")
    }
}
