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
    /// The same over the last quarter of the events, when the state is as large as it gets; 0 where that is one commit.
    var eventsPerSecondAtEnd = 0.0
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
    /// From the start after a kill -9.
    var recovery: Return.Seconds?
    /// Until a second process stood by with a copy of the state.
    var secondsToCopy: Double?
    /// From a kill -9 until a standby goes on; nil: no standby was asked for.
    var takeOver: Return.Seconds?

    var engineToRaw: Double { eventsPerSecondRaw > 0 ? eventsPerSecondEngine / eventsPerSecondRaw : 0 }

    enum CodingKeys: String, CodingKey {
        case topology
        case eventBytes = "event_bytes"
        case events, partitions
        case eventsPerSecondRaw = "events_per_s_raw"
        case eventsPerSecondEngine = "events_per_s_engine"
        case eventsPerSecondAtEnd = "events_per_s_engine_at_end"
        case processorsBusy = "processors_busy"
        case residentBytesPeak = "resident_bytes_peak"
        case secondsToFirstCommit = "seconds_to_first_commit"
        case latencyMillisecondsP50 = "latency_ms_p50"
        case latencyMillisecondsP99 = "latency_ms_p99"
        case latencyRows = "latency_rows"
        case stateBytes = "state_bytes"
        case recovery = "seconds_after_kill"
        case secondsToCopy = "seconds_to_copy"
        case takeOver = "seconds_to_take_over"
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
        if eventsPerSecondAtEnd > 0 {
            lines.insert(row("at the end", millions(eventsPerSecondAtEnd), "over the last quarter of the events"), at: 3)
        }
        if latencyRows > 0 {
            let value = "\(Int(latencyMillisecondsP50)) / \(Int(latencyMillisecondsP99)) ms"
            lines.append(row("latency p50 / p99", value, "event to committed row, \(Figures.count(latencyRows)) rows"))
        }
        lines.append(row("state on disk", Figures.bytes(stateBytes), "the process's copy, packed"))
        if let secondsToCopy { lines.append(row("standby is ready", "\(two(secondsToCopy)) s", "after its start")) }
        for (name, seconds) in [("after kill -9", recovery), ("standby takes over", takeOver)] {
            guard let seconds else { continue }
            lines.append(row("\(name), commit", "\(two(seconds.toCommit)) s", "to each task's first commit"))
            if let toRow = seconds.toRow { lines.append(row("\(name), row", "\(two(toRow)) s", "to the first row for consumers")) }
        }
        return lines
    }
}
