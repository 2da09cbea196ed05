import Base
import Columns
import HTTPTypes
import Hummingbird
import Stores

/// `GET /api/v1/views`, `GET /api/v1/views/{view}` and the paths that views declare themselves.
struct ViewRoutes: Sendable {
    let engine: any EngineFacade
    let clock: any WallClock
    let work: BlockingWork
    let lookups: LookupQueue

    init(engine: any EngineFacade, clock: any WallClock, work: BlockingWork) {
        self.engine = engine
        self.clock = clock
        self.work = work
        lookups = LookupQueue(engine, work)
    }

    /// The least watermark over all partitions: every row of an earlier event time is in the answer. Absent while none
    /// is known.
    static let watermarkHeader = HTTPField.Name("Pioneer-Watermark")
    private static let linkHeader = HTTPField.Name("Link")

    @Sendable
    func list(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try QueryParameters(request.uri.query).allow([])
        let json = JSONOutput()
        json.object {
            json.field("views") {
                json.array(engine.viewDefinitions.sorted { $0.name < $1.name }) { write($0, to: json) }
            }
        }
        return json.response()
    }

    private func write(_ view: ViewDefinition, to json: JSONOutput) {
        json.object {
            json.field("view", view.name)
            json.field("topology", view.topology)
            json.field("description", view.description)
            json.field("url", "/api/v1/views/\(view.name)")
            json.field("path", view.path)
            json.field("key") { json.array(view.key) { json.value($0) } }
            json.field("indexes") { json.array(view.indexes) { columns in json.array(columns) { json.value($0) } } }
            json.field("keep", view.keep?.description)
            json.field("columns") {
                json.array(view.type.columns.indices) { index in
                    let column = view.type.columns[index]
                    json.object {
                        json.field("name", column.flatName)
                        json.field("type", column.type.description)
                        json.field("nullable", view.type.isNullable(at: index))
                        if let doc = column.doc { json.field("description", doc) }
                    }
                }
            }
        }
    }

    @Sendable
    func answerByName(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try await answer(request, try Self.view(try context.pathPart("view"), in: engine))
    }

    /// Throws `api.unknown_view`.
    static func view(_ name: String, in engine: any EngineFacade) throws -> ViewDefinition {
        let views = engine.viewDefinitions
        guard let view = views.first(where: { $0.name == name }) else {
            let known = views.map(\.name).sorted()
            let nearest = nearestName(to: name, among: known).map { "Did you mean '\($0)'? " } ?? ""
            throw APIError(
                .notFound, .apiUnknownView, "there is no view '\(name)'",
                remedy: nearest + "Views are declared by topologies; /api/v1/views lists them.", allowed: known)
        }
        return view
    }

    /// Nil when no view declares the request's path.
    func answerByPath(_ request: Request, _ context: BasicRequestContext) async throws -> Response? {
        guard let path = QueryParameters.decodedPath(request.uri.path),
            let view = engine.viewDefinitions.first(where: { $0.path == path })
        else { return nil }
        context.coreContext.endpointPath.value = path
        switch request.method {
        case .get: return try await answer(request, view)
        case .head: return try await answer(request, view).createHeadResponse()
        default: throw APIRouter.methodNotAllowed(request, APIRouter.allow([.get]))
        }
    }

    private func answer(_ request: Request, _ view: ViewDefinition) async throws -> Response {
        let format = try RowFormat(accept: request.headers[values: .accept])
        let (query, pages) = try ViewQueryParser(view, now: clock.now()).parse(try QueryParameters(request.uri.query))
        let page = try await page(RowsOutput(query: query, pages: pages), as: format)
        var headers: HTTPFields = [.contentType: format.contentType, .vary: "Accept"]
        if let name = Self.watermarkHeader, page.watermark > .earliest { headers[name] = page.watermark.description }
        if let next = page.next, let name = Self.linkHeader { headers[name] = "<\(Self.link(request, cursor: next))>; rel=\"next\"" }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: page.body))
    }

    private func page(_ output: RowsOutput, as format: RowFormat) async throws -> RowsOutput.Page {
        if output.query.isLookup { return try await lookups.page(output, as: format) }
        let engine = engine
        return try await work.query {
            let partitionCount = try engine.log.topic(output.query.view.topic)?.partitionCount
            return try output.page(as: format, from: engine.views, partitionCount: partitionCount)
        }
    }

    /// The request's own path and query, going on from there.
    private static func link(_ request: Request, cursor: String) -> String {
        let kept = (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") && !$0.hasPrefix("offset=") }
        let query = (kept.map(String.init) + ["cursor=\(cursor)"]).joined(separator: "&")
        let link = request.uri.path + "?" + query
        guard link.utf8.contains(where: { $0 == 0x22 || $0 == 0x3C || $0 == 0x3E }) else { return link }
        return link.replacing("<", with: "%3C").replacing(">", with: "%3E").replacing("\"", with: "%22")
    }
}

extension ErrorCode {
    static let apiUnknownView = ErrorCode("api.unknown_view")
}

/// How far the answer's view had followed its topic.
struct Freshness {
    let positions: [(partition: PartitionNumber, position: ViewPosition)]
    let watermark: EventTime

    /// A partition that was not projected yet holds the whole back: nothing is known of its rows.
    init(_ positions: [PartitionNumber: ViewPosition], partitionCount: Int?) {
        self.positions = positions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let isComplete = !positions.isEmpty && positions.count >= partitionCount ?? 0
        watermark = isComplete ? positions.values.map(\.watermark).min() ?? .earliest : .earliest
    }

    func write(to json: JSONOutput) {
        json.object {
            json.field("watermark", watermark)
            json.field("partitions") {
                json.array(positions) { partition, position in
                    json.object {
                        json.field("partition", Int(partition.number))
                        json.field("next_offset", position.next.number)
                        json.field("watermark", position.watermark)
                    }
                }
            }
        }
    }
}
