import Base
import Columns
import Planner

/// The text of an event or of a key, and what is written over in it for each event. All events of a template have the
/// same length, so that making one is a copy and a few digits.
struct EventTemplate {
    enum Slot {
        /// `i-000002a`: a key's name.
        case keyName(at: Int)
        /// `1000042`: a key's number.
        case keyNumber(at: Int)
        /// `2026-01-01T00:00:00.000`
        case time(at: Int)
        /// Three digits, a point and two digits, from 100 on: a number with leading zeros is not JSON.
        case number(at: Int)
        /// A time of a file's event, to the second; what follows it in the text (fraction, zone) stays.
        case seconds(at: Int, original: EventTime)
    }

    var text: [UInt8]
    var slots: [Slot]

    private static let keyName = "i-0000000"
    private static let keyNumber = "1000000"

    /// An event of the source's schema. - Parameter word: what the field `metric` says.
    static func event(_ source: PlannedSource, word: String, bytes: Int) -> EventTemplate {
        var template = EventTemplate(text: [], slots: [])
        for (index, field) in source.schema.fields.enumerated() {
            template.add((index == 0 ? "{" : ",") + "\"\(field.name)\":")
            let isKey = source.keyColumns.contains { source.type.columns[$0].path == field.name }
            let isTime = source.type.columns[source.eventTimeColumn].path == field.name
            template.addValue(field, isKey: isKey, isTime: isTime, word: word)
        }
        let missing = bytes - template.text.count - #","filler":"""#.utf8.count - 1
        if missing > 0 { template.add(#","filler":""# + String(repeating: "x", count: missing) + "\"") }
        template.add("}")
        return template
    }

    /// A record key of the source, as `KeyEncoder` writes it.
    static func key(_ source: PlannedSource) -> EventTemplate {
        var template = EventTemplate(text: [], slots: [])
        let types = source.keyColumns.map { source.type.columns[$0].type }
        if types == [.string] {
            template.addKeyName()
            return template
        }
        for (index, type) in types.enumerated() {
            template.add(index == 0 ? "[" : ",")
            if type == .string {
                template.add("\"")
                template.addKeyName()
                template.add("\"")
            } else {
                template.addKeyNumber()
            }
        }
        template.add("]")
        return template
    }

    private mutating func add(_ more: String) { text += Array(more.utf8) }

    private mutating func addKeyName() {
        slots.append(.keyName(at: text.count))
        add(Self.keyName)
    }

    private mutating func addKeyNumber() {
        slots.append(.keyNumber(at: text.count))
        add(Self.keyNumber)
    }

    private mutating func addValue(_ field: Schema.Field, isKey: Bool, isTime: Bool, word: String) {
        if isTime {
            slots.append(.time(at: text.count + 1))
            add("\"2026-01-01T00:00:00.000Z\"")
            return
        }
        switch field.type {
        case .boolean: add("true")
        case .int, .long: if isKey { addKeyNumber() } else { add("42") }
        case .float, .double:
            slots.append(.number(at: text.count))
            add("100.25")
        case .string where isKey:
            add("\"")
            addKeyName()
            add("\"")
        case .string: add(field.name == "metric" ? "\"\(word)\"" : "\"percent\"")
        case .enumeration(_, let symbols): add("\"\(symbols[0])\"")
        case .map: add("{}")
        case .bytes: add("\"\"")
        case .timestampMillis, .timestampMicros: add("\"2026-01-01T00:00:00Z\"")
        case .date: add("\"2026-01-01\"")
        case .uuid: add("\"00000000-0000-4000-8000-000000000000\"")
        case .duration: add("\"1s\"")
        case .record: add(field.isNullable ? "null" : "{}")
        }
    }
}

extension EventTemplate {
    /// What one event writes over.
    struct Values {
        var key: Int
        var time: EventTime
        /// For events of a file: how far they are moved.
        var shift: TimeSpan
    }

    func write(_ values: Values, _ random: inout SeededRandom, to arena: ByteArena) {
        arena.removeAll()
        text.withUnsafeBytes { _ = arena.append($0) }
        for slot in slots {
            switch slot {
            case .keyName(let at): Self.put(values.key, digits: 7, base: 16, at: arena.base + at + 2)
            case .keyNumber(let at): Self.put(1_000_000 + values.key, digits: 7, base: 10, at: arena.base + at)
            case .time(let at):
                Self.putSeconds(values.time, at: arena.base + at)
                Self.put(Int(values.time.microseconds / 1_000 % 1_000), digits: 3, base: 10, at: arena.base + at + 20)
            case .seconds(let at, let original): Self.putSeconds(original + values.shift, at: arena.base + at)
            case .number(let at):
                let cents = random.below(90_000) + 10_000
                Self.put(cents / 100, digits: 3, base: 10, at: arena.base + at)
                Self.put(cents % 100, digits: 2, base: 10, at: arena.base + at + 4)
            }
        }
    }

    private static func put(_ value: Int, digits: Int, base: Int, at out: UnsafeMutablePointer<UInt8>) {
        var rest = value
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let digit = rest % base
            out[place] = UInt8(digit < 10 ? 48 + digit : 87 + digit)
            rest /= base
        }
    }

    /// `2026-01-01T00:00:00`
    private static func putSeconds(_ time: EventTime, at out: UnsafeMutablePointer<UInt8>) {
        let second = EventTime(microseconds: time.microseconds / 1_000_000 * 1_000_000)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: EventTime.textBytesMax) { text in
            _ = second.write(to: text.baseAddress!)
            out.update(from: text.baseAddress!, count: 19)
        }
    }
}
