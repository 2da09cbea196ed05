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
    var fields: [EventField] {
        [.init("method", method), .init("route", route), .init("status", status), .init("milliseconds", Double(nanoseconds) / 1e6)]
    }
    var effects: [MetricEffect] {
        [
            .add(1, to: .requests, ["method": labelledMethod, "route": route, "status": "\(status / 100)xx"]),
            .time(.requestSeconds, nanoseconds: nanoseconds, ["method": labelledMethod, "route": route]),
        ]
    }
}

extension RequestServed {
    /// A client may send any word as its method; a label must have few values.
    private var labelledMethod: String {
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(method) ? method : "other"
    }
}

/// Records that a client sent are in the log.
struct RecordsAppended: InternalEvent {
    static let name = "records_appended"
    static let level = EventLevel.debug
    var topic: String
    var producer: String?
    var records: Int
    var withoutKey: Int
    var bytes: Int
    var message: String { "A client's records are in the log." }
    var fields: [EventField] {
        [.init("topic", topic)] + (producer.map { [.init("producer", $0)] } ?? [])
            + [.init("records", records), .init("without_key", withoutKey), .init("bytes", bytes)]
    }
    var effects: [MetricEffect] {
        [
            .add(records, to: .appendedRecords, ["topic": topic]), .add(bytes, to: .appendedBytes, ["topic": topic]),
            .add(withoutKey, to: .appendedWithoutKey, ["topic": topic]),
        ]
    }
}

/// An append that was there already came again, or one came before those that belong in front of it.
struct AppendNotTaken: InternalEvent {
    enum Reason: String { case duplicate, outOfSequence = "out_of_sequence" }

    static let name = "append_not_taken"
    static let level = EventLevel.debug
    var topic: String
    var producer: String
    var reason: Reason
    var message: String { "An append was not taken, because of its place in the producer's sequence." }
    var fields: [EventField] { [.init("topic", topic), .init("producer", producer), .init("reason", reason.rawValue)] }
    var effects: [MetricEffect] { [.add(1, to: .appendsNotTaken, ["topic": topic, "reason": reason.rawValue])] }
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
    var effects: [MetricEffect] { [.add(1, to: .requestFailures)] }
}
