import Base
import Columns
import Planner

extension ErrorCode {
    static let benchEvents = ErrorCode("bench.events")
}

/// Reads the events of `bench --events FILE`: each one's key, and where its event time stands in the text.
struct BenchEventReader {
    struct Event {
        var key: [UInt8]
        /// As the text says it, zones left aside: only differences matter.
        var time: EventTime
        /// Where the time's text begins.
        var timeAt: Int
    }

    private let source: PlannedSource
    private let decoder: JSONRecordDecoder
    private let keys: KeyEncoder
    private let timePath: String

    init(_ source: PlannedSource) {
        self.source = source
        decoder = JSONRecordDecoder(schema: source.schema)
        keys = KeyEncoder(columns: source.keyColumns, type: source.type)
        timePath = source.type.columns[source.eventTimeColumn].path
    }

    func read(_ line: [UInt8], number: Int) throws -> Event {
        decoder.begin(capacity: 1)
        if let fault = line.withUnsafeBufferPointer({ decoder.append($0.baseAddress!, count: $0.count) }) {
            throw Self.error("line \(number) is no event of schema '\(source.schemaName)': \(fault.message)")
        }
        let key = ByteArena()
        guard keys.encode(row: 0, of: decoder.finish(), into: key) else { throw Self.error("line \(number) has no key") }
        // The last one wins, as in the decoder.
        let text = String(decoding: line, as: UTF8.self)
        let name = "\"" + timePath + "\""
        guard let found = text.ranges(of: name).last, let quote = text[found.upperBound...].firstIndex(of: "\""),
            let end = text.index(quote, offsetBy: 20, limitedBy: text.endIndex),
            let time = EventTime(String(text[text.index(after: quote)..<end]) + "Z")
        else {
            throw Self.error("line \(number): the time '\(timePath)' is not a text like 2026-01-05T00:00:00Z")
        }
        return Event(key: Array(key.bytes), time: time, timeAt: text.utf8.distance(from: text.utf8.startIndex, to: quote) + 1)
    }

    static var noEvents: EngineError { error("the file has no events") }

    private static func error(_ message: String) -> EngineError {
        EngineError(
            .benchEvents, .user, "--events: \(message)",
            remedy: "Give JSON lines that the topology's first source takes, with event times in RFC 3339 text.")
    }
}
