import Base
import Columns
import Testing

@testable import TopologyFile

@Test func `a tests file reads into inputs, times and expectations`() throws {
    let reading = TopologyLoader.readTests(
        """
        tests:
          - name: it works
            given:
              - { source: m, event: { id: i-1, v: 1.50, n: -3, s: "1", z: null, deep: { a: true } }, at: 2026-01-05T00:00:00Z }
              - { source: m, raw: "{", partition: 2 }
              - { series: m, every: 5m, from: 2026-01-05T00:00:00Z, until: 2026-01-05T00:15:00Z, event: { id: i-1 }, value: t * 2.0 }
            advance_to: 2026-01-05T01:00:00Z
            expect:
              - { stream: s, where: { id: i-1, window.start: 2026-01-05T00:00:00Z } }
              - { view: v, none: true }
              - { dead_letters: t, count: 1, row: { code: x } }
        """, path: "t.test.yaml")
    #expect(reading.findings.isEmpty)
    let test = try #require(reading.tests.first)
    #expect(test.given.count == 3)
    guard case .events(let events, let at) = test.given[0].records, case .series(let series) = test.given[2].records else {
        Issue.record("other records")
        return
    }
    #expect(events[0].json == #"{"id":"i-1","v":1.50,"n":-3,"s":"1","z":null,"deep":{"a":true}}"#)
    #expect(at?.value == EventTime("2026-01-05T00:00:00Z"))
    #expect(series.times.map(\.description) == ["2026-01-05T00:00:00Z", "2026-01-05T00:05:00Z", "2026-01-05T00:10:00Z"])
    #expect(series.field.value == "value")
    #expect(test.given[1].partition?.value == 2)
    #expect(test.expect.map(\.count) == [.atLeastOne, .exactly(0), .exactly(1)])
}

private func test(_ given: String, _ expect: String = "{ stream: s }") -> String {
    "tests: [{ name: n, given: [\n\(given)\n], expect: [\n\(expect)\n] }]"
}

@Test(arguments: [
    Faulty("topology: x", .unknownKey, 1, 1), Faulty("tests: []", .emptyValue, 1, 8),
    Faulty(test("{ table: m, source: n, event: {} }"), .badValue, 2, 1), Faulty(test("{ table: m, event: {}, at: 2026-01-05T00:00:00Z }"), .badValue, 2, 24),
    Faulty(test("{ source: m, deleted: {} }"), .badValue, 2, 14), Faulty(test("{ table: m, deleted: {}, raw: x }"), .badValue, 2, 1),
    Faulty(test("{ event: {} }"), .badValue, 2, 1),
    Faulty(test("{ source: m }"), .badValue, 2, 1), Faulty(test("{ source: m, event: {}, raw: x }"), .badValue, 2, 1),
    Faulty(test("{ source: m, event: {}, every: 5m }"), .badValue, 2, 25),
    Faulty(test("{ source: m, event: [] }"), .wrongType, 2, 21), Faulty(test("{ source: m, raw: x, at: noon }"), .badValue, 2, 26),
    Faulty(
        test("{ series: m, every: 5m, from: 2026-01-05T00:00:00Z, until: 2026-01-04T00:00:00Z, event: {}, value: t }"), .badValue, 2, 53),
    Faulty(
        test("{ series: m, every: 1us, from: 2026-01-05T00:00:00Z, until: 2026-01-06T00:00:00Z, event: {}, value: t }"), .badValue, 2, 14),
    Faulty(test("{ source: m, raw: x }", "{ where: { a: 1 } }"), .badValue, 4, 1),
    Faulty(test("{ source: m, raw: x }", "{ stream: a, view: b }"), .badValue, 4, 1),
    Faulty(test("{ source: m, raw: x }", "{ stream: a, none: true, count: 1 }"), .badValue, 4, 14),
    Faulty(test("{ source: m, raw: x }", "{ stream: a, count: -1 }"), .badValue, 4, 21),
    Faulty(test("{ source: m, raw: x }", "{ stream: a, where: { a-b: 1 } }"), .badName, 4, 23),
])
func `a faulty tests file gets its finding where the fault stands`(_ faulty: Faulty) {
    let findings = TopologyLoader.readTests(faulty.text, path: "t.test.yaml").findings
    #expect(
        findings.first.map { "\($0.code) \($0.location.line):\($0.location.column)" } == "\(faulty.code) \(faulty.line):\(faulty.column)")
}

@Test func `values of a test match a row's by meaning, doubles to nine digits`() {
    let here = SourceLocation(file: "t", line: 1, column: 1)
    #expect(TestValue(.double(0.3, text: "0.3"), at: here).matches(.double(0.1 + 0.2)))
    #expect(!TestValue(.double(0.3, text: "0.3"), at: here).matches(.double(0.300001)))
    #expect(TestValue(.int(20), at: here).matches(.double(20)))
    #expect(!TestValue(.int(20), at: here).matches(.string("20")))
    #expect(TestValue(.string("2026-01-05T01:00:00+01:00"), at: here).matches(.timestamp(EventTime("2026-01-05T00:00:00Z")!)))
    #expect(TestValue(.string("90m"), at: here).matches(.duration(.minutes(90))))
    #expect(TestValue(.null, at: here).matches(.null))
}

@Test func `setting a value makes the records in between and keeps the rest`() {
    let here = SourceLocation(file: "t", line: 1, column: 1)
    var event = TestValue(.object([(Located("a", here), TestValue(.int(1), at: here))]), at: here)
    event.set("b.c", to: TestValue(.string("x\n\u{1}"), at: here))
    event.set("a", to: TestValue(.bool(false), at: here))
    #expect(event.json == #"{"a":false,"b":{"c":"x\n\u0001"}}"#)
    #expect(event["b.c"]?.json == #""x\n\u0001""#)
}
