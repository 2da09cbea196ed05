import Base
import Columns

/// What `pioneer append` says: while it goes on, and at the end.
struct AppendReport {
    var topic: String
    var tally: AppendTally
    var seconds: Double

    /// `metrics.jsonl: 1,200,000 lines  45%  120,000/s  12.0 s left`
    /// - Parameter size: the input's bytes; nil where they are not known.
    static func progress(of name: String, _ tally: AppendTally, size: Int?, seconds: Double) -> String {
        var parts = ["\(name): \(Figures.count(tally.appended + tally.skipped, "line"))"]
        if let size, size > 0 { parts.append("\(min(100, tally.position * 100 / size))%") }
        let rate = seconds > 0 ? Double(tally.appended) / seconds : 0
        if tally.appended > 0 { parts.append("\(Figures.count(Int(rate)))/s") }
        if let size, tally.position > 0, seconds > 1 {
            let left = Double(max(0, size - tally.position)) * seconds / Double(tally.position)
            parts.append("\(Figures.duration(seconds: left)) left")
        }
        return parts.joined(separator: "  ")
    }

    var lines: [String] {
        var text = "\(topic): \(Figures.count(tally.appended, "line")) appended in \(Figures.duration(seconds: seconds))"
        if tally.skipped > 0 { text += ", \(Figures.count(tally.skipped)) there from before" }
        guard tally.withoutKey > 0 else { return [text] }
        return [
            text + ", \(Figures.count(tally.withoutKey)) without a key",
            "    Of records without a key, those that cannot be read become dead letters of the topologies that read the topic.",
        ]
    }

    var json: JSONValue {
        JSONValue(members: [
            ("topic", .text(topic)), ("appended", .int(tally.appended)), ("skipped", .int(tally.skipped)),
            ("without_key", .int(tally.withoutKey)), ("seconds", .number(seconds)),
        ])
    }
}

extension AppendProducer {
    /// How much of a first line is looked at: two files that differ only later are told apart by their paths.
    private static let firstLineBytesMax = 4_096

    /// The file's own name. Throws `append.input`.
    static func file(at path: String, topic: TopicName) throws -> AppendProducer {
        let source = try ByteSource(path: path)
        var first: [UInt8] = []
        reading: while first.count < firstLineBytesMax, !first.contains(0x0A) {
            switch try source.next() {
            case .bytes(let bytes): first += bytes
            case .nothingYet: continue
            case .end: break reading
            }
        }
        let line = first.prefix(firstLineBytesMax).prefix { $0 != 0x0A }
        return file(path: FilePath.absolute(path), firstLine: line, topic: topic)
    }
}
