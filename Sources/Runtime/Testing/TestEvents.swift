import Base
import Columns
import Planner
import TopologyFile

/// The records of a test in the order they are given.
struct TestEvents {
    struct Event {
        var target: PlannedTestInput.Target
        var value: [UInt8]
        /// Whether the record has no value, only the key that `value` says.
        var isDeletion: Bool
        /// Nil: the record goes where its key belongs.
        var partition: PartitionNumber?
        /// Nil where the record has none that can be read.
        var time: EventTime?
    }

    private(set) var ordered: [Event] = []

    /// - Complexity: O(n log n) for n records.
    init(_ test: PlannedTest, _ specification: TopologyTestSpecification, _ plan: Plan) {
        let readers = plan.sources.map(EventTimeReader.init)
        var series: [Event] = []
        for (input, given) in zip(test.inputs, specification.given) {
            let events = input.values.map { text in
                let value = Array(text.utf8)
                var time: EventTime?
                if case .source(let index) = input.target { time = readers[index].time(of: value) }
                return Event(
                    target: input.target, value: value, isDeletion: input.isDeletion,
                    partition: input.partition ?? (input.isRaw ? PartitionNumber(0) : nil), time: time)
            }
            if case .series = given.records {
                series += events
            } else {
                flush(&series)
                ordered += events
            }
        }
        flush(&series)
    }

    /// Appends series that stand side by side, merged by time; of events at the same time the first series' comes first.
    private mutating func flush(_ series: inout [Event]) {
        let merged = series.enumerated().sorted { a, b in
            (a.element.time ?? .earliest, a.offset) < (b.element.time ?? .earliest, b.offset)
        }
        ordered += merged.map(\.element)
        series = []
    }
}

/// Reads the event time of a source's records.
private final class EventTimeReader {
    private let decoder: JSONRecordDecoder
    private let column: Int

    init(_ source: PlannedSource) {
        column = source.eventTimeColumn
        decoder = JSONRecordDecoder(schema: source.schema, projection: source.type.columns.indices.map { $0 == source.eventTimeColumn })
    }

    func time(of value: [UInt8]) -> EventTime? {
        decoder.begin(capacity: 1)
        let isRead = value.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { decoder.append($0, count: bytes.count) == nil } ?? false
        }
        let times = decoder.finish()[column]
        guard isRead, times.isValid(0) else { return nil }
        return EventTime(microseconds: times.words[0])
    }
}
