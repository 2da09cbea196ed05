import Base
import HTTPTypes
import Hummingbird
import NIOCore

/// `POST /api/v1/topologies/{topology}/plan`: what becomes of a topology's state and views if it were deployed as the body says.
/// Nothing is changed. The body is what `pioneer plan` makes of a topology's file, in a form of the program's own.
struct UpgradeRoute: Sendable {
    let engine: any EngineFacade
    let work: BlockingWork

    @Sendable
    func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let topology = try context.pathPart("topology")
        try QueryParameters(request.uri.query).allow([])
        let body = try await AppendRoute.body(of: request), engine = engine
        let plan = try await work.run { try body.withUnsafeReadableBytes { try engine.upgrade(of: topology, to: $0) } }
        let json = JSONOutput()
        json.raw(plan)
        return json.response()
    }
}
