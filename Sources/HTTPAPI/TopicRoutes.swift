import Base
import Columns
import HTTPTypes
import Hummingbird
import Stores

/// `GET /api/v1/topics`, `GET /api/v1/topics/{topic}` and `GET /api/v1/producers/{producer}?topic=…`.
struct TopicRoutes: Sendable {
    let engine: any EngineFacade
    let work: BlockingWork

    @Sendable
    func list(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try QueryParameters(request.uri.query).allow([])
        let log = engine.log
        let topics = try await work.run {
            try log.topics().map { topic in
                (topic, try (0..<topic.partitionCount).map { try log.range(of: TopicPartition(topic.name, PartitionNumber($0))) })
            }
        }
        let json = JSONOutput()
        json.object {
            json.field("topics") { json.array(topics) { write($0, ranges: $1, to: json) } }
        }
        return json.response()
    }

    /// One topic, and how each topology that reads it does: schema, key and event time.
    @Sendable
    func one(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try QueryParameters(request.uri.query).allow([])
        let name = try context.pathPart("topic"), engine = engine
        let (topic, ranges, readings) = try await work.run {
            let topic = try TopicLookup.topic(name, in: engine.log)
            let ranges = try (0..<topic.partitionCount).map { try engine.log.range(of: TopicPartition(topic.name, PartitionNumber($0))) }
            return (topic, ranges, engine.readings(of: topic.name))
        }
        let json = JSONOutput()
        write(topic, ranges: ranges, readings: readings, to: json)
        return json.response()
    }

    private func write(_ topic: TopicDescription, ranges: [OffsetRange], readings: [SourceReading]? = nil, to json: JSONOutput) {
        json.object {
            json.field("topic", topic.name.text)
            json.field("internal", topic.name.isInternal)
            json.field("retention") {
                json.object {
                    json.field("age", topic.retention.age?.description)
                    json.field("bytes_max") { json.value(topic.retention.bytesMax.map { .int(Int64($0)) } ?? .null) }
                    json.field("compacted", topic.retention.isCompacted)
                }
            }
            json.field("partitions") {
                json.array(ranges.enumerated()) { partition, range in
                    json.object {
                        json.field("partition", partition)
                        json.field("first_offset", range.first.number)
                        json.field("end_offset", range.end.number)
                    }
                }
            }
            if let readings { json.field("read_by") { json.array(readings) { $0.write(to: json) } } }
        }
    }

    /// Where a producer that restarts goes on.
    @Sendable
    func producer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let producer = try AppendRoute.checkedProducer(try context.pathPart("producer"))
        let parameters = try QueryParameters(request.uri.query)
        try parameters.allow(["topic"])
        guard let name = try parameters.single("topic") else {
            throw APIError.badParameter("the parameter 'topic' is missing", remedy: "Sequences are counted per topic: add ?topic=….")
        }
        let engine = engine
        let last = try await work.run {
            let topic = try TopicLookup.topic(name, in: engine.log)
            return try engine.appender.lastSequence(of: producer, topic: topic.name)
        }
        let json = JSONOutput()
        json.object {
            json.field("producer", producer)
            json.field("topic", name)
            json.field("last_sequence") { json.value(last.map(Value.int) ?? .null) }
        }
        return json.response()
    }
}

/// Topics by the names that clients send.
enum TopicLookup {
    static func topic(_ text: String, in log: any EventLog) throws -> TopicDescription {
        if let name = TopicName(text), let topic = try log.topic(name) { return topic }
        let known = try log.topics().map(\.name)
        let visible = known.filter { !$0.isInternal }.map(\.text)
        let nearest = nearestName(to: text, among: known.map(\.text)).map { "Did you mean '\($0)'? " } ?? ""
        let remedy = TopicName(text) == nil
            ? "a topic's name is \(TopicName.allowedForm)"
            : "\(nearest)Topics are made by the topologies that read and write them; /api/v1/topics lists them."
        throw APIError(.notFound, .unknownTopic, "there is no topic '\(text)'", remedy: remedy, allowed: visible)
    }
}
