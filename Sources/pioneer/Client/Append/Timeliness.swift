import Base
import Columns

/// How far a topology is with a topic, and what it could not use: sums over its tasks since the engine started.
struct TopologyCounts: Equatable {
    var records = 0
    /// Late records by stream.
    var late: [String: Int] = [:]
    /// Dead letters because of `max_ahead`.
    var ahead = 0
    var watermark = EventTime.earliest
    var clock = EventTime.earliest
    /// Next offsets of the topic, by partition.
    var positions: [Int64: Int64] = [:]

    /// By topology. Nil where the answer of `GET /health` is another.
    static func read(_ health: JSONValue, topic: String) -> [String: TopologyCounts]? {
        guard let topologies = health["topologies"]?.elements else { return nil }
        var result: [String: TopologyCounts] = [:]
        for topology in topologies {
            guard let name = topology["topology"]?.string, let tasks = topology["tasks"]?.elements else { return nil }
            result[name] = tasks.reduce(into: TopologyCounts()) { $0.add($1, topic) }
        }
        return result
    }

    private mutating func add(_ task: JSONValue, _ topic: String) {
        func time(_ name: String) -> EventTime { task[name]?.string.flatMap { EventTime($0) } ?? .earliest }
        records += Int(task["records"]?.int ?? 0)
        for member in task["late_by_stream"]?.members ?? [] { late[member.key, default: 0] += Int(member.value.int ?? 0) }
        ahead += Int(task["dead_letters_by_code"]?["source.too_far_ahead"]?.int ?? 0)
        // The one furthest ahead: a partition without records has none.
        watermark = max(watermark, time("watermark"))
        clock = max(clock, time("clock"))
        for position in task["positions"]?.elements ?? [] where position["topic"]?.string == topic {
            if let partition = position["partition"]?.int { positions[partition] = position["next_offset"]?.int ?? 0 }
        }
    }

    /// Whether everything before these end offsets is read.
    func hasRead(_ ends: [Int64]) -> Bool { ends.enumerated().allSatisfy { positions[Int64($0), default: 0] >= $1 } }

    /// What was counted since `before`. A restart of the engine begins at zero.
    func since(_ before: TopologyCounts) -> TopologyCounts {
        guard records >= before.records else { return self }
        var difference = self
        difference.records -= before.records
        difference.ahead = max(0, ahead - before.ahead)
        difference.late = late.reduce(into: [:]) { $0[$1.key] = max(0, $1.value - before.late[$1.key, default: 0]) }
        return difference
    }
}

/// What a topology read since an append began, and how much of it came too late or lies too far ahead.
struct TopologyTimeliness: Equatable {
    enum Kind: Hashable { case late, ahead }

    var topology: String
    var records: Int
    /// Of the stream that has most of them, because one record may be late for several.
    var late: Int
    var lateStream: String
    var ahead: Int
    var watermark: EventTime
    var clock: EventTime

    /// Fewer are not worth a word, whatever the share.
    private static let countMin = 20

    init(_ topology: String, _ counts: TopologyCounts) {
        let worst = counts.late.max { ($0.value, $1.key) < ($1.value, $0.key) }
        (self.topology, records, late, lateStream) = (topology, counts.records, worst?.value ?? 0, worst?.key ?? "")
        (ahead, watermark, clock) = (counts.ahead, counts.watermark, counts.clock)
    }

    func count(_ kind: Kind) -> Int { kind == .late ? late : ahead }

    /// More than one in a hundred.
    func isWorthSaying(_ kind: Kind) -> Bool { count(kind) >= Self.countMin && count(kind) * 100 > records }

    var json: JSONValue {
        JSONValue(members: [
            ("topology", .text(topology)), ("records", .int(records)), ("late", .int(late)), ("ahead", .int(ahead)),
            ("watermark", watermark == .earliest ? .text(nil) : .text(watermark.description)),
        ])
    }
}

/// What is said about records that came too late or lie too far ahead, and why that may be.
struct TimelinessWarning {
    var kind: TopologyTimeliness.Kind
    /// The topologies it is about, the worst first.
    var topologies: [TopologyTimeliness]
    var topic: TopicFacts
    var times: TimeRange
    /// Of the worst topology, when the append began.
    var watermarkBefore: EventTime
    var isSorted: Bool

    private static let width = 80

    var lines: [String] {
        var lines = ["pioneer: warning: \(headline)"]
        for part in [figures, "Why: \(why)", "What to do: \(remedy)"] { lines += Self.wrapped(part, indent: "    ") }
        return lines
    }

    private var worst: TopologyTimeliness { topologies[0] }
    private var reading: TopicFacts.Reading? { topic.readings.first { $0.topology == worst.topology } }

    private var headline: String {
        let percent = worst.records > 0 ? min(100, Double(worst.count(kind)) * 100 / Double(worst.records)) : 100
        let share = percent < 10 ? Figures.fixed(percent, digits: 1) : "\(Int(percent))"
        return kind == .late
            ? "\(share)% of the records came too late for '\(worst.lateStream)' of '\(worst.topology)'"
            : "\(share)% of the records lie too far ahead for '\(worst.topology)'"
    }

    private var figures: String {
        let each = topologies.map { "\(Figures.count($0.count(kind))) of \(Figures.count($0.records)) that '\($0.topology)' read" }
        let now = kind == .late
            ? "Its watermark is at \(worst.watermark)" : "The engine's clock is at \(max(worst.clock, worst.watermark))"
        let range = times.count > 0 ? ", and the event times appended so far go from \(times.earliest) to \(times.latest)" : ""
        let what = kind == .late ? "are in the topic, but not in windows that had closed" : "are dead letters (max_ahead)"
        return "\(each.joined(separator: ", and ")) since the append began \(what). \(now)\(range)."
    }

    /// The lines themselves go back in time.
    private var isDisordered: Bool { times.disordered * 100 > times.count }

    private var why: String {
        let outOfOrder = reading?.outOfOrder ?? .zero
        if kind == .ahead {
            return "events more than \(reading?.maxAhead ?? .zero) (max_ahead) after the engine's clock are taken for those of a "
                + "wrong clock."
        }
        if isDisordered {
            return "the lines are not in the order of time: \(Figures.count(times.disordered)) of \(Figures.count(times.count)) lie more "
                + "than \(outOfOrder) (out_of_order) behind a line before them, as in a table that is sorted by machine."
        }
        if watermarkBefore > times.earliest {
            return "they are older than what the topology had read before: its watermark was at \(watermarkBefore) when the append began."
        }
        return "something else appends later events at the same time, and moves the watermark."
    }

    private var remedy: String {
        if kind == .ahead {
            return "append with --shift-to now; or check the zone of the times, which is UTC where none stands; or give the source "
                + "a larger max_ahead."
        }
        if isDisordered, !isSorted {
            return "append to a fresh data directory with --sort, or give the source a larger out_of_order."
        }
        return "append history to a fresh data directory, before what is live; or let it end now with --shift-to now, where the "
            + "topology has read nothing of that time."
    }

    private static func wrapped(_ text: String, indent: String) -> [String] {
        var lines: [String] = []
        var line = indent
        for word in text.split(separator: " ") {
            if line.count > indent.count, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent
            }
            line += (line.count > indent.count ? " " : "") + word
        }
        return lines + [line]
    }
}
