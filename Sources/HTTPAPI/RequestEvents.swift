import Base
import Telemetry

/// A request was answered, well or not.
struct RequestServed: InternalEvent {
    static let name = "request_served"
    static let level = EventLevel.debug
    var method: String
    /// The route, not the path: `/api/v1/views/{view}`, so that there are few.
    var route: String
    var status: Int
    var nanoseconds: UInt64
    var message: String { "Answered a request." }
    var fields: [EventField] { [.init("method", method), .init("route", route), .init("status", status)] }
    var effects: [MetricEffect] {
        [
            .add(1, to: "pioneer_http_requests_total", ["route": route, "status": "\(status)"]),
            .time("pioneer_http_request_seconds", nanoseconds: nanoseconds, ["route": route]),
        ]
    }
}

/// A request could not be answered, and not because of what it asked.
struct RequestFailed: InternalEvent {
    static let name = "request_failed"
    static let level = EventLevel.error
    var id: String
    var method: String
    var path: String
    var reason: String
    var message: String { "A request failed in a way that nobody foresaw." }
    var fields: [EventField] { [.init("request_id", id), .init("method", method), .init("path", path), .init("reason", reason)] }
    var effects: [MetricEffect] { [.add(1, to: "pioneer_http_failures_total")] }
}
