import Base
import HTTPTypes
import Hummingbird
import NIOCore
import Stores
import Telemetry

/// `POST /api/v1/topics/{topic}/records`: the body's lines, each a JSON record, are appended as one: all of them or none.
///
/// With `Pioneer-Producer` and `Pioneer-Sequence` (or `?producer=&sequence=`) a request may be repeated until it is
/// answered, and its records are appended once.
struct AppendRoute: Sendable {
    let engine: any EngineFacade
    let clock: any WallClock
    let work: BlockingWork

    @Sendable
    func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let name = try context.pathPart("topic")
        let parameters = try QueryParameters(request.uri.query)
        try parameters.allow(["producer", "sequence"])
        let producer = try Self.producer(parameters, request.headers)
        if let topic = TopicName(name), topic.isInternal {
            throw APIError(
                .forbidden, .apiInternalTopic, "'\(name)' is a topic of the engine's own",
                remedy: "Append to the topics that topologies read; what they make of it goes to the internal ones.")
        }
        let body = try await Self.body(of: request)
        let engine = engine, now = clock.now()
        let (outcome, count, withoutKeyCount) = try await work.run {
            let topic = try TopicLookup.topic(name, in: engine.log)
            let routed = try body.withUnsafeReadableBytes { try engine.route(topic: topic.name, lines: $0, now: now) }
            let append = AppendRequest(topic: topic.name, producer: producer, records: routed.records)
            return (try engine.appender.append(append), routed.count, routed.withoutKeyCount)
        }
        let routed = RecordsAppended(
            topic: name, producer: producer?.id, records: count, withoutKey: withoutKeyCount, bytes: body.readableBytes)
        Self.tell(outcome, routed)
        return try Self.response(outcome, count, withoutKeyCount, producer)
    }

    private static func tell(_ outcome: AppendOutcome, _ routed: RecordsAppended) {
        let producer = routed.producer ?? ""
        switch outcome {
        case .appended: Telemetry.emit(routed)
        case .duplicate: Telemetry.emit(AppendNotTaken(topic: routed.topic, producer: producer, reason: .duplicate))
        case .outOfSequence: Telemetry.emit(AppendNotTaken(topic: routed.topic, producer: producer, reason: .outOfSequence))
        }
    }

    private static func response(
        _ outcome: AppendOutcome, _ count: Int, _ withoutKeyCount: Int, _ producer: AppendRequest.Producer?
    ) throws -> Response {
        let json = JSONOutput()
        switch outcome {
        case .appended(let offsets):
            json.object {
                json.field("appended", count)
                json.field("without_key", withoutKeyCount)
                json.field("offsets") {
                    json.object {
                        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) { json.field("\(partition)", offset.number) }
                    }
                }
            }
        case .duplicate(let last):
            json.object {
                json.field("appended", 0)
                json.field("duplicate", true)
                json.field("last_sequence", last)
            }
        case .outOfSequence(let expected):
            throw APIError(
                .conflict, .apiOutOfSequence,
                "producer '\(producer?.id ?? "")' sent sequence \(producer?.sequence ?? 0), and \(expected) comes next",
                remedy: "Send what belongs to sequence \(expected) first; nothing was appended.", details: [("expected", expected)])
        }
        return json.response()
    }

    static func body(of request: Request) async throws -> ByteBuffer {
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw APIError(
                .unsupportedMediaType, .apiBodyEncoded, "the body has the Content-Encoding '\(encoding)'; nothing was appended",
                remedy: "Send the lines as they are; 'pioneer append' takes gzip files, and unpacks them.")
        }
        let tooLarge = APIError(
            .contentTooLarge, .apiBodyTooLarge, "the body is larger than \(APILimits.appendBytesMax) bytes",
            remedy: "Send the records in several requests.")
        // Said before the client has sent it all, where it says how much that will be.
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > APILimits.appendBytesMax { throw tooLarge }
        do {
            return try await request.body.collect(upTo: APILimits.appendBytesMax)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch let error as CancellationError {
            throw error
        } catch {
            // Whatever goes wrong with reading a body is the connection's doing: the client went, or sent no HTTP.
            throw APIError(
                .badRequest, .apiBodyIncomplete, "the body ended before it was whole; nothing was appended",
                remedy: "Send the request again, best with producer and sequence.")
        }
    }

    // MARK: The producer

    private static let producerHeader = HTTPField.Name("Pioneer-Producer")
    private static let sequenceHeader = HTTPField.Name("Pioneer-Sequence")

    private static func producer(_ parameters: QueryParameters, _ headers: HTTPFields) throws -> AppendRequest.Producer? {
        func given(_ parameter: String, _ header: HTTPField.Name?) throws -> String? {
            let fromQuery = try parameters.single(parameter), fromHeader = header.flatMap { headers[$0] }
            guard let fromQuery, let fromHeader, fromQuery != fromHeader else { return fromQuery ?? fromHeader }
            throw APIError.badParameter(
                "the \(parameter) is '\(fromHeader)' in the header and '\(fromQuery)' in the query", remedy: "Give it once.")
        }
        switch (try given("producer", producerHeader), try given("sequence", sequenceHeader)) {
        case (nil, nil): return nil
        case (let id?, let text?):
            guard let sequence = Int64(text) else {
                throw APIError.badParameter("the sequence is '\(text)'", remedy: "A sequence is a whole number of 64 bits.")
            }
            return AppendRequest.Producer(id: try checkedProducer(id), sequence: sequence)
        default:
            throw APIError.badParameter(
                "of producer and sequence only one is given", remedy: "Give both, so that a repeat appends nothing twice, or neither.")
        }
    }

    static func checkedProducer(_ id: String) throws -> String {
        guard (1...APILimits.producerCharactersMax).contains(id.utf8.count), id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw APIError.badParameter(
                "the producer is '\(id)'",
                remedy: "A producer is 1 to \(APILimits.producerCharactersMax) printable ASCII characters without spaces.")
        }
        return id
    }
}
