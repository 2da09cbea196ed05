import Base
import Columns
import Planner
import Runtime
import Stores
import TopologyFile

/// The schema and topology that the runtime's tests run: every aggregate, over doubles, ints and strings, nullable and not.
enum Sample {
    static let schema = Schema(
        name: "reading",
        fields: [
            .init("id", .string),
            .init("at", .timestampMicros),
            .init("kind", .string),
            .init("value", .double),
            .init("count", .long, isNullable: true),
            .init("note", .string, isNullable: true),
        ])

    static let topology = """
        topology: sample
        sources:
          readings:
            topic: readings
            schema: reading
            key: [id]
            event_time: { field: at, out_of_order: 5s, max_ahead: 1h }
        streams:
          wanted:
            from: readings
            filter: kind != "noise"
          scaled:
            from: wanted
            map:
              doubled: value * 2.0
          minutely:
            from: scaled
            window: { tumbling: 1m, by: [id, kind] }
            aggregate:
              rows: count()
              counted: count(count)
              total: sum(doubled)
              total_count: sum(count)
              mean: avg(value)
              least: min(value)
              most: max(count)
              last_note: last(note)
              first_value: first(value)
              least_note: min(note)
          hourly:
            from: minutely
            window: { tumbling: 1h, by: [id] }
            aggregate:
              minutes: count()
              rows: sum(rows)
              total: sum(total)
        outputs:
          hours: { from: hourly, topic: hours }
        views:
          minutes: { from: minutely, key: [id, kind, window.start] }
          hours_view: { from: hourly, key: [id, window.start] }
        """

    static func plan(_ text: String = topology, schemas: [String: Schema] = ["reading": schema]) throws -> Plan {
        let reading = TopologyLoader.read(text, path: "test.yaml")
        guard let specification = reading.specification, reading.findings.isEmpty else {
            throw PlanFailure(findings: reading.findings)
        }
        let planning = Planner.plan(specification, schemas: SchemaCatalog(schemas))
        guard let plan = planning.plan else { throw PlanFailure(findings: planning.findings) }
        return plan
    }

    struct PlanFailure: Error { var findings: [Finding] }

    /// One event, as a test thinks of it.
    struct Event {
        var id: String
        var at: EventTime
        var kind: String
        var value: Double
        var count: Int64?
        var note: String?

        var json: [UInt8] {
            let count = count.map { ",\"count\":\($0)" } ?? ""
            let note = note.map { ",\"note\":\"\($0)\"" } ?? ""
            return Array("{\"id\":\"\(id)\",\"at\":\"\(at)\",\"kind\":\"\(kind)\",\"value\":\(value)\(count)\(note)}".utf8)
        }
    }

    static let start = EventTime("2026-01-05T00:00:00Z")!

    /// Events in nearly ascending time: each up to `disorder` behind the newest of its key's partition-independent order.
    static func events(_ count: Int, seed: UInt64, disorder: TimeSpan = .seconds(4), ids: Int = 7) -> [Event] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { index in
            let back = disorder == .zero ? 0 : Int64(random.below(Int(disorder.microseconds)))
            let at = EventTime(microseconds: start.microseconds + Int64(index) * 700_000 - back)
            return Event(
                id: "i-\(random.below(ids))", at: at, kind: ["cpu", "memory", "noise", ""][random.below(4)],
                value: Double(random.below(2_000)) / 8 - 100, count: random.below(3) == 0 ? nil : Int64(random.below(1_000)) - 500,
                note: random.below(3) == 0 ? nil : String(repeating: "n", count: random.below(4)) + "\(random.below(50))")
        }
    }

    static func append(_ events: [Event], to driver: TopologyDriver) throws {
        for event in events { try driver.append(source: "readings", value: event.json) }
    }
}
