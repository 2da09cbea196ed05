import Base
import HTTPTypes
import Hummingbird
import NIOCore
import Stores

/// `GET /api/v1/topics/{topic}/records?partition=&offset=&limit=&follow=`: records as lines of JSON.
///
/// `partition` defaults to all of them, one after the other. `offset` is a number, `earliest`, `latest`, or `-N` for the
/// last N; it defaults to `earliest`, and with `follow=true` to `latest`. A follower gets records as they arrive until
/// it has `limit` of them or goes.
struct RecordsRoute: Sendable {
    let engine: any EngineFacade
    let work: BlockingWork
    let signal: AppendSignal

    @Sendable
    func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let name = try context.pathPart("topic")
        let parameters = try QueryParameters(request.uri.query)
        try parameters.allow(["partition", "offset", "limit", "follow"])
        let follows = try parameters.flag("follow")
        let limit = try parameters.integer(
            "limit", in: 0...APILimits.recordsMax, default: follows ? APILimits.recordsMax : APILimits.recordsDefault)
        let isLimited = try parameters.single("limit") != nil || !follows
        let start = try Self.start(try parameters.single("offset"), follows: follows)
        let log = engine.log
        let cursor = try await work.run {
            let topic = try TopicLookup.topic(name, in: log)
            let partitions = try Self.partitions(parameters, of: topic)
            if case .offset = start, partitions.count > 1 {
                throw APIError.badParameter(
                    "an offset is counted in one partition, and '\(name)' has \(partitions.count)",
                    remedy: "Add partition=, or use earliest, latest or -N.")
            }
            return try RecordCursor(topic: topic.name, partitions: partitions, start: start, limit: isLimited ? limit : .max, log: log)
        }
        let body = follows ? try following(request, cursor, place: signal.enter()) : reading(cursor)
        var headers: HTTPFields = [.contentType: "application/x-ndjson"]
        // Followers are many and their records few: a compressor each would hold more memory than it saves bytes.
        if follows { headers[.cacheControl] = "no-transform" }
        return Response(status: .ok, headers: headers, body: body)
    }

    private static func start(_ text: String?, follows: Bool) throws -> RecordCursor.Start {
        switch text {
        case nil: return follows ? .latest : .earliest
        case "earliest": return .earliest
        case "latest": return .latest
        case let text?:
            if let number = Int64(text), number > Int64.min {
                return text.hasPrefix("-") ? .last(-number) : .offset(number)
            }
            throw APIError.badParameter(
                "offset is '\(text)'", remedy: "An offset is a number, 'earliest', 'latest', or -N for the last N.", given: text,
                allowed: ["earliest", "latest"])
        }
    }

    private static func partitions(_ parameters: QueryParameters, of topic: TopicDescription) throws -> [PartitionNumber] {
        guard try parameters.single("partition") != nil else { return (0..<topic.partitionCount).map { PartitionNumber($0) } }
        return [PartitionNumber(try parameters.integer("partition", in: 0...(topic.partitionCount - 1), default: 0))]
    }

    private func reading(_ cursor: RecordCursor) -> ResponseBody {
        ResponseBody { writer in
            var cursor = cursor
            while let lines = try await step(&cursor) { try await writer.write(lines) }
            try await writer.finish(nil)
        }
    }

    /// Ends when the reader has what it asked for, when it goes, and when the server stops.
    private func following(_ request: Request, _ cursor: RecordCursor, place: AppendSignal.Place) -> ResponseBody {
        .following(request, place: place) { writer in
            var cursor = cursor
            while cursor.left > 0, Task.isFollowing {
                let seen = engine.log.appendCount
                if let lines = try await step(&cursor) {
                    try await writer.write(lines)
                } else {
                    await signal.wait(since: seen)
                }
            }
        }
    }

    /// The next lines, or nil when there are none now. What goes wrong once the answer has begun becomes its last line.
    private func step(_ cursor: inout RecordCursor) async throws -> ByteBuffer? {
        guard cursor.left > 0 else { return nil }
        let log = engine.log, from = cursor
        do {
            let (lines, moved) = try await work.run {
                var moved = from
                return (try moved.advance(log), moved)
            }
            cursor = moved
            return lines.readableBytes == 0 ? nil : lines
        } catch let error as APIError {
            cursor.end()
            return error.line
        } catch let error as EngineError {
            cursor.end()
            return APIError(error).line
        }
    }
}
