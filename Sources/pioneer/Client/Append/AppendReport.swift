import Base
import Columns

/// What `pioneer append` says: while it goes on, and at the end.
struct AppendReport {
    var topic: String
    var tally: AppendTally
    var timeliness: [TopologyTimeliness] = []
    var seconds: Double

    /// `metrics.jsonl: 1,200,000 lines  45%  120,000/s  12.0 s left`
    /// - Parameters:
    ///   - share: how much of the input the lines are; nil where that is not known.
    ///   - begun: the share that was there before the first line was sent.
    static func progress(of name: String, _ tally: AppendTally, share: Double?, begun: Double = 0, seconds: Double) -> String {
        var parts = ["\(name): \(Figures.count(tally.appended + tally.skipped, "line"))"]
        if let share { parts.append(percent(share)) }
        let rate = seconds > 0 ? Double(tally.appended) / seconds : 0
        if tally.appended > 0 { parts.append("\(Figures.count(Int(rate)))/s") }
        if let left = left(share, begun: begun, seconds) { parts.append(left) }
        return parts.joined(separator: "  ")
    }

    /// `sorting metrics.csv: 45%  3.0 s left`
    static func reading(_ what: String, _ name: String, share: Double?, seconds: Double) -> String {
        (["\(what) \(name):"] + [share.map(percent), left(share, begun: 0, seconds)].compactMap { $0 }).joined(separator: "  ")
    }

    private static func percent(_ share: Double) -> String { "\(Int(share * 100))%" }

    private static func left(_ share: Double?, begun: Double, _ seconds: Double) -> String? {
        guard let share, share > begun, seconds > 1 else { return nil }
        return "\(Figures.duration(seconds: (1 - share) * seconds / (share - begun))) left"
    }

    var lines: [String] {
        var text = "\(topic): \(Figures.count(tally.appended, "line")) appended in \(Figures.duration(seconds: seconds))"
        if tally.skipped > 0 { text += ", \(Figures.count(tally.skipped)) there from before" }
        if tally.withoutKey > 0 { text += ", \(Figures.count(tally.withoutKey)) without a key" }
        var lines = [text]
        if tally.reading.emptyEvents > 0 {
            lines.append("    \(Figures.count(tally.reading.emptyEvents, "event")) not made, because the row's cells for it are empty.")
        }
        if tally.reading.badRows > 0 {
            let first = tally.reading.firstFault.map { " The first: \($0)." } ?? ""
            lines.append("    \(Figures.count(tally.reading.badRows, "bad row")) passed over.\(first)")
        }
        if tally.withoutKey > 0 {
            lines.append(
                "    Of records without a key, those that cannot be read become dead letters of the topologies that read the topic.")
        }
        return lines
    }

    var json: JSONValue {
        JSONValue(members: [
            ("topic", .text(topic)), ("appended", .int(tally.appended)), ("skipped", .int(tally.skipped)),
            ("without_key", .int(tally.withoutKey)), ("bad_rows", .int(tally.reading.badRows)),
            ("empty_events", .int(tally.reading.emptyEvents)), ("topologies", .list(timeliness.map(\.json))),
            ("seconds", .number(seconds)),
        ])
    }
}

extension AppendProducer {
    /// How much of the first lines is looked at: two files that differ only later are told apart by their paths.
    private static let firstLineBytesMax = 4_096

    /// The file's own name. Throws `append.input`.
    static func file(at path: String, making: InputMaking, topic: TopicName) throws -> AppendProducer {
        let input = InputBytes(try ByteSource(path: path))
        // Each day's table under one path has the same header: the first row tells them apart.
        let lines = making.format == .lines ? 1 : 2
        var first: [UInt8] = []
        reading: while first.count < firstLineBytesMax, first.count(where: { $0 == 0x0A }) < lines {
            if case .end = try input.next({ first += $0.prefix(firstLineBytesMax) }) { break reading }
        }
        var breaks = 0
        let told = first.prefix(firstLineBytesMax).prefix { byte in
            if byte == 0x0A { breaks += 1 }
            return breaks < lines
        }
        return file(path: FilePath.absolute(path), firstLine: told, making: making.words, topic: topic)
    }
}
