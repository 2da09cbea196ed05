import Base
import Columns
import Planner
import Stores

/// Makes JSON events for a source, the same ones for the same settings: keys take turns, and within a key the texts, each
/// event of both a step later than its last. Or takes a file's events, again and again.
struct EventGenerator {
    struct Settings {
        var keys = 10_000
        /// Between two rounds over all keys, in event time.
        var every = TimeSpan.seconds(10)
        /// JSON bytes of an event; shorter ones are filled up with a field that the schema does not know.
        var bytes = 150
        var start = EventTime(seconds: 1_767_225_600)
        /// Events are up to this much later than their round, so that some come out of order.
        var jitter = TimeSpan.seconds(2)
    }

    /// One event of a file.
    private struct FileEvent {
        var template: EventTemplate
        var key: [UInt8]
        var partition: Int
    }

    private let settings: Settings
    /// Made events: one template a word, and each key's partition.
    private var templates: [EventTemplate] = []
    private var keyTemplate = EventTemplate(text: [], slots: [])
    private var partitions: [Int32] = []
    private var fileEvents: [FileEvent] = []

    /// How much later a round's events are than those of the round before.
    private let roundSpan: TimeSpan
    private var random: SeededRandom
    private var next = 0
    private var round: Int64 = 0
    private let text = ByteArena(capacity: 1_024)
    private let key = ByteArena(capacity: 64)

    /// Words the field `metric` takes turns with, for each key.
    private static let metrics = ["cpu_utilization", "memory_utilization", "disk_utilization", "network_in", "network_out"]

    init(_ source: PlannedSource, settings: Settings, partitionCount: Int, seed: UInt64 = 1) {
        self.settings = settings
        random = SeededRandom(seed: seed)
        roundSpan = settings.every
        let words = source.schema.fields.contains { $0.name == "metric" } ? Self.metrics : [""]
        templates = words.map { EventTemplate.event(source, word: $0, bytes: settings.bytes) }
        keyTemplate = EventTemplate.key(source)
        for number in 0..<settings.keys {
            keyTemplate.write(.init(key: number, time: settings.start, shift: .zero), &random, to: key)
            partitions.append(Hashing.partition(of: key.bytes, among: partitionCount).number)
        }
    }

    /// Takes a file's events in its order, again and again, each round moved on by what the file spans.
    /// Throws `bench.events` for a line that the source's schema does not take.
    init(_ source: PlannedSource, lines: [[UInt8]], settings: Settings, partitionCount: Int) throws {
        self.settings = settings
        random = SeededRandom(seed: 1)
        let reader = BenchEventReader(source)
        var first = EventTime.latest, last = EventTime.earliest
        for (index, line) in lines.enumerated() {
            let event = try reader.read(line, number: index + 1)
            let partition = event.key.withUnsafeBufferPointer { Hashing.partition(of: $0, among: partitionCount) }
            let template = EventTemplate(text: line, slots: [.seconds(at: event.timeAt, original: event.time)])
            fileEvents.append(FileEvent(template: template, key: event.key, partition: Int(partition.number)))
            first = min(first, event.time)
            last = max(last, event.time)
        }
        guard !fileEvents.isEmpty else { throw BenchEventReader.noEvents }
        roundSpan = TimeSpan(microseconds: (last - first).microseconds + 1_000_000)
    }

    /// JSON bytes of an event, on average.
    var eventBytes: Double {
        let texts = fileEvents.isEmpty ? templates.map(\.text.count) : fileEvents.map(\.template.text.count)
        return Double(texts.reduce(0, +)) / Double(max(1, texts.count))
    }

    /// The event time of the round that the next event is of.
    var time: EventTime { EventTime(microseconds: settings.start.microseconds + round * roundSpan.microseconds) }

    /// Appends `count` events to the buffers, by partition.
    mutating func append(_ count: Int, to buffers: [RecordBuffer], timestamp: Int64) {
        for _ in 0..<count {
            if fileEvents.isEmpty { appendMade(buffers, timestamp) } else { appendFromFile(buffers, timestamp) }
        }
    }

    private mutating func appendMade(_ buffers: [RecordBuffer], _ timestamp: Int64) {
        let number = next / templates.count
        let spread = Int64(random.below(Int(settings.jitter.microseconds) + 1)) / 1_000 * 1_000
        let time = EventTime(microseconds: settings.start.microseconds + round * roundSpan.microseconds + spread)
        let values = EventTemplate.Values(key: number, time: time, shift: .zero)
        templates[next % templates.count].write(values, &random, to: text)
        keyTemplate.write(values, &random, to: key)
        buffers[Int(partitions[number])].append(timestamp: timestamp, key: key.bytes, value: text.bytes)
        step(settings.keys * templates.count)
    }

    private mutating func appendFromFile(_ buffers: [RecordBuffer], _ timestamp: Int64) {
        let event = fileEvents[next]
        let shift = TimeSpan(microseconds: round * roundSpan.microseconds)
        event.template.write(.init(key: 0, time: settings.start, shift: shift), &random, to: text)
        event.key.withUnsafeBufferPointer { buffers[event.partition].append(timestamp: timestamp, key: $0, value: text.bytes) }
        step(fileEvents.count)
    }

    private mutating func step(_ count: Int) {
        next += 1
        guard next == count else { return }
        next = 0
        round += 1
    }
}
