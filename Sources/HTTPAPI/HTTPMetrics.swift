public import Telemetry

extension MetricDeclaration {
    static let requests = MetricDeclaration(
        "pioneer_http_requests_total", .counter, labels: ["method", "route", "status"],
        "Requests that were answered, by the class of the answer's status; answers that follow a topic when they begin.")
    static let requestSeconds = MetricDeclaration(
        "pioneer_http_request_seconds", .histogram, unit: .seconds, labels: ["method", "route"],
        "Time from a request's head to the head of its answer.")
    static let requestFailures = MetricDeclaration(
        "pioneer_http_failures_total", .counter, "Requests that failed in a way nobody foresaw, answered with status 500.")
    static let appendedRecords = MetricDeclaration(
        "pioneer_append_records_total", .counter, labels: ["topic"], "Records that clients appended.")
    static let appendedBytes = MetricDeclaration(
        "pioneer_append_bytes_total", .counter, unit: .bytes, labels: ["topic"], "Bytes of the bodies that clients appended.")
    static let appendedWithoutKey = MetricDeclaration(
        "pioneer_append_records_without_key_total", .counter, labels: ["topic"],
        "Appended records whose key could not be read; the topology makes dead letters of those that it cannot use.")
    static let appendsNotTaken = MetricDeclaration(
        "pioneer_appends_not_taken_total", .counter, labels: ["topic", "reason"],
        "Appends of producers that were there already (duplicate) or came too early (out_of_sequence).")
}

/// Every metric of the HTTP interface, for the registry.
public enum HTTPMetrics {
    public static let all: [MetricDeclaration] = [
        .requests, .requestSeconds, .requestFailures, .appendedRecords, .appendedBytes, .appendedWithoutKey, .appendsNotTaken,
    ]
}
