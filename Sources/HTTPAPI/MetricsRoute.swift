import Hummingbird
import NIOCore
import Telemetry

/// `GET /metrics`: everything for Prometheus, as of now.
struct MetricsRoute: Sendable {
    let metrics: MetricsRegistry
    let work: BlockingWork

    @Sendable
    func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        // Scrapers may be set up to send parameters of their own; none changes anything.
        let metrics = metrics
        let text = try await work.run { metrics.text() }
        return Response(
            status: .ok, headers: [.contentType: MetricsRegistry.contentType], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
