import Base
import Columns

/// What the engine tells about a topic: where it ends, and how each topology reads it.
struct TopicFacts {
    struct Reading {
        var topology: String
        /// Or table.
        var source: String
        var schema: Schema
        /// Nil: the topic is read as a table.
        var eventTimeField: String?
        var outOfOrder: TimeSpan
        var maxAhead: TimeSpan
    }

    var name: String
    /// End offsets by partition.
    var ends: [Int64]
    var readings: [Reading]

    /// Throws the engine's error, and `client.answer`.
    static func ask(_ client: EngineClient, _ topic: TopicName) async throws -> TopicFacts {
        let answer = try await client.value(.api("topics", topic.text))
        guard let facts = TopicFacts(answer) else {
            throw EngineAnswer.notUnderstood(Array(answer.description.utf8), from: client.address)
        }
        return facts
    }

    init?(_ json: JSONValue) {
        guard let name = json["topic"]?.string, let partitions = json["partitions"]?.elements,
            let readings = json["read_by"]?.elements
        else { return nil }
        self.name = name
        ends = partitions.compactMap { $0["end_offset"]?.int }
        self.readings = readings.compactMap(Reading.init)
        guard self.readings.count == readings.count else { return nil }
    }

    init(name: String, readings: [Reading]) {
        (self.name, self.readings, ends) = (name, readings, [])
    }

    /// Of the first topology that has one of the name, as the engine reads keys.
    func field(_ name: String) -> Schema.Field? {
        readings.lazy.compactMap { $0.schema.fields.first { $0.name == name } }.first
    }

    var fieldNames: [String] { unique(readings.flatMap { $0.schema.fields.map(\.name) }) }
    var eventTimeFields: [String] { unique(readings.compactMap(\.eventTimeField)) }
    var requiredFields: [String] { fieldNames.filter(isRequired) }

    /// Whether some topology has no use for a record without it.
    func isRequired(_ name: String) -> Bool {
        readings.contains { reading in
            reading.schema.fields.contains { $0.name == name && !$0.isNullable && $0.defaultJSON == nil }
        }
    }

    private func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

extension TopicFacts.Reading {
    fileprivate init?(_ json: JSONValue) {
        guard let topology = json["topology"]?.string, let source = (json["source"] ?? json["table"])?.string,
            let text = json["schema"]?.description, let schema = AvroSchemaParser.parse(text, file: "schema").schema
        else { return nil }
        guard let time = json["event_time"] else {
            self.init(topology: topology, source: source, schema: schema, eventTimeField: nil, outOfOrder: .zero, maxAhead: .zero)
            return
        }
        guard let field = time["field"]?.string, let outOfOrder = time["out_of_order"]?.string.flatMap({ TimeSpan($0) }),
            let maxAhead = time["max_ahead"]?.string.flatMap({ TimeSpan($0) })
        else { return nil }
        self.init(
            topology: topology, source: source, schema: schema, eventTimeField: field, outOfOrder: outOfOrder, maxAhead: maxAhead)
    }
}
