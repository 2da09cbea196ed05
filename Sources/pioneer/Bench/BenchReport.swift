import Base

/// What `pioneer bench` measured. Rates are per second.
struct BenchReport: Codable {
    var topology: String
    var eventBytes: Int
    var keys: Int
    var partitions: Int
    var workers: Int
    /// A plain scan of the same events' bytes on one core: the reference for the others.
    var bytesPerSecondScan: Double
    /// Decoding into columns, on one core.
    var eventsPerSecondDecode: Double
    /// Decoding and all operators, rows to outputs and views encoded, on one core, without a log.
    var eventsPerSecondOperators: Double
    /// Events made, appended to the log, read, processed, committed every second and projected, all in one process.
    var eventsPerSecondFull: Double
    /// Processor seconds per second of the full run: 2 means two cores busy.
    var processorsBusyFull: Double
    var secondsFull: Double
    var commitMillisecondsP50: Double
    var commitMillisecondsP99: Double
    /// Peak of the whole process, generator included, in bytes.
    var residentBytesPeak: Int
    var diskBytes: Int
    var late: Int
    var deadLetters: Int
    /// Bytes of events per second over the scan's: how far each is from just touching the memory.
    var decodeToScan: Double { eventsPerSecondDecode * Double(eventBytes) / bytesPerSecondScan }
    var operatorsToScan: Double { eventsPerSecondOperators * Double(eventBytes) / bytesPerSecondScan }
    var fullToScan: Double { eventsPerSecondFull * Double(eventBytes) / bytesPerSecondScan }
    var fullToOperators: Double { eventsPerSecondFull / eventsPerSecondOperators }

    enum CodingKeys: String, CodingKey {
        case topology
        case eventBytes = "event_bytes"
        case keys, partitions, workers
        case bytesPerSecondScan = "bytes_per_s_scan"
        case eventsPerSecondDecode = "events_per_s_decode"
        case eventsPerSecondOperators = "events_per_s_operators"
        case eventsPerSecondFull = "events_per_s_full"
        case processorsBusyFull = "processors_busy_full"
        case secondsFull = "seconds_full"
        case commitMillisecondsP50 = "commit_ms_p50"
        case commitMillisecondsP99 = "commit_ms_p99"
        case residentBytesPeak = "resident_bytes_peak"
        case diskBytes = "disk_bytes"
        case late
        case deadLetters = "dead_letters"
    }
}

/// A quantile of measurements by the nearest-rank method; 0 of none. - Parameter q: in 0...1.
func quantile(_ q: Double, of values: [UInt64]) -> UInt64 {
    guard !values.isEmpty else { return 0 }
    let rank = Int((q * Double(values.count)).rounded(.up))
    return values.sorted()[min(max(rank, 1), values.count) - 1]
}

extension BenchReport {
    /// A table that fits 80 columns.
    var lines: [String] {
        func row(_ name: String, _ value: String, _ note: String = "") -> String {
            name.padding(24) + String(repeating: " ", count: max(0, 14 - value.count)) + value + (note.isEmpty ? "" : "  " + note)
        }
        func two(_ value: Double) -> String { Figures.fixed(value, digits: 2) }
        func millions(_ rate: Double) -> String { two(rate / 1e6) + " M/s" }
        func ratio(_ value: Double) -> String { Figures.fixed(value, digits: 3) + " of the scan" }
        return [
            "\(topology): events of \(eventBytes) bytes, \(keys) keys, \(partitions) partitions, \(workers) workers",
            row("bytes_per_s_scan", Figures.fixed(bytesPerSecondScan / 1e9, digits: 2) + " GB/s", "one core, the reference"),
            row("events_per_s_decode", millions(eventsPerSecondDecode), "one core, " + ratio(decodeToScan)),
            row("events_per_s_operators", millions(eventsPerSecondOperators), "one core, " + ratio(operatorsToScan)),
            row("events_per_s_full", millions(eventsPerSecondFull), "\(two(processorsBusyFull)) cores, " + ratio(fullToScan)),
            row("commit p50 / p99", "\(two(commitMillisecondsP50)) / \(two(commitMillisecondsP99)) ms"),
            row("resident peak", "\(residentBytesPeak / 1_000_000) MB", "generator included"),
            row("disk", "\(diskBytes / 1_000_000) MB"),
            row("late / dead letters", "\(late) / \(deadLetters)"),
        ]
    }
}

extension String {
    func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
