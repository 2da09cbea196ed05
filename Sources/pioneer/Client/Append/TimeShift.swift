import Base
import Columns

extension ErrorCode {
    static let appendShift = ErrorCode("append.shift")
}

/// What `--shift-to` asks for: when the latest event is to be.
enum ShiftTarget: Equatable {
    case now
    case time(EventTime)

    static let allowedForm = "now, or a time such as 2026-01-05T00:00:00Z"

    init?(_ text: String) {
        if text == "now" {
            self = .now
        } else {
            var text = text
            guard let time = text.withUTF8({ CellTime.parse($0) }) else { return nil }
            self = .time(time)
        }
    }
}

/// Moves the event times of lines of JSON by one amount. A line whose times cannot be read stays as it is: the engine makes
/// a dead letter of it. The same line and amount give the same bytes.
final class LineShifter {
    private struct Field {
        var path: [String]
        /// Microseconds of a number's unit.
        var unit: Int64
    }

    private let fields: [Field]
    private let shift: TimeSpan
    private let out = ByteArena(capacity: 1_024)

    /// - Parameter shift: whole milliseconds, so that numbers of milliseconds stay whole.
    init(_ topic: TopicFacts, shift: TimeSpan) {
        self.shift = shift
        fields = topic.eventTimeFields.map { path in
            let isMillis = topic.readings.contains { $0.eventTimeField == path && Self.type(of: path, in: $0.schema) == .timestampMillis }
            return Field(path: path.split(separator: ".").map(String.init), unit: isMillis ? 1_000 : 1)
        }
    }

    static func type(of path: String, in schema: Schema) -> AvroType? {
        var fields = schema.fields
        var found: AvroType?
        for part in path.split(separator: ".") {
            found = fields.first { $0.name == part }?.type
            if case .record(let nested)? = found { fields = nested.fields }
        }
        return found
    }

    /// Hands over the line with its times moved.
    func shifted(_ line: UnsafeBufferPointer<UInt8>, _ take: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard case .success(let record) = JSONValue.parse(line) else { return take(line) }
        var edits: [(range: Range<Int>, text: String)] = []
        for field in fields {
            var value: JSONValue? = record
            for part in field.path { value = value?[part] }
            guard let value, let text = moved(value, unit: field.unit) else { continue }
            edits.append((value.offset..<Self.end(of: value, in: line), text))
        }
        guard !edits.isEmpty else { return take(line) }
        out.removeAll()
        var at = 0
        for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            out.append(line.baseAddress! + at, count: edit.range.lowerBound - at)
            out.append(edit.text)
            at = edit.range.upperBound
        }
        out.append(line.baseAddress! + at, count: line.count - at)
        take(out.bytes)
    }

    private func moved(_ value: JSONValue, unit: Int64) -> String? {
        switch value.kind {
        case .string(let text): return EventTime(text).map { JSONText.quoted(($0 + shift).description) }
        case .number(let text):
            guard let number = Int64(text) ?? Double(text).flatMap({ Int64(exactly: $0) }) else { return nil }
            let (sum, overflow) = number.addingReportingOverflow(shift.microseconds / unit)
            return overflow ? nil : String(sum)
        default: return nil
        }
    }

    /// One past a string's or number's last byte.
    private static func end(of value: JSONValue, in line: UnsafeBufferPointer<UInt8>) -> Int {
        var at = value.offset
        guard line[at] == 0x22 else {
            while at < line.count, line[at] &- 48 < 10 || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(line[at]) { at += 1 }
            return at
        }
        at += 1
        while line[at] != 0x22 { at += line[at] == 0x5C ? 2 : 1 }
        return at + 1
    }
}
