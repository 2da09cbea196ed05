import Base
import Columns
import Stores

/// Where `pioneer tail --offset` begins, in each partition.
enum TailStart: Equatable {
    case earliest
    case latest
    case at(Int64)
    /// So many records before the end.
    case last(Int64)

    static let allowedForm = "earliest, latest, an offset, or -N for the last N records"

    /// Nil where the text is none of `allowedForm`.
    init?(_ text: String) {
        switch text {
        case "earliest": self = .earliest
        case "latest": self = .latest
        default:
            guard let number = Int64(text) else { return nil }
            self = text.hasPrefix("-") ? .last(number == .min ? .max : -number) : .at(number)
        }
    }

    /// The offset in a partition that holds `range`: never before what is kept, never past the end.
    func offset(in range: OffsetBounds) -> Int64 {
        switch self {
        case .earliest: range.first
        case .latest: range.end
        case .at(let offset): min(max(offset, range.first), range.end)
        case .last(let count): max(range.first, range.end - min(count, range.end - range.first))
        }
    }
}

/// The offsets a partition holds, `end` being one past the last.
struct OffsetBounds: Equatable {
    var first: Int64
    var end: Int64
}

/// A record as the engine's answers have it, a JSON object a line.
struct TailedRecord {
    var partition: Int64
    var offset: Int64
    private let json: JSONValue

    /// Throws `client.answer` where the line is no record, and the engine's error where it is one: an answer that has
    /// begun ends with it.
    init(_ line: [UInt8], from address: EngineAddress) throws {
        guard case .success(let json) = line.withUnsafeBufferPointer({ JSONValue.parse($0) }) else {
            throw EngineAnswer.notUnderstood(line, from: address)
        }
        guard json["error"] == nil else { throw EngineAnswer.error(status: 400, json: json, from: address) }
        guard let partition = json["partition"]?.int, let offset = json["offset"]?.int else {
            throw EngineAnswer.notUnderstood(line, from: address)
        }
        self.partition = partition
        self.offset = offset
        self.json = json
    }

    /// `0:1234  2026-01-05T10:00:00Z  i-1  {"resource_id":…}`, cut to the terminal's width.
    func line(_ terminal: Terminal) -> String {
        let style = Style(terminal)
        let place = "\(partition):\(offset)", time = json["timestamp"]?.cell ?? ""
        let key = Self.key(json)
        let room = terminal.width.map { max(8, $0 - CellText.width(place) - CellText.width(time) - CellText.width(key) - 6) }
        let value = CellText.printable(shownValue + shownHeaders)
        return [style(.cyan, place), style(.dim, time), style(.bold, key), room.map { CellText.cut(value, to: $0) } ?? value]
            .joined(separator: "  ")
    }

    private static func key(_ json: JSONValue) -> String {
        if let bytes = json["key_base64"]?.string { return "base64:" + bytes }
        return json["key"]?.string.map(CellText.printable) ?? "-"
    }

    private var shownValue: String {
        if let bytes = json["value_base64"]?.string { return "base64:" + bytes }
        // Quoted, so that it is not taken for JSON and shows where it ends.
        if let text = json["value_text"] { return text.description }
        guard let value = json["value"], !value.isNull else { return "(deleted)" }
        return value.cell
    }

    private var shownHeaders: String {
        let headers = json["headers"]?.elements?.compactMap(\.elements) ?? []
        return headers.map { "  " + $0.map(\.cell).joined(separator: "=") }.joined()
    }
}

/// The engine's list of topics.
struct TopicList {
    struct Topic: Equatable {
        var name: String
        /// By partition number.
        var partitions: [OffsetBounds]
    }

    var topics: [Topic]

    /// `{"topics": [{"topic": …, "partitions": [{"first_offset": 0, "end_offset": 10}]}]}`. Nil where the value is no such
    /// list.
    init?(_ value: JSONValue) {
        guard let list = value["topics"]?.elements else { return nil }
        topics = list.compactMap { topic in
            guard let name = topic["topic"]?.string, let partitions = topic["partitions"]?.elements else { return nil }
            return Topic(
                name: name,
                partitions: partitions.map { OffsetBounds(first: $0["first_offset"]?.int ?? 0, end: $0["end_offset"]?.int ?? 0) })
        }
    }

    /// Throws `log.unknown_topic`, as the engine would.
    func topic(_ name: String) throws -> Topic {
        if let topic = topics.first(where: { $0.name == name }) { return topic }
        let nearest = nearestName(to: name, among: topics.map(\.name)).map { "Did you mean '\($0)'? " } ?? ""
        let there = topics.filter { !$0.name.hasPrefix("_pioneer.") }.map(\.name).sorted()
        throw EngineError(
            .unknownTopic, .user, "there is no topic '\(name)'",
            remedy: nearest + (there.isEmpty ? "The engine has none of its users'." : "There are: \(there.joined(separator: ", "))."))
    }
}
