import Foundation

/// What tests ask of a running engine.
extension EngineProcess {
    static let source = "cloud.metrics"
    static let hourly = "cloud.usage.hourly"
    static let deadLetters = "_pioneer.usage.dead-letters"
    static let views = ["resource_metrics", "resource_metrics_hourly"]

    func get(_ target: String) throws -> HTTPExchange.Answer {
        try reporting {
            let answer = try HTTPExchange(port: port, target: target).answer()
            guard answer.status == 200 else { throw Trouble("GET \(target) answered \(answer.status): \(answer.text.prefix(500))") }
            return answer
        }
    }

    func append(_ lines: String, timeout: Double = 60) throws -> HTTPExchange.Answer {
        try HTTPExchange(
            port: port, method: "POST", target: "/api/v1/topics/\(Self.source)/records", body: Array(lines.utf8), timeout: timeout
        ).answer()
    }

    // MARK: How far it is

    /// End offsets, by topic and partition.
    func ends() throws -> [String: [Int]] {
        let topics = try get("/api/v1/topics").object()["topics"] as? [[String: Any]] ?? []
        return Dictionary(uniqueKeysWithValues: topics.map { topic in
            (topic["topic"] as? String ?? "", (topic["partitions"] as? [[String: Any]] ?? []).map { $0["end_offset"] as? Int ?? -1 })
        })
    }

    /// The tasks of the topology, by partition.
    func tasks() throws -> [[String: Any]] {
        let topologies = try get("/health").object()["topologies"] as? [[String: Any]] ?? []
        return topologies.first?["tasks"] as? [[String: Any]] ?? []
    }

    func deadLetterCount() throws -> Int { try tasks().reduce(0) { $0 + ($1["dead_letters"] as? Int ?? 0) } }

    /// Waits until every appended record is processed, committed, and its rows are in the views. However long that takes
    /// in all, a minute without any progress is too long.
    func waitUntilSettled() throws {
        try reporting {
            var last = "", deadline = Deadline(seconds: 60)
            while true {
                let (isSettled, now) = try progress()
                if isSettled { return }
                if now != last { (last, deadline) = (now, Deadline(seconds: 60)) }
                guard !deadline.isOver else { throw Trouble("the engine made no progress for 60 s: \(now)") }
                pause(milliseconds: 50)
            }
        }
    }

    private func progress() throws -> (isSettled: Bool, description: String) {
        // In this order: when the tasks stand at the ends, nothing more is added to the views' topics.
        let tasks = try tasks(), ends = try ends()
        let positions = tasks.map { (($0["positions"] as? [[String: Any]])?.first?["next_offset"] as? Int) ?? 0 }
        var isSettled = positions == ends[Self.source]
        var words = "tasks at \(positions) of \(ends[Self.source] ?? [])"
        for view in Self.views {
            let fresh = try get("/api/v1/views/\(view)?limit=0").object()["fresh"] as? [String: Any] ?? [:]
            let partitions = fresh["partitions"] as? [[String: Any]] ?? []
            for (number, end) in (ends["_pioneer.usage.view.\(view)"] ?? []).enumerated() {
                let position = partitions.first { $0["partition"] as? Int == number }
                let next = position?["next_offset"] as? Int ?? 0
                let watermark = position?["watermark"] as? String, committed = tasks[number]["watermark"] as? String
                isSettled = isSettled && next == end && watermark == committed
                words += ", \(view)[\(number)] at \(next) of \(end), fresh to \(watermark ?? "nothing") of \(committed ?? "nothing")"
            }
        }
        return (isSettled, words)
    }

    // MARK: What it made

    /// All rows of a view in the order of their keys, each as the text the engine answered.
    func rows(of view: String) throws -> [String] {
        let pageRows = 10_000
        var rows: [String] = []
        while true {
            let target = "/api/v1/views/\(view)?order=resource_id,metric,window_start&limit=\(pageRows)&offset=\(rows.count)"
            let text = try get(target).text
            // A page that others follow has its cursor behind the rows.
            let ends = ["],\"next\":", "],\"fresh\":"].lazy.compactMap { text.range(of: $0, options: .backwards) }
            guard let start = text.range(of: "\"rows\":["), let end = ends.first else {
                throw Trouble("no rows in the answer: \(text.prefix(200))")
            }
            let page = text[start.upperBound..<end.lowerBound]
            let found = page.isEmpty ? [] : page.components(separatedBy: "},{")
            rows += found.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "{}")) }
            if found.count < pageRows { return rows }
        }
    }

    /// A topic's records over all partitions, sorted: key and value as the engine answers them, with the `code` that a
    /// dead letter has.
    func records(of topic: String) throws -> [String] {
        let lines = try get("/api/v1/topics/\(topic)/records?offset=earliest&limit=1000000").text.split(separator: "\n")
        return try lines.map { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let start = line.range(of: ",\"key")?.lowerBound
            else { throw Trouble("no record: \(line)") }
            let end = line.range(of: ",\"headers\":")?.lowerBound ?? line.endIndex
            let code = (object["headers"] as? [[String]])?.first { $0.first == "code" }?.last
            return (code.map { $0 + " " } ?? "") + line[start..<end].dropFirst()
        }.sorted()
    }
}
