import Base

/// What `pioneer bench --kafka` measured. Rates are per second.
struct KafkaBenchReport: Codable {
    var topology: String
    var eventBytes: Int
    var events: Int
    var partitions: Int
    /// A plain librdkafka loop over the same topic, in this run: the reference.
    var eventsPerSecondRaw = 0.0
    /// The engine, exactly once, between its first and its last full commit.
    var eventsPerSecondEngine = 0.0
    /// Processor seconds of the engine's process per second of that time.
    var processorsBusy = 0.0
    var residentBytesPeak = 0
    /// From the start of the process.
    var secondsToFirstCommit = 0.0
    /// From the event that closed a window to its rows, read by a consumer of committed records.
    var latencyMillisecondsP50 = 0.0
    var latencyMillisecondsP99 = 0.0
    var latencyRows = 0
    /// The process's copy of the state, on its disk.
    var stateBytes = 0
    /// From the start after a kill -9 to the first new commit.
    var secondsToRecover = 0.0
    /// From a kill -9 to the standby's first commit; nil: no standby was asked for.
    var secondsToTakeOver: Double?

    var engineToRaw: Double { eventsPerSecondRaw > 0 ? eventsPerSecondEngine / eventsPerSecondRaw : 0 }

    enum CodingKeys: String, CodingKey {
        case topology
        case eventBytes = "event_bytes"
        case events, partitions
        case eventsPerSecondRaw = "events_per_s_raw"
        case eventsPerSecondEngine = "events_per_s_engine"
        case processorsBusy = "processors_busy"
        case residentBytesPeak = "resident_bytes_peak"
        case secondsToFirstCommit = "seconds_to_first_commit"
        case latencyMillisecondsP50 = "latency_ms_p50"
        case latencyMillisecondsP99 = "latency_ms_p99"
        case latencyRows = "latency_rows"
        case stateBytes = "state_bytes"
        case secondsToRecover = "seconds_to_recover"
        case secondsToTakeOver = "seconds_to_take_over"
    }

    /// A table that fits 80 columns.
    var lines: [String] {
        func row(_ name: String, _ value: String, _ note: String) -> String {
            name + String(repeating: " ", count: max(1, 38 - name.count - value.count)) + value + "  " + note
        }
        func two(_ value: Double) -> String { Figures.fixed(value, digits: 2) }
        func millions(_ rate: Double) -> String { two(rate / 1e6) + " M/s" }
        var lines = [
            "\(topology) on Kafka: \(Figures.count(events)) events of \(eventBytes) bytes, \(Figures.count(partitions, "partition"))",
            row("events_per_s_raw", millions(eventsPerSecondRaw), "plain librdkafka loop, the reference"),
            row("events_per_s_engine", millions(eventsPerSecondEngine), "\(two(processorsBusy)) cores, \(two(engineToRaw)) of the loop"),
            row("resident peak", "\(residentBytesPeak / 1_000_000) MB", "the engine's process alone"),
            row("first commit", "\(two(secondsToFirstCommit)) s", "after the start"),
        ]
        if latencyRows > 0 {
            let value = "\(Int(latencyMillisecondsP50)) / \(Int(latencyMillisecondsP99)) ms"
            lines.append(row("latency p50 / p99", value, "event to committed row, \(Figures.count(latencyRows)) rows"))
        }
        lines.append(row("after kill -9", "\(two(secondsToRecover)) s", "to the first commit, state \(Figures.bytes(stateBytes))"))
        if let seconds = secondsToTakeOver { lines.append(row("standby takes over", "\(two(seconds)) s", "after a kill -9")) }
        return lines
    }
}
