import Base
import Columns
import HTTPTypes
import Hummingbird
import NIOCore
import Stores

extension ErrorCode {
    /// A position is of another view, or of another log.
    static let apiForeignPosition = ErrorCode("api.foreign_position")
}

/// `GET /api/v1/views/{view}/changes?after=&from=&limit=&select=&column=op.value`: the view's rows as they change, as
/// server-sent events.
///
/// Starts at the present end, with `from=earliest` at the beginning of what is kept, and with `after` or the header
/// `Last-Event-ID` behind the event of that id. The header counts more: a browser that comes back sends it along with the
/// address that it began with.
struct ChangesRoute: Sendable {
    let engine: any EngineFacade
    let clock: any WallClock
    let work: BlockingWork
    let signal: AppendSignal
    var pace = ChangePace()

    private static let lastEventID = HTTPField.Name("Last-Event-ID")!
    private static let own = ["after", "from", "limit"]

    @Sendable
    func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let view = try ViewRoutes.view(try context.pathPart("view"), in: engine)
        let parameters = try QueryParameters(request.uri.query)
        try parameters.allow(view.type.columns.map(\.flatName) + ["select"] + ViewQueryParser.trees + Self.own)
        let query = try ViewQueryParser(view, now: clock.now()).parse(parameters.without(Self.own)).query
        guard !query.isAggregated else {
            throw APIError.badParameter(
                "select makes groups, whose changes are not followed", remedy: "Follow the rows, or aggregate in the topology.")
        }
        let limit = try parameters.single("limit") == nil
            ? Int.max : try parameters.integer("limit", in: 1...APILimits.recordsMax, default: 1)
        let start = try Self.start(request, parameters)
        let log = engine.log
        let cursor = try await work.run {
            let digest = ChangePosition.digest(log: log.id, topic: view.topic)
            return ChangeCursor(query, position: try Self.position(start, of: view, digest, log), digest: digest, limit: limit)
        }
        let place = try signal.enter()
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: .following(request, place: place) { try await follow(cursor, &$0) })
    }

    // MARK: Where it starts

    enum Start: Sendable {
        case earliest
        case latest
        case after(String)
    }

    private static func start(_ request: Request, _ parameters: QueryParameters) throws -> Start {
        let after = try parameters.single("after"), from = try parameters.single("from")
        guard after == nil || from == nil else {
            throw APIError.badParameter("there are both 'after' and 'from'", remedy: "Give one of them: each says where to start.")
        }
        if let id = request.headers[lastEventID], !id.isEmpty { return .after(id) }
        if let after { return .after(after) }
        switch from {
        case nil, "latest": return .latest
        case "earliest": return .earliest
        case let from?: throw APIError.badParameter("from is '\(from)'", given: from, allowed: ["earliest", "latest"])
        }
    }

    private static func position(_ start: Start, of view: ViewDefinition, _ digest: String, _ log: any EventLog) throws -> ChangePosition {
        let count = try log.topic(view.topic)?.partitionCount ?? 0
        let partitions = (0..<count).map { TopicPartition(view.topic, PartitionNumber($0)) }
        let ranges = try partitions.map { try log.range(of: $0) }
        switch start {
        case .earliest: return ChangePosition(next: ranges.map(\.first))
        case .latest: return ChangePosition(next: ranges.map(\.end))
        case .after(let text):
            let position = try read(text, of: view, partitionCount: count, digest)
            for (index, range) in ranges.enumerated() {
                let offset = position.next[index]
                if offset < range.first { throw expired(partitions[index], offset, range.first, view) }
                if range.end < offset { throw beyondEnd(partitions[index], offset, range.end) }
            }
            return position
        }
    }

    private static func read(
        _ text: String, of view: ViewDefinition, partitionCount: Int, _ digest: String
    ) throws -> ChangePosition {
        do throws(ChangePosition.Fault) {
            return try ChangePosition(text, partitionCount: partitionCount, digest: digest)
        } catch {
            switch error {
            case .malformed:
                throw APIError.badParameter(
                    "'\(text)' is no position", remedy: "A position is the id of an event of this path, as it came.")
            case .foreign:
                throw APIError(
                    .gone, .apiForeignPosition, "position '\(text)' is of another view than '\(view.name)', or of another log",
                    remedy: "Query the view for the rows as they are now, then follow without a position, or with from=earliest.")
            }
        }
    }

    private static func expired(_ partition: TopicPartition, _ offset: Offset, _ first: Offset, _ view: ViewDefinition) -> APIError {
        APIError(
            .gone, .apiOffsetExpired, "changes from offset \(offset) of \(partition) are no longer kept; the first is \(first)",
            remedy: "Query /api/v1/views/\(view.name) for the rows as they are now, then follow without a position, or with from=earliest.",
            details: [("first_offset", first.number)])
    }

    static func beyondEnd(_ partition: TopicPartition, _ offset: Offset, _ end: Offset) -> APIError {
        APIError(
            .rangeNotSatisfiable, .apiOffsetBeyondEnd, "the position stands at offset \(offset) of \(partition), which ends at \(end)",
            remedy: "The log was put back to an earlier state: query the view, then follow without a position.",
            details: [("end_offset", end.number)])
    }

    // MARK: The stream

    /// 1. Write what has changed, as fast as the reader takes it.
    /// 2. When there is nothing more, tell the watermark if it has moved, or that all is well.
    /// 3. Wait for the next append.
    private func follow(_ start: ChangeCursor, _ writer: inout any ResponseBodyWriter) async throws {
        let watch = Stopwatch(), log = engine.log
        var cursor = start, pace = pace
        try await writer.write(cursor.start)
        while cursor.left > 0, Task.isFollowing {
            let seen = log.appendCount
            do {
                let looks = !cursor.waitsForWatermark && pace.mayLookAtWatermark(at: watch.elapsedNanoseconds)
                let (events, isAtEnd, moved) = try await step(cursor, looksAtWatermark: looks)
                cursor = moved
                if events.readableBytes > 0 {
                    try await writer.write(events)
                    pace.didWrite(at: watch.elapsedNanoseconds)
                } else if pace.needsHeartbeat(at: watch.elapsedNanoseconds) {
                    try await writer.write(cursor.heartbeat)
                }
                if isAtEnd { await signal.wait(since: seen) }
            } catch let error as APIError {
                return try await writer.write(cursor.failure(error))
            } catch let error as EngineError {
                return try await writer.write(cursor.failure(APIError(error)))
            }
        }
    }

    private func step(
        _ cursor: ChangeCursor, looksAtWatermark: Bool
    ) async throws -> (events: ByteBuffer, isAtEnd: Bool, moved: ChangeCursor) {
        let engine = engine
        return try await work.run {
            var cursor = cursor
            if looksAtWatermark { cursor.note(engine.positions(of: cursor.view)) }
            let before = cursor.position
            var events = try cursor.advance(engine.log)
            let isAtEnd = cursor.position == before
            if var watermark = cursor.watermarkEvent() { events.writeBuffer(&watermark) }
            return (events, isAtEnd, cursor)
        }
    }
}
