import Base
import HTTPTypes
import Hummingbird
import Runtime
import Stores

/// `/api/v1/views/{view}/rebuild`: POST begins one, or answers with the one that runs; GET tells of the latest; DELETE gives
/// the running one up.
struct RebuildRoute: Sendable {
    let engine: any EngineFacade
    let clock: any WallClock
    let work: BlockingWork

    /// Without the database, which those who wait for a rebuild may keep busy.
    @Sendable
    func read(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try await answer(request, context) { _, _ in }
    }

    @Sendable
    func begin(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let engine = engine
        return try await answer(request, context, status: .accepted) { view, now in
            engine.note(rebuild: try engine.views.beginRebuild(of: view.name, at: now), of: view)
        }
    }

    @Sendable
    func cancel(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let engine = engine
        return try await answer(request, context) { view, now in
            guard try engine.views.cancelRebuild(of: view.name, at: now) else {
                throw APIError(
                    .conflict, .viewNotRebuilding, "no rebuild of view '\(view.name)' runs", remedy: "There is nothing to cancel.")
            }
            engine.note(rebuild: try engine.views.rebuild(of: view.name), of: view)
        }
    }

    private func answer(
        _ request: Request, _ context: BasicRequestContext, status: HTTPResponse.Status = .ok,
        _ act: @escaping @Sendable (ViewDefinition, EventTime) throws -> Void
    ) async throws -> Response {
        try QueryParameters(request.uri.query).allow([])
        let view = try ViewRoutes.view(try context.pathPart("view"), in: engine)
        let engine = engine, now = clock.now()
        let found = try await work.run {
            try act(view, now)
            return try engine.rebuild(of: view)
        }
        let json = JSONOutput()
        json.object {
            json.field("view", view.name)
            json.field("read_at", now)
            json.write(rebuild: found)
        }
        return json.response(status: status)
    }
}

extension JSONOutput {
    /// The members of a view's object that tell of its rebuild.
    func write(rebuild: EngineStatus.View.Rebuild?) {
        field("rebuild") {
            guard let rebuild else { return value(nil as String?) }
            let known = rebuild.rebuild
            object {
                field("number", known.number)
                field("state", known.state.rawValue)
                field("started_at", known.startedAt)
                field("ended_at", known.endedAt ?? .earliest)
                if known.isRunning {
                    field("records_done", rebuild.recordsDone)
                    field("records_total", rebuild.recordsTotal)
                }
                write(trouble: rebuild.trouble)
            }
        }
    }

    /// Why something stands still, if it does.
    func write(trouble: ViewTrouble?) {
        guard let trouble else { return }
        field("trouble") {
            object {
                field("code", trouble.error.text)
                field("message", trouble.message)
                field("remedy", trouble.remedy)
                field("since", trouble.since)
                field("next_try", trouble.nextTry)
                field("tries", trouble.tries)
            }
        }
    }
}
