import Foundation

/// Metrics read from Prometheus' text format 0.0.4, as strictly as the format's page and `promtool check metrics` have it.
/// Ours, so that the rules are checked also where there is no promtool.
struct Exposition {
    /// By series as written, labels included: `pioneer_task_records_total{topology="usage",partition="0"}`.
    private(set) var values: [String: Double] = [:]
    /// What is wrong, each with its line.
    private(set) var faults: [String] = []
    private(set) var kinds: [String: String] = [:]
    private var helped: Set<String> = []
    /// The metric whose lines are being read, and those whose lines are over.
    private var current = ""
    private var closed: Set<String> = []

    init(_ text: String) {
        if !text.hasSuffix("\n") { faults.append("the last line has no end") }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().enumerated() {
            if let fault = read(String(line)) { faults.append("line \(index + 1): \(fault): \(line)") }
        }
        for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) where kind == "histogram" { checkHistogram(name) }
    }

    /// The sum over all series of a metric, or over those with a label.
    func total(_ name: String, where label: String? = nil) -> Double {
        values.filter { series, _ in
            (series == name || series.hasPrefix(name + "{")) && (label.map { series.contains($0) } ?? true)
        }.values.reduce(0, +)
    }

    func has(_ name: String) -> Bool { values.keys.contains { $0 == name || $0.hasPrefix(name + "{") } }

    // MARK: Lines

    private mutating func read(_ line: String) -> String? {
        if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)/) {
            let name = String(match.1)
            if let fault = begin(name) { return fault }
            if !helped.insert(name).inserted { return "a second HELP" }
            return String(match.2).replacing(/\\\\|\\n/, with: "").contains("\\") ? "a backslash that escapes nothing" : nil
        }
        if let match = line.wholeMatch(of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)/) {
            let name = String(match.1)
            if let fault = begin(name) { return fault }
            if kinds.updateValue(String(match.2), forKey: name) != nil { return "a second TYPE" }
            if (match.2 == "counter") != name.hasSuffix("_total") { return "counters end in _total, and nothing else does" }
            return nil
        }
        guard let match = line.wholeMatch(of: /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (NaN|[+-]Inf|[-+0-9.e]+)/) else { return "no such form" }
        return sample(String(match.1), String(match.2 ?? ""), String(match.3), line)
    }

    private mutating func sample(_ name: String, _ labels: String, _ number: String, _ line: String) -> String? {
        guard belongs(name) else { return "not among the lines of \(current)" }
        guard helped.contains(current), kinds[current] != nil else { return "before its HELP and TYPE" }
        let label = #/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"/#
        var rest = labels.dropFirst().dropLast()
        var names: Set<Substring> = []
        while !rest.isEmpty {
            guard let found = rest.prefixMatch(of: label) else { return "a label of no such form" }
            if !names.insert(found.0.prefix { $0 != "=" }).inserted { return "a label twice" }
            rest = rest[found.range.upperBound...]
            if rest.isEmpty { break }
            guard rest.first == ",", rest.count > 1 else { return "labels are parted by commas" }
            rest = rest.dropFirst()
        }
        let value = ["NaN": Double.nan, "+Inf": .infinity, "-Inf": -.infinity][number] ?? Double(number)
        guard let value else { return "no number" }
        return values.updateValue(value, forKey: name + labels) == nil ? nil : "the same series again"
    }

    private func belongs(_ name: String) -> Bool {
        guard kinds[current] == "histogram" else { return name == current }
        return ["_bucket", "_sum", "_count"].contains { name == current + $0 }
    }

    private mutating func begin(_ name: String) -> String? {
        guard name != current else { return nil }
        closed.insert(current)
        current = name
        return closed.contains(name) ? "its lines are not together" : nil
    }

    // MARK: Histograms

    private mutating func checkHistogram(_ name: String) {
        var ranges: [String: [(bound: Double, count: Double)]] = [:]
        for (series, count) in values where series.hasPrefix(name + "_bucket{") {
            guard let match = series.firstMatch(of: /,?le="([^"]*)"/), let bound = match.1 == "+Inf" ? .infinity : Double(match.1) else {
                faults.append("\(series) has no bound")
                continue
            }
            let labels = series.dropFirst((name + "_bucket").count).replacingOccurrences(of: String(match.0), with: "")
            ranges[labels == "{}" ? "" : labels, default: []].append((bound, count))
        }
        for (labels, unsorted) in ranges {
            let range = unsorted.sorted { $0.bound < $1.bound }
            if zip(range, range.dropFirst()).contains(where: { $0.count > $1.count }) {
                faults.append("\(name)\(labels) is not cumulative")
            }
            if range.last?.bound != .infinity || range.last?.count != values[name + "_count" + labels] {
                faults.append("\(name)\(labels) does not end with its count")
            }
            if values[name + "_sum" + labels] == nil { faults.append("\(name)\(labels) has no sum") }
        }
    }
}
