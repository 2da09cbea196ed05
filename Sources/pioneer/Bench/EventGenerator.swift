import Base
import Columns
import Planner
import Stores

/// Makes JSON events for a source, the same ones for the same settings: machines take turns, each event of a machine a
/// step later than its last.
///
/// Made to cost little beside what is measured: each (key, text) combination is rendered once, and an event is a copy of
/// it with the time and the numbers written over.
struct EventGenerator {
    struct Settings {
        var keys = 10_000
        /// Between two rounds over all keys, in event time.
        var every = TimeSpan.seconds(10)
        /// JSON bytes of an event; shorter ones are filled up with a field that the schema does not know.
        var bytes = 150
        var start = EventTime(seconds: 1_767_225_600)
        /// Rows of event time are shuffled by up to this much, so that some come out of order.
        var jitter = TimeSpan.seconds(2)
    }

    private struct Template {
        var key: [UInt8]
        var partition: Int
        var text: [UInt8]
    }

    /// Where in every template a value is written over.
    private enum Slot {
        case time(at: Int)
        /// Three digits, a point and two digits, from 100 on: a number with leading zeros is not JSON.
        case number(at: Int)
        /// A time of a file's event, to the second; what follows it in the text (fraction, zone) stays.
        case seconds(at: Int, original: EventTime)
    }

    let settings: Settings
    private let templates: [Template]
    private let slots: [[Slot]]
    /// How much later a round's events are than those of the round before.
    private let roundSpan: TimeSpan
    private var random: SeededRandom
    private var next = 0
    private var round: Int64 = 0
    private let scratch = ByteArena(capacity: 1_024)

    init(_ source: PlannedSource, settings: Settings, partitionCount: Int, seed: UInt64 = 1) {
        self.settings = settings
        random = SeededRandom(seed: seed)
        var templates: [Template] = []
        var slots: [[Slot]] = []
        let variants = Self.variants(source)
        for key in 0..<settings.keys {
            for variant in variants {
                let rendered = Self.render(source, key: key, variant: variant, bytes: settings.bytes)
                let keyText = Self.keyBytes(source, key: key)
                let partition = keyText.withUnsafeBufferPointer { Hashing.partition(of: $0, among: partitionCount) }
                templates.append(Template(key: keyText, partition: Int(partition.number), text: rendered.text))
                slots.append(rendered.slots)
            }
        }
        self.templates = templates
        self.slots = slots
        roundSpan = settings.every
    }

    /// Takes a file's events instead: in its order, again and again, each round moved on by what the file spans.
    /// Throws `bench.events` for a line that the source's schema does not take.
    init(_ source: PlannedSource, lines: [[UInt8]], settings: Settings, partitionCount: Int) throws {
        self.settings = settings
        random = SeededRandom(seed: 1)
        let reader = BenchEventReader(source)
        var templates: [Template] = []
        var slots: [[Slot]] = []
        var first = EventTime.latest, last = EventTime.earliest
        for (index, line) in lines.enumerated() {
            let event = try reader.read(line, number: index + 1)
            let partition = event.key.withUnsafeBufferPointer { Hashing.partition(of: $0, among: partitionCount) }
            templates.append(Template(key: event.key, partition: Int(partition.number), text: line))
            slots.append([.seconds(at: event.timeAt, original: event.time)])
            first = min(first, event.time)
            last = max(last, event.time)
        }
        guard !templates.isEmpty else { throw BenchEventReader.noEvents }
        self.templates = templates
        self.slots = slots
        roundSpan = last - first + .seconds(1)
    }

    /// Words a text field takes turns with; the metrics that the shipped topologies know.
    private static func variants(_ source: PlannedSource) -> [String] {
        let names = source.schema.fields.map(\.name)
        return names.contains("metric")
            ? ["cpu_utilization", "memory_utilization", "disk_utilization", "network_in", "network_out"] : ["a"]
    }

    private static func keyName(_ key: Int) -> String { "i-" + String(0x100_0000 + key, radix: 16).dropFirst() }

    private static func keyBytes(_ source: PlannedSource, key: Int) -> [UInt8] {
        if source.keyColumns.count == 1, source.type.columns[source.keyColumns[0]].type == .string { return Array(keyName(key).utf8) }
        let parts = source.keyColumns.map { source.type.columns[$0].type == .string ? "\"\(keyName(key))\"" : "\(key)" }
        return Array("[\(parts.joined(separator: ","))]".utf8)
    }

    private static func render(_ source: PlannedSource, key: Int, variant: String, bytes: Int) -> (text: [UInt8], slots: [Slot]) {
        var text = "{"
        var slots: [Slot] = []
        for (index, field) in source.schema.fields.enumerated() {
            if index > 0 { text += "," }
            text += "\"\(field.name)\":"
            let isKey = source.keyColumns.contains { source.type.columns[$0].path == field.name }
            if source.type.columns[source.eventTimeColumn].path == field.name {
                slots.append(.time(at: text.utf8.count + 1))
                text += "\"2026-01-01T00:00:00.000Z\""
                continue
            }
            switch field.type {
            case .boolean: text += "true"
            case .int, .long: text += isKey ? "\(key)" : "\(key % 97)"
            case .float, .double:
                slots.append(.number(at: text.utf8.count))
                text += "100.25"
            case .string: text += isKey ? "\"\(keyName(key))\"" : (field.name == "metric" ? "\"\(variant)\"" : "\"percent\"")
            case .enumeration(_, let symbols): text += "\"\(symbols[key % symbols.count])\""
            case .map: text += "{}"
            case .bytes: text += "\"\""
            case .timestampMillis, .timestampMicros: text += "\"2026-01-01T00:00:00Z\""
            case .date: text += "\"2026-01-01\""
            case .uuid: text += "\"00000000-0000-4000-8000-000000000000\""
            case .duration: text += "\"1s\""
            case .record: text += field.isNullable ? "null" : "{}"
            }
        }
        let missing = bytes - text.utf8.count - #","filler":"""#.utf8.count - 1
        if missing > 0 { text += #","filler":""# + String(repeating: "x", count: missing) + "\"" }
        return (Array((text + "}").utf8), slots)
    }

    /// JSON bytes of an event, on average.
    var eventBytes: Double { Double(templates.reduce(0) { $0 + $1.text.count }) / Double(max(1, templates.count)) }

    /// Appends `count` events to the buffers, by partition.
    mutating func append(_ count: Int, to buffers: [RecordBuffer], timestamp: Int64) {
        for _ in 0..<count {
            let base = settings.start.microseconds + round * roundSpan.microseconds
            let spread = Int64(random.below(Int(settings.jitter.microseconds) + 1))
            let time = EventTime(microseconds: (base + spread) / 1_000 * 1_000)
            write(next, time, to: buffers, timestamp: timestamp)
            next += 1
            if next == templates.count {
                next = 0
                round += 1
            }
        }
    }

    private mutating func write(_ index: Int, _ time: EventTime, to buffers: [RecordBuffer], timestamp: Int64) {
        scratch.removeAll()
        templates[index].text.withUnsafeBytes { _ = scratch.append($0) }
        for slot in slots[index] {
            switch slot {
            case .time(let at): writeTime(time, at: scratch.base + at)
            case .seconds(let at, let original):
                let moved = EventTime(microseconds: original.microseconds + round * roundSpan.microseconds)
                writeSeconds(moved, at: scratch.base + at)
            case .number(let at):
                let cents = random.below(90_000) + 10_000
                put(cents / 100, digits: 3, at: scratch.base + at)
                put(cents % 100, digits: 2, at: scratch.base + at + 4)
            }
        }
        templates[index].key.withUnsafeBufferPointer {
            buffers[templates[index].partition].append(timestamp: timestamp, key: $0, value: scratch.bytes)
        }
    }

    private func put(_ value: Int, digits: Int, at out: UnsafeMutablePointer<UInt8>) {
        var rest = value
        for place in stride(from: digits - 1, through: 0, by: -1) {
            out[place] = UInt8(48 + rest % 10)
            rest /= 10
        }
    }

    /// `2026-01-01T00:00:00.000Z` with milliseconds always, so that every event has the same length.
    private func writeTime(_ time: EventTime, at out: UnsafeMutablePointer<UInt8>) {
        writeSeconds(time, at: out)
        put(Int(time.microseconds / 1_000 % 1_000), digits: 3, at: out + 20)
    }

    /// `2026-01-01T00:00:00`
    private func writeSeconds(_ time: EventTime, at out: UnsafeMutablePointer<UInt8>) {
        let second = EventTime(microseconds: time.microseconds / 1_000_000 * 1_000_000)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: EventTime.textBytesMax) { text in
            _ = second.write(to: text.baseAddress!)
            out.update(from: text.baseAddress!, count: 19)
        }
    }
}

extension TimeSpan {
    fileprivate static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan { TimeSpan(microseconds: a.microseconds + b.microseconds) }
}
