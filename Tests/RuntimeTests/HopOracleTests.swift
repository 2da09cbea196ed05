import Base
import Columns
import OwnThreads
import Planner
import Runtime
import Stores
import Testing

/// Groups that lie in several partitions, nullable and of several types, windows behind windows, a hop behind a hop.
private let topology = """
    topology: sample
    sources:
      readings:
        topic: readings
        schema: reading
        key: [id]
        event_time: { field: at, out_of_order: 5s, idle_after: 1m, max_ahead: 1h }
    streams:
      wanted:
        from: readings
        filter: kind != "noise"
      by_kind:
        from: wanted
        window: { tumbling: 1m, by: [kind] }
        aggregate: { rows: count(), total: sum(value), mean: avg(value), least: min(value), most: max(count), note: max(note) }
      by_note:
        from: readings
        window: { tumbling: 1m, by: [note, value] }
        aggregate: { rows: count(), total: sum(count) }
      hourly:
        from: by_kind
        window: { tumbling: 10m }
        aggregate: { minutes: count(), rows: sum(rows), total: sum(total) }
      by_size:
        from: by_kind
        window: { tumbling: 10m, by: [rows] }
        aggregate: { minutes: count(), total: sum(total) }
      per_id:
        from: readings
        window: { tumbling: 1m }
        aggregate: { rows: count() }
      sizes:
        from: per_id
        window: { tumbling: 10m, by: [rows] }
        aggregate: { ids: count() }
    outputs:
      kinds: { from: by_kind, topic: kinds }
    views:
      kinds_view: { from: by_kind, key: [kind, window.start] }
      sizes_view: { from: sizes, key: [rows, window.start] }
    """

/// The windows of a stream, computed from scratch over rows in the order in which one partition has them.
private func windows(
    _ rows: [(at: EventTime, group: [Value], fold: [Int64?])], size: TimeSpan
) -> [[Value]: [Int64?]] {
    var result: [[Value]: [Int64?]] = [:]
    for row in rows {
        let start = EventTime(microseconds: row.at.microseconds / size.microseconds * size.microseconds)
        let key = row.group + [.timestamp(start)]
        let old = result[key] ?? row.fold.map { _ in nil }
        result[key] = zip(old, row.fold).map { a, b in a.map { $0 + (b ?? 0) } ?? b }
    }
    return result
}

@Suite(.ownThreadsInTurn) struct HopOracleTests {
    private func events(_ seed: UInt64, disorder: TimeSpan = .seconds(4)) -> [Sample.Event] {
        Sample.events(3_000, seed: seed, disorder: disorder)
    }

    private func run(
        _ events: [Sample.Event], partitions: Int, batch: Int = 4_096, restartEvery: Int? = nil, commitEvery: Int? = nil
    ) throws -> TopologyDriver {
        let driver = try TopologyDriver(
            Sample.plan(topology), clock: Sample.start + .hours(1), partitionCount: partitions, batchRecords: batch)
        for (index, event) in events.enumerated() {
            try driver.append(source: "readings", value: event.json)
            if let every = restartEvery ?? commitEvery, index % every == every - 1 {
                try driver.run()
                if commitEvery != nil || index / every % 2 == 0 { try driver.commit() }
                if restartEvery != nil { try driver.restart() }
            }
        }
        try driver.advance(to: Sample.start + .hours(2))
        try driver.commit()
        return driver
    }

    /// What a stream gave, without what comes of the order of rows: sorted by their text.
    private func rows(_ driver: TopologyDriver, _ stream: String) -> [String] {
        driver.rows.filter { $0.stream == stream }
            .map { row in
                let values = row.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                return values.joined(separator: " ") + " @\(row.eventTime)"
            }.sorted()
    }

    private func outputs(_ driver: TopologyDriver) throws -> [[UInt8]] {
        try driver.records(of: TopicName("kinds")!).compactMap(\.value).sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static let streams = ["by_kind", "by_note", "hourly", "by_size", "per_id", "sizes"]

    @Test(arguments: [UInt64(1), 2], [1, 2, 3, 4])
    func `windows behind a hop equal a recomputation from scratch`(seed: UInt64, partitions: Int) throws {
        let events = events(seed)
        let driver = try run(events, partitions: partitions, batch: 64)
        #expect(driver.counters.late.isEmpty && driver.counters.deadLetters == 0)

        let wanted = events.filter { $0.kind != "noise" }
        let expected = windows(wanted.map { ($0.at, [.string($0.kind)], [1, Int64($0.value * 8)]) }, size: .minutes(1))
        var given: [[Value]: [Int64?]] = [:]
        for row in driver.rows where row.stream == "by_kind" {
            guard case .int(let count)? = row.values["rows"], case .double(let total)? = row.values["total"] else { continue }
            let key = [row.values["kind"]!, row.values["window.start"]!]
            #expect(given.updateValue([count, Int64(total * 8)], forKey: key) == nil, "a window gave a group twice")
        }
        #expect(given == expected)

        let notes = windows(
            events.map { ($0.at, [$0.note.map { .string($0) } ?? .null, .double($0.value)], [1, $0.count]) }, size: .minutes(1))
        var givenNotes: [[Value]: [Int64?]] = [:]
        for row in driver.rows where row.stream == "by_note" {
            guard case .int(let count)? = row.values["rows"] else { continue }
            var total: Int64?
            if case .int(let sum)? = row.values["total"] { total = sum }
            givenNotes[[row.values["note"]!, row.values["value"]!, row.values["window.start"]!]] = [count, total]
        }
        #expect(givenNotes == notes)
    }

    @Test(arguments: [1, 2, 3, 4])
    func `batches, commits and restarts change nothing`(partitions: Int) throws {
        let events = events(7)
        let straight = try run(events, partitions: 1)
        let ways: [(Int, Int?, Int?)] = [(4_096, nil, nil), (7, nil, nil), (64, 400, nil), (500, nil, 37), (16, 90, nil)]
        for (batch, restart, commit) in ways {
            let driver = try run(events, partitions: partitions, batch: batch, restartEvery: restart, commitEvery: commit)
            let what = "batch \(batch), restart \(restart ?? 0), commit \(commit ?? 0)"
            // A restart has rows of the epoch that was lost given again; what was committed has them once.
            if restart == nil {
                for stream in Self.streams { #expect(rows(driver, stream) == rows(straight, stream), "\(stream): \(what)") }
            }
            for view in straight.plan.views { #expect(try driver.rows(ofView: view) == straight.rows(ofView: view), "\(what)") }
            #expect(try outputs(driver) == outputs(straight), "\(what)")
        }
        #expect(rows(straight, "by_size").count > 20 && rows(straight, "sizes").count > 10)
    }

    /// The rows of one partition meet behind the hop what they met before it, wherever batches and epochs end.
    @Test(arguments: [UInt64(3), 4])
    func `with one partition exactly the rows are late that are late without a hop`(seed: UInt64) throws {
        let events = events(seed, disorder: .seconds(12))
        var late = 0, newest = EventTime.earliest
        var kept: [Sample.Event] = []
        for event in events {
            let end = event.at.microseconds / 60_000_000 * 60_000_000 + 60_000_000
            if event.kind != "noise" {
                if end <= (newest - .seconds(5)).microseconds { late += 1 } else { kept.append(event) }
            }
            newest = max(newest, event.at)
        }
        #expect(late > 0)
        let expected = windows(kept.map { ($0.at, [.string($0.kind)], [1]) }, size: .minutes(1))
        for (batch, commit) in [(4_096, nil), (64, nil), (7, 50), (1, nil)] as [(Int, Int?)] {
            let driver = try run(events, partitions: 1, batch: batch, commitEvery: commit)
            #expect(driver.counters.late["by_kind"] == late, "batch \(batch)")
            var given: [[Value]: [Int64?]] = [:]
            for row in driver.rows where row.stream == "by_kind" {
                guard case .int(let count)? = row.values["rows"] else { continue }
                given[[row.values["kind"]!, row.values["window.start"]!]] = [count]
            }
            #expect(given == expected, "batch \(batch)")
        }
    }

    @Test func `an aborted commit sends its rows and marks once`() throws {
        let events = events(5)
        let straight = try run(events, partitions: 2)
        let driver = try TopologyDriver(Sample.plan(topology), clock: Sample.start + .hours(1), partitionCount: 2, batchRecords: 50)
        for (index, event) in events.enumerated() {
            try driver.append(source: "readings", value: event.json)
            guard index % 300 == 299 else { continue }
            driver.store.failNext(.abort, .abort)
            try driver.run()
        }
        try driver.advance(to: Sample.start + .hours(2))
        try driver.commit()
        #expect(driver.counters.aborts > 5)
        for view in straight.plan.views { #expect(try driver.rows(ofView: view) == straight.rows(ofView: view)) }
    }
}
