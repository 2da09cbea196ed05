import Base
import Columns
import Runtime
import Stores
import Testing

/// `filter`, `map` and `select` against a recomputation row by row, failing rows included.
@Suite struct RowOperatorOracleTests {
    private static let topology = """
        topology: rows
        sources:
          readings:
            topic: readings
            schema: reading
            key: [id]
            event_time: { field: at, out_of_order: 1m }
        streams:
          divided:
            from: readings
            map:
              share: 1000 / or_else(count, 7)
              loud: kind + "!"
          large:
            from: divided
            filter: share > 3 && note != null
          narrow:
            from: large
            select: [note, id, share]
          narrowest:
            from: narrow
            filter: 100 % share != 0 || id == "i-3"
        outputs:
          out: { from: narrowest, topic: out, key: [id] }
        """

    /// What each stream gives of an event, from the source on; nil where it gives nothing, and whether the event fails.
    private func recompute(_ event: Sample.Event) -> (divided: Bool, large: Bool, narrowest: Bool, failsIn: String?, share: Int64) {
        let divisor = event.count ?? 7
        guard divisor != 0 else { return (false, false, false, "divided", 0) }
        let share = 1_000 / divisor
        guard share > 3, event.note != nil else { return (true, false, false, nil, share) }
        // `share` is not 0 here, so the remainder never fails.
        return (true, true, 100 % share != 0 || event.id == "i-3", nil, share)
    }

    @Test(arguments: [UInt64(1), 2, 3], [1, 64, 4_096])
    func `rows equal a recomputation, and rows that fail are dead letters once`(seed: UInt64, batch: Int) throws {
        var events = Sample.events(2_000, seed: seed)
        for index in stride(from: 0, to: events.count, by: 97) { events[index].count = 0 }
        let driver = try TopologyDriver(Sample.plan(Self.topology), clock: Sample.start + .hours(1), batchRecords: batch)
        try Sample.append(events, to: driver)
        try driver.run()
        try driver.commit()

        let computed = events.map { ($0, recompute($0)) }
        func given(_ stream: String, _ path: String) -> [Value] {
            driver.rows.filter { $0.stream == stream }.map { $0.values[path] ?? .null }
        }
        let divided = computed.filter(\.1.divided)
        #expect(given("divided", "share") == divided.map { .int($0.1.share) })
        #expect(given("divided", "loud") == divided.map { .string($0.0.kind + "!") })
        #expect(given("divided", "value") == divided.map { .double($0.0.value) })
        let large = computed.filter(\.1.large)
        #expect(given("large", "share") == large.map { .int($0.1.share) })
        #expect(given("narrow", "note") == large.map { .string($0.0.note ?? "") })
        let narrow = driver.rows.filter { $0.stream == "narrow" }
        #expect(narrow.allSatisfy { Set($0.values.keys) == ["note", "id", "share"] })
        #expect(narrow.map(\.eventTime) == large.map(\.0.at))
        let narrowest = computed.filter(\.1.narrowest)
        #expect(given("narrowest", "id") == narrowest.map { .string($0.0.id) })
        #expect(narrowest.count > 20 && narrowest.count < large.count)

        let dead = try driver.records(of: .deadLetters(of: "rows"))
        #expect(dead.map(\.value) == computed.filter { $0.1.failsIn != nil }.map { $0.0.json })
        #expect(dead.allSatisfy { $0.headers["operator"] == "divided" && $0.headers["code"] == "operator.expression_failed" })
        #expect(try driver.records(of: TopicName("out")!).count == narrowest.count)
    }
}
