public import Base
import Telemetry

/// One event of the schema `resource-metric`.
///
/// Names and units follow OpenTelemetry's conventions for system and process metrics, whose attributes are carried so:
///
/// - What names a *thing* stands in the resource, of which a topic is partitioned and windows are kept:
///   `host:web-1`, `host:web-1/disk:sda`, `host:web-1/network:eth0`, `host:web-1/filesystem:/var`, `host:web-1/process:java`.
/// - What splits a *figure* into parts ends the metric's name: `system.disk.io.read`, `system.network.io.receive`.
/// - Utilisations are ratios 0...1 with unit `1`. Counters are what was added since the sample before (OpenTelemetry's
///   delta temporality), so that a sum over a window is exact; unit `By` is bytes.
public struct Measurement: Hashable, Sendable {
    public var resource: String
    public var observedAt: EventTime
    public var metric: String
    public var value: Double
    public var unit: String

    public init(_ metric: String, _ value: Double, unit: String, of resource: String, at observedAt: EventTime) {
        self.resource = resource
        self.observedAt = observedAt
        self.metric = metric
        self.value = value
        self.unit = unit
    }

    /// A line of JSON, newline included.
    public var jsonLine: String {
        "{\"resource_id\":\(LineJSON.quoted(resource)),\"observed_at\":\"\(observedAt)\",\"metric\":\(LineJSON.quoted(metric)),"
            + "\"value\":\(LineJSON.number(value)),\"unit\":\(LineJSON.quoted(unit))}\n"
    }
}

extension Sequence<Measurement> {
    /// NDJSON, as the engine's append interface takes it.
    var ndjson: [UInt8] { Array(map(\.jsonLine).joined().utf8) }
}
