import Base
import Columns
import Testing
import TopologyFile

@testable import Planner

private let topology = head + """
    streams:
      x: { from: m, filter: value > 1.0 }
    views:
      v: { from: x, key: [id] }
    """

private func planned(_ given: String, _ expect: String = "{ stream: x }") throws -> (tests: [PlannedTest], findings: [Finding]) {
    let reading = TopologyLoader.readTests("tests: [{ name: n, given: [\n\(given)\n], expect: [\n\(expect)\n] }]", path: "t.test.yaml")
    #expect(reading.findings.isEmpty)
    return Planner.plan(reading.tests, against: try plan(topology))
}

private func plannedTable(_ given: String) throws -> (tests: [PlannedTest], findings: [Finding]) {
    let reading = TopologyLoader.readTests("tests: [{ name: n, given: [\n\(given)\n], expect: [\n{ stream: m }\n] }]", path: "t.test.yaml")
    #expect(reading.findings.isEmpty)
    return Planner.plan(reading.tests, against: try plan(hopTopology))
}

@Test func `a table gets rows, and keys of rows that go`() throws {
    let inputs = try #require(try plannedTable("""
        { table: machines, event: { id: i, value: 2.0 } }, { table: prices, deleted: { metric: cpu, shard: 3 } }
        """).tests.first?.inputs)
    #expect(inputs.map(\.target) == [.table(0), .table(1)] && inputs.map(\.isDeletion) == [false, true])
    #expect(inputs.flatMap(\.values) == [#"{"id":"i","value":2.0}"#, #"{"metric":"cpu","shard":3}"#])
    func findings(_ given: String) throws -> [String] {
        try plannedTable(given).findings.map { "\($0.code) \($0.location.line):\($0.location.column)" }
    }
    #expect(try findings("{ table: machine, raw: x }") == ["test.unknown_name 2:10"])
    #expect(try findings("{ table: prices, deleted: { metric: cpu } }") == ["test.value 2:27"])
    #expect(try findings("{ table: machines, event: { id: 5 } }") == ["test.value 2:33"])
}

private func series(_ value: String, every: String = "15m") -> String {
    "{ series: m, every: \(every), from: 2026-01-05T00:00:00Z, until: 2026-01-05T01:00:00Z, event: { id: i }, value: \"\(value)\" }"
}

@Test func `a series has an event every so often, its value a function of time`() throws {
    let input = try #require(try planned(series("1.5 + 0.2*sin(t/3600.0)", every: "30m")).tests.first?.inputs.first)
    #expect(input.values == [
        #"{"id":"i","at":"2026-01-05T00:00:00Z","value":1.5}"#, #"{"id":"i","at":"2026-01-05T00:30:00Z","value":1.5958851077208407}"#,
    ])
}

@Test(arguments: [
    ("t < 1800.0 ? 1 : 2", "1.0 1.0 2.0 2.0"), ("-t / 900.0 % 2.0", "-0.0 -1.0 -0.0 -1.0"),
    ("pow(2, t / 900)", "1.0 2.0 4.0 8.0"), ("min(t, 900.0) + max(t, 900.0) * 0.0", "0.0 900.0 900.0 900.0"),
    ("t >= 900.0 && !(t == 1800.0) || t != t ? 1 : 0", "0.0 1.0 0.0 1.0"), ("floor(sqrt(t)) + round(abs(-0.4))", "0.0 30.0 42.0 51.0"),
])
func `a series' function computes with doubles`(_ expression: String, _ expected: String) throws {
    let findings = FindingCollector()
    let text = ExpressionText(expression, at: SourceLocation(file: "t", line: 1, column: 1))
    let function = try #require(SeriesFunction.compile(text, findings))
    #expect([0, 900, 1800, 2700].map { "\(function.value(at: $0))" }.joined(separator: " ") == expected)
}

@Test func `an event without a time gets the one of at`() throws {
    let input = try #require(
        try planned("{ source: m, event: { id: i }, at: 2026-01-05T00:00:00.25Z, partition: 3 }").tests.first?.inputs.first)
    #expect(input.values == [#"{"id":"i","at":"2026-01-05T00:00:00.250Z"}"#])
    #expect(input.partition == PartitionNumber(3))
}

@Test(arguments: [
    Faulty("{ source: n, raw: x }", "test.unknown_name 2:11"),
    Faulty("{ source: m, event: { idd: i } }", "topology.unknown_field 2:23"),
    Faulty("{ source: m, event: { id: 5 } }", "test.value 2:27"),
    Faulty("{ source: m, event: { place: { zone: 5 } } }", "test.value 2:38"),
    Faulty("{ source: m, event: { at: noon } }", "test.value 2:27"),
    Faulty(series("t +"), "expression.syntax 2:112"),
    Faulty(series("t + now"), "test.series_value 2:113"),
    Faulty(series("1 / (t - t)"), "test.series_value 2:109"),
])
func `a slip in what a test is given is told where it stands`(_ faulty: Faulty) throws {
    let findings = try planned(faulty.text).findings
    #expect(findings.map { "\($0.code) \($0.location.line):\($0.location.column)" } == faulty.expected)
}

@Test(arguments: [
    Faulty("{ stream: y }", "test.unknown_name 4:11"), Faulty("{ view: x }", "test.unknown_name 4:9"),
    Faulty("{ dead_letters: u }", "test.unknown_name 4:17"), Faulty("{ stream: x, where: { nix: 1 } }", "topology.unknown_field 4:23"),
    Faulty("{ stream: x, where: { id: 1 } }", "test.value 4:27"), Faulty("{ view: v, row: { at: noon } }", "test.value 4:23"),
    Faulty("{ stream: x, row: { value: null } }", "test.value 4:28"),
])
func `a slip in what a test expects is told where it stands`(_ faulty: Faulty) throws {
    let findings = try planned("{ source: m, raw: x }", faulty.text).findings
    #expect(findings.map { "\($0.code) \($0.location.line):\($0.location.column)" } == faulty.expected)
}

@Test func `an expectation says what it found instead`() throws {
    let type = RowType([.init("id", .string), .init("n", .int), .init("mean", .double)])
    let rows: [[Value]] = [[.string("a"), .int(1), .double(0.1 + 0.2)], [.string("b"), .int(2), .double(5)]]
    func failure(_ expect: String) throws -> String? {
        let reading = TopologyLoader.readTests("tests: [{ name: n, given: [{ source: m, raw: x }], expect: [\(expect)] }]", path: "t")
        let expectation = try #require(reading.tests.first?.expect.first)
        func conditions(_ list: [TestExpectation.Condition]) throws -> [PlannedExpectation.Condition] {
            try list.map { .init(column: try #require(type.index(of: $0.column.value)), path: $0.column.value, value: $0.value) }
        }
        return PlannedExpectation(
            target: .deadLetters, what: "stream 'x'", matching: try conditions(expectation.matching), count: expectation.count,
            row: try conditions(expectation.row), location: expectation.location
        ).failure(in: rows, of: type)
    }
    #expect(try failure("{ stream: x }") == nil)
    #expect(try failure("{ stream: x, where: { id: a }, count: 1, row: { n: 1, mean: 0.3 } }") == nil)
    #expect(try failure("{ stream: x, where: { id: c }, none: true }") == nil)
    #expect(
        try failure("{ stream: x, where: { id: b }, none: true }")
            == "stream 'x': 1 of 2 rows match, where 0 should\n    { id: b, n: 2, mean: 5.0 }")
    #expect(try failure("{ stream: x, where: { id: b }, row: { n: 3 } }") == "stream 'x': n is 2, not 3\n    { id: b, n: 2, mean: 5.0 }")
    #expect(try failure("{ stream: x, where: { id: c } }")?.hasPrefix("stream 'x': none of 2 rows matches\n    { id: a") == true)
}
