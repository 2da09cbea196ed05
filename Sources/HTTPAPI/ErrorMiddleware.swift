import Base
import HTTPTypes
import Hummingbird
import Telemetry

/// The outermost layer but for compression: refuses requests that a browser was tricked into, makes every error an answer, and notes what
/// was answered. Nothing gets past it but `CancellationError`.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    let viewPaths: ViewRoutes

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let watch = Stopwatch()
        let response: Response
        do {
            try HostCheck.check(request)
            response = try await answer(request, context, next)
        } catch let error as CancellationError {
            throw error
        } catch {
            response = self.response(to: error, request, context)
        }
        Telemetry.emit(
            RequestServed(
                method: request.method.rawValue, route: route(context), status: response.status.code,
                nanoseconds: watch.elapsedNanoseconds))
        return response
    }

    /// The pattern of the path, so that there are few; Hummingbird calls what it does not know `NotFound`.
    private func route(_ context: Context) -> String {
        context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "unknown"
    }

    /// The answer of the view that has the path, or the router's, which knows the engine's own paths. None is both: views
    /// are kept from those.
    private func answer(
        _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let response = try await viewPaths.answerByPath(request, context) { return response }
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            throw APIError(
                .notFound, .apiUnknownPath, "there is nothing at '\(request.uri.path)'",
                remedy: "The paths are \(APIRouter.paths.joined(separator: ", ")), and those that views declare (see /api/v1/views).")
        }
    }

    private func response(to error: any Error, _ request: Request, _ context: Context) -> Response {
        var answer: APIError
        switch error {
        case let error as APIError: answer = error
        case let error as EngineError: answer = APIError(error)
        case let error as HTTPError: answer = APIError(error.status, .apiUnexpected, error.body ?? error.status.reasonPhrase)
        default: answer = APIError(.internalServerError, .apiUnexpected, "the request failed in a way that nobody foresaw")
        }
        if answer.status == .internalServerError {
            answer.requestID = context.id
            answer.remedy = answer.remedy ?? "look for this request_id in the engine's log, and report it"
            Telemetry.emit(
                RequestFailed(id: context.id, method: request.method.rawValue, path: request.uri.path, reason: String(describing: error)))
        }
        return answer.response
    }
}

/// Without authentication only this machine may ask, and a web page open in its browser must not: such a request carries
/// the page's `Origin`, or where the page's name was made to point here (DNS rebinding) a `Host` that is not ours.
enum HostCheck {
    static func check(_ request: Request) throws {
        if let host = request.head.authority, !isLoopback(authority: host[...]) {
            throw refusal("Host", host)
        }
        if let origin = request.headers[.origin] {
            guard let scheme = origin.firstRange(of: "://"), isLoopback(authority: origin[scheme.upperBound...]) else {
                throw refusal("Origin", origin)
            }
        }
    }

    private static func refusal(_ header: String, _ value: String) -> APIError {
        APIError(
            .forbidden, .apiForeignHost, "the request's \(header) is '\(value)', and only this machine may ask",
            remedy: "Use http://localhost or http://127.0.0.1 with the engine's port.")
    }

    /// `localhost`, `127.0.0.1:8080`, `[::1]:8080`.
    private static func isLoopback(authority: Substring) -> Bool {
        if authority.hasPrefix("[") { return authority.dropFirst().prefix { $0 != "]" } == "::1" }
        return Loopback.contains(String(authority.prefix { $0 != ":" }))
    }
}

/// The names and addresses of this machine to itself.
enum Loopback {
    static func contains(_ host: String) -> Bool {
        let name = host.lowercased()
        if name == "localhost" || name == "::1" || name == "[::1]" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
