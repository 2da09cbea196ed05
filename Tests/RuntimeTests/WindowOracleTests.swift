import Base
import Columns
import Runtime
import Stores
import Testing

/// The windows of `Sample.topology`, computed from scratch: one pass over all events, dictionaries, no batches.
private struct MinuteOracle {
    struct Group: Hashable {
        var id: String
        var kind: String
        var start: EventTime
    }

    var expected: [Group: [String: Value]] = [:]
    var lateCount = 0

    init(_ events: [Sample.Event]) {
        var members: [Group: [Sample.Event]] = [:]
        var watermark = EventTime.earliest
        var newest = EventTime.earliest
        for event in events {
            let start = event.at.microseconds / 60_000_000 * 60_000_000
            if event.kind != "noise" {
                if EventTime(microseconds: start + 60_000_000) <= watermark {
                    lateCount += 1
                } else {
                    members[Group(id: event.id, kind: event.kind, start: EventTime(microseconds: start)), default: []].append(event)
                }
            }
            newest = max(newest, event.at)
            watermark = newest - .seconds(5)
        }
        for (group, rows) in members { expected[group] = Self.aggregate(group, rows) }
    }

    private static func aggregate(_ group: Group, _ rows: [Sample.Event]) -> [String: Value] {
        let counts = rows.compactMap(\.count)
        let notes = rows.compactMap { event in event.note.map { (event.at, $0) } }
        var lastNote: (EventTime, String)?
        for note in notes where note.0 >= lastNote?.0 ?? .earliest { lastNote = note }
        var first = rows[0]
        for row in rows where row.at < first.at { first = row }
        return [
            "id": .string(group.id), "kind": .string(group.kind), "window.start": .timestamp(group.start),
            "window.end": .timestamp(group.start + .minutes(1)), "window.hours": .double(1.0 / 60),
            "rows": .int(Int64(rows.count)), "counted": .int(Int64(counts.count)),
            "total": .double(rows.reduce(0) { $0 + $1.value * 2 }),
            "total_count": counts.isEmpty ? .null : .int(counts.reduce(0, +)),
            "mean": .double(rows.reduce(0) { $0 + $1.value } / Double(rows.count)),
            "least": .double(rows.map(\.value).min()!), "most": counts.max().map { .int($0) } ?? .null,
            "last_note": lastNote.map { .string($0.1) } ?? .null, "first_value": .double(first.value),
            "least_note": notes.map(\.1).min().map { .string($0) } ?? .null,
        ]
    }
}

@Suite struct WindowOracleTests {
    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func `windows over random input equal a recomputation from scratch`(seed: UInt64) throws {
        // Up to 12 s of disorder against 5 s allowed: some records are late.
        let events = Sample.events(3_000, seed: seed, disorder: .seconds(12))
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(1), batchRecords: 64)
        try Sample.append(events, to: driver)
        try driver.advance(to: Sample.start + .hours(2))
        let oracle = MinuteOracle(events)
        var given: [MinuteOracle.Group: [String: Value]] = [:]
        for row in driver.rows where row.stream == "minutely" {
            guard case .string(let id) = row.values["id"], case .string(let kind) = row.values["kind"],
                case .timestamp(let start) = row.values["window.start"]
            else { Issue.record("a window's row lacks its group"); return }
            let group = MinuteOracle.Group(id: id, kind: kind, start: start)
            #expect(given.updateValue(row.values, forKey: group) == nil, "a window gave a group twice")
            #expect(row.eventTime == start + .minutes(1) - TimeSpan(microseconds: 1))
        }
        #expect(given == oracle.expected)
        #expect(driver.counters.late == ["minutely": oracle.lateCount])
        #expect(oracle.lateCount > 0, "the input exercises lateness")
    }

    @Test func `rows of the hour are made of the rows of the minutes`() throws {
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(3))
        try Sample.append(Sample.events(9_000, seed: 9), to: driver)
        try driver.advance(to: Sample.start + .hours(3))
        var minutes: [String: (minutes: Int64, rows: Int64)] = [:]
        for row in driver.rows where row.stream == "minutely" {
            guard case .string(let id) = row.values["id"], case .timestamp(let start) = row.values["window.start"],
                case .int(let rows) = row.values["rows"]
            else { continue }
            let hour = start.microseconds / 3_600_000_000
            minutes["\(id) \(hour)", default: (0, 0)].minutes += 1
            minutes["\(id) \(hour)", default: (0, 0)].rows += rows
        }
        var seen = 0
        for row in driver.rows where row.stream == "hourly" {
            guard case .string(let id) = row.values["id"], case .timestamp(let start) = row.values["window.start"] else { continue }
            let expected = minutes["\(id) \(start.microseconds / 3_600_000_000)"]
            #expect(row.values["minutes"] == .int(expected?.minutes ?? -1))
            #expect(row.values["rows"] == .int(expected?.rows ?? -1))
            seen += 1
        }
        #expect(seen == minutes.count && seen > 10)
    }

    @Test func `a sum of ints beyond 64 bits is a dead letter and not a wrong number`() throws {
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(1))
        for index in 0..<3 {
            let at = Sample.start + .seconds(Int64(index))
            try driver.append(
                source: "readings",
                value: Sample.Event(id: "big", at: at, kind: "cpu", value: 1, count: .max - 1, note: nil).json)
        }
        try driver.advance(to: Sample.start + .hours(2))
        try driver.commit()
        #expect(!driver.rows.contains { $0.stream == "minutely" })
        let dead = try driver.records(of: .deadLetters(of: "sample"))
        #expect(dead.map { $0.headers["code"] } == ["operator.sum_overflow"])
        #expect(dead[0].headers["operator"] == "minutely")
    }
}
