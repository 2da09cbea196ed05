import Base
import HTTPTypes
import Hummingbird
import Telemetry

/// The interface's paths. Each answers its methods, and 405 with `Allow` to the others.
struct APIRouter {
    typealias Context = BasicRequestContext
    typealias Handler = @Sendable (Request, Context) async throws -> Response

    private let engine: any EngineFacade
    private let clock: any WallClock
    private let work: BlockingWork
    private let signal: AppendSignal
    private let metrics: MetricsRegistry
    private let pace: ChangePace

    init(
        engine: any EngineFacade, clock: any WallClock, work: BlockingWork, signal: AppendSignal, metrics: MetricsRegistry,
        pace: ChangePace = ChangePace()
    ) {
        self.engine = engine
        self.clock = clock
        self.work = work
        self.signal = signal
        self.metrics = metrics
        self.pace = pace
    }

    /// For the message about a path that is not there. `Planner.reservedPaths` keeps views from them.
    static let paths = [
        "/health", "/metrics", "/api/v1/status", "/api/v1/topics", "/api/v1/topics/{topic}", "/api/v1/topics/{topic}/records",
        "/api/v1/producers/{producer}", "/api/v1/topologies/{topology}/plan", "/api/v1/views",
        "/api/v1/views/{view}", "/api/v1/views/{view}/changes", "/api/v1/views/{view}/rebuild",
    ]

    func router() -> Router<Context> {
        let router = Router(context: Context.self, options: [.autoGenerateHeadEndpoints])
        let views = ViewRoutes(engine: engine, clock: clock, work: work)
        let topics = TopicRoutes(engine: engine, work: work)
        let records = RecordsRoute(engine: engine, work: work, signal: signal)
        let changes = ChangesRoute(engine: engine, clock: clock, work: work, signal: signal, pace: pace)
        let append = AppendRoute(engine: engine, clock: clock, work: work)
        router.add(middleware: CompressionMiddleware(work: work))
        router.add(middleware: ErrorMiddleware(viewPaths: views))
        let health = HealthRoute(engine: engine, work: work)
        add("/health", [.get: health.answer], to: router)
        add("/api/v1/status", [.get: StatusRoute(engine: engine, work: work).answer], to: router)
        add("/metrics", [.get: MetricsRoute(metrics: metrics, work: work).answer], to: router)
        add("/api/v1/topics", [.get: topics.list], to: router)
        add("/api/v1/topics/{topic}", [.get: topics.one], to: router)
        add("/api/v1/topics/{topic}/records", [.get: records.answer, .post: append.answer], to: router)
        add("/api/v1/producers/{producer}", [.get: topics.producer], to: router)
        add("/api/v1/topologies/{topology}/plan", [.post: UpgradeRoute(engine: engine, work: work).answer], to: router)
        add("/api/v1/views", [.get: views.list], to: router)
        add("/api/v1/views/{view}", [.get: views.answerByName], to: router)
        add("/api/v1/views/{view}/changes", [.get: changes.answer], to: router)
        let rebuild = RebuildRoute(engine: engine, clock: clock, work: work)
        add("/api/v1/views/{view}/rebuild", [.get: rebuild.read, .post: rebuild.begin, .delete: rebuild.cancel], to: router)
        return router
    }

    private func add(_ path: RouterPath, _ handlers: [HTTPRequest.Method: Handler], to router: Router<Context>) {
        for (method, handler) in handlers { router.on(path, method: method) { try await handler($0, $1) } }
        let known: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .options, .trace, .connect]
        let allowed = Self.allow(Array(handlers.keys))
        for method in known where handlers[method] == nil {
            router.on(path, method: method) { request, _ -> Response in throw Self.methodNotAllowed(request, allowed) }
        }
        guard handlers[.get] == nil else { return }
        router.on(path, method: .head) { request, _ -> Response in throw Self.methodNotAllowed(request, allowed) }
    }

    /// `GET, HEAD, POST`: whatever can be read has a head.
    static func allow(_ methods: [HTTPRequest.Method]) -> [String] {
        (methods.map(\.rawValue) + (methods.contains(.get) ? ["HEAD"] : [])).sorted()
    }

    static func methodNotAllowed(_ request: Request, _ allowed: [String]) -> APIError {
        APIError(
            .methodNotAllowed, .apiMethodNotAllowed, "'\(request.uri.path)' does not answer \(request.method.rawValue)",
            remedy: "Use \(allowed.joined(separator: " or ")).", allowed: allowed, headers: [.allow: allowed.joined(separator: ", ")])
    }
}

extension BasicRequestContext {
    /// A part of the path, decoded.
    func pathPart(_ name: String) throws -> String {
        guard let part = parameters.get(name), let decoded = QueryParameters.decodedPath(part) else {
            throw APIError.badParameter("the path's {\(name)} is not percent-encoded UTF-8")
        }
        return decoded
    }
}
