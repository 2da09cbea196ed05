import Base
import Columns
import Planner
import Runtime
import Testing
import TopologyFile

/// Tests of topologies, as `pioneer test` runs them.
struct TopologyTestRunnerTests {
    private static let topology = """
        topology: t
        sources:
          metrics: { topic: in, schema: metric, key: [id], event_time: { field: at, out_of_order: 0s, max_ahead: 1h } }
        streams:
          busy: { from: metrics, filter: value > 50.0 }
          sums:
            from: metrics
            window: { tumbling: 5m, by: [id] }
            aggregate: { total: sum(value), samples: count(), last: last(value) }
          all:
            from: metrics
            window: { tumbling: 5m, by: [value] }
            aggregate: { samples: count() }
        tables:
          rows: { topic: rows, schema: metric, key: [id] }
        views:
          totals: { from: sums, key: [id, window.start] }
        """

    private static let schema = """
        {"type":"record","name":"metric","fields":[{"name":"id","type":"string"},
         {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"value","type":"double"}]}
        """

    private func results(_ tests: String) throws -> [TopologyTestResult] {
        let (schema, schemaFindings) = AvroSchemaParser.parse(Self.schema, file: "metric.avsc")
        #expect(schemaFindings.isEmpty)
        let specification = try #require(TopologyLoader.read(Self.topology, path: "t.yaml").specification)
        let planning = Planner.plan(specification, schemas: SchemaCatalog(["metric": try #require(schema)]))
        #expect(planning.findings.isEmpty)
        let reading = TopologyLoader.readTests(tests, path: "t.test.yaml")
        #expect(reading.findings.isEmpty)
        let plan = try #require(planning.plan)
        let (planned, findings) = Planner.plan(reading.tests, against: plan)
        #expect(findings.isEmpty)
        return try planned.map { test throws in
            let specification = try #require(reading.tests.first { $0.name.value == test.name })
            return try TopologyTestRunner(plan).run(test, of: specification)
        }
    }

    @Test func `rows hop over partitions, and tables take rows`() throws {
        let results = try results(
            """
            tests:
              - name: hops
                given:
                  - { table: rows, event: { id: a, at: 2026-01-05T00:00:00Z, value: 1 } }
                  - { table: rows, deleted: { id: a } }
                  - { table: rows, raw: '{', partition: 2 }
                  - { source: metrics, events: [{ id: a, value: 7 }, { id: b, value: 7 }, { id: c, value: 7 }], at: 2026-01-05T00:00:00Z }
                advance_to: 2026-01-05T01:00:00Z
                expect:
                  - { stream: all, count: 1, row: { value: 7, samples: 3, window.start: 2026-01-05T00:00:00Z } }
                  - { dead_letters: t, count: 1, row: { topic: rows, partition: 2, operator: rows } }
            """)
        #expect(results.map(\.isPassed) == [true], "\(results.flatMap(\.failures).map(\.message))")
    }

    @Test func `what comes out is held against what is expected`() throws {
        let results = try results(
            """
            tests:
              - name: holds
                given:
                  - { source: metrics, event: { id: a, at: 2026-01-05T10:00:00Z, value: 60.0 } }
                  - { source: metrics, event: { id: a, at: 2026-01-05T10:01:00Z, value: 10.0 } }
                advance_to: 2026-01-05T10:05:00Z
                expect:
                  - { stream: busy, count: 1, row: { value: 60.0 } }
                  - { stream: sums, row: { window_start: 2026-01-05T10:00:00Z, total: 70.0, samples: 2, last: 10.0 } }
                  - { view: totals, where: { id: a }, count: 1, row: { total: 70.0 } }
                  - { dead_letters: t, none: true }
              - name: does not hold
                given:
                  - { source: metrics, event: { id: a, at: 2026-01-05T10:00:00Z, value: 60.0 } }
                expect:
                  - { stream: busy, row: { value: 61.0 } }
                  - { stream: sums, none: true }
            """)
        #expect(results.map(\.isPassed) == [true, false])
        let failures = results[1].failures
        #expect(failures.count == 1)
        #expect(failures.first?.message.contains("value is 60.0, not 61.0") == true)
        #expect(failures.first?.rows.count == 1)
    }

    @Test func `series side by side are merged by time, and events keep the order of the file`() throws {
        let results = try results(
            """
            tests:
              - name: merged
                given:
                  - series: metrics
                    every: 2m
                    from: 2026-01-05T10:00:00Z
                    until: 2026-01-05T10:05:00Z
                    event: { id: a }
                    value: "1.0"
                  - series: metrics
                    every: 2m
                    from: 2026-01-05T10:01:00Z
                    until: 2026-01-05T10:05:00Z
                    event: { id: a }
                    value: "2.0 + t"
                advance_to: 2026-01-05T10:05:00Z
                expect:
                  - { stream: sums, count: 1, row: { samples: 5, total: 127.0, last: 1.0 } }
              - name: in order
                given:
                  - { source: metrics, event: { id: a, at: 2026-01-05T10:06:00Z, value: 1.0 } }
                  - { source: metrics, event: { id: a, at: 2026-01-05T10:01:00Z, value: 2.0 } }
                advance_to: 2026-01-05T10:10:00Z
                expect:
                  - { stream: sums, count: 1, row: { total: 1.0 } }
            """)
        #expect(results.map(\.failures.count) == [0, 0])
    }

    @Test func `the clock follows the events but never past advance_to`() throws {
        let results = try results(
            """
            tests:
              - name: a day later is no time ahead
                given:
                  - { source: metrics, event: { id: a, at: 2026-01-05T10:00:00Z, value: 60.0 } }
                  - { source: metrics, event: { id: a, at: 2026-01-07T10:00:00Z, value: 60.0 } }
                expect:
                  - { stream: busy, count: 2 }
                  - { dead_letters: t, none: true }
              - name: beyond the end of time is
                given:
                  - { source: metrics, event: { id: a, at: 2026-01-05T10:00:00Z, value: 60.0 } }
                  - { source: metrics, event: { id: a, at: 2099-01-05T10:00:00Z, value: 60.0 } }
                advance_to: 2026-01-05T10:00:00Z
                expect:
                  - { dead_letters: t, count: 1, row: { code: source.too_far_ahead, topic: in, partition: 0, offset: 1 } }
            """)
        #expect(results.map(\.failures.count) == [0, 0])
        #expect(results[1].deadLetters.map(\.count) == [1])
    }

    @Test func `records in partitions that their keys do not belong to are dead letters`() throws {
        let results = try results(
            """
            tests:
              - name: one of two
                given:
                  - { source: metrics, partition: 0, event: { id: a, at: 2026-01-05T10:00:00Z, value: 60.0 } }
                  - { source: metrics, partition: 1, event: { id: a, at: 2026-01-05T10:00:00Z, value: 60.0 } }
                expect:
                  - { stream: busy, count: 1 }
                  - { dead_letters: t, count: 1, row: { code: source.wrong_partition } }
            """)
        #expect(results.map(\.failures.count) == [0])
    }
}
