import Base
import Testing

@testable import Planner

struct Faulty: Sendable, CustomTestStringConvertible {
    var text: String
    var expected: [String]
    init(_ text: String, _ expected: String...) {
        self.text = text
        self.expected = expected
    }
    var testDescription: String { expected.joined(separator: ", ") }
}

private func stream(_ operation: String) -> String { head + "streams:\n  x: { from: m, \(operation) }\n" }

private func table(_ name: String, _ key: String, topic: String = "rows") -> String {
    "tables:\n  \(name): { topic: \(topic), schema: metric, key: \(key) }\n"
}

/// A window behind a hop, by a field that may be null.
private func hopped(_ rest: String) -> String { stream("window: { tumbling: 5m, by: [unit] }, aggregate: { n: count() }") + rest }

private func indexed(_ indexes: String) -> String { head + "views:\n  v: { from: m, key: [id, metric], indexes: \(indexes) }" }

private let faulty: [Faulty] = [
    // Names.
    Faulty(head + "streams:\n  m: { from: m, filter: value > 1.0 }", "topology.duplicate_name 5:3"),
    Faulty(head + "outputs:\n  a: { from: m, topic: x }\n  b: { from: m, topic: x }", "topology.duplicate_topic 6:24"),
    Faulty(head + "  n: { topic: in, schema: metric, key: [id], event_time: { field: at } }", "topology.duplicate_topic 4:15"),
    Faulty(head + "outputs:\n  a: { from: m, topic: in }", "topology.topic_loop 5:24"),
    Faulty(head + table("m", "[id]"), "topology.duplicate_name 5:3"), Faulty(head + table("x", "[id]", topic: "in"), "topology.duplicate_topic 5:15"),
    Faulty(head + table("x", "[id]") + "outputs:\n  a: { from: m, topic: rows }", "topology.topic_loop 7:24"),
    Faulty(head + "views:\n  a: { from: m, key: [id], path: /x }\n  b: { from: m, key: [id], path: /x }", "topology.duplicate_path 6:34"),
    Faulty(stream("map: { in: value }"), "topology.reserved_name 5:24"),
    Faulty(head + "views:\n  a: { from: m, key: [id], path: /api/v1/views/a }", "topology.reserved_path 5:34"),
    Faulty(head + "views:\n  a: { from: m, key: [id], path: /metrics }", "topology.reserved_path 5:34"),
    Faulty(head + "views:\n  a: { from: m, key: [id], path: /api/v1/status }", "topology.reserved_path 5:34"),
    Faulty(head + "views:\n  a: { from: m, key: [id], path: /api/v1/topologies/t/plan }", "topology.reserved_path 5:34"),
    // References.
    Faulty(head + "streams:\n  x: { from: mm, filter: value > 1.0 }", "topology.unknown_reference 5:14"),
    Faulty(head + "views:\n  v: { from: w, key: [id] }", "topology.unknown_reference 5:14"),
    Faulty(head + table("x", "[id]") + "views:\n  v: { from: x, key: [id] }", "topology.unknown_reference 7:14"),
    Faulty(head + "streams:\n  a: { from: b, filter: 'true' }\n  b: { from: a, filter: 'true' }", "topology.cycle 5:14"),
    Faulty(head + "streams:\n  a: { from: a, filter: 'true' }\n  b: { from: a, filter: nonsense }", "topology.cycle 5:14"),
    // Schemas.
    Faulty(head.replacing("schema: metric", with: "schema: metrics"), "topology.unknown_schema 3:27"),
    Faulty(head.replacing("[id]", with: "[idd]"), "topology.unknown_field 3:41"),
    Faulty(head.replacing("[id]", with: "[unit]"), "topology.key_type 3:41"),
    Faulty(head.replacing("[id]", with: "[value]"), "topology.key_type 3:41"),
    Faulty(head.replacing("[id]", with: "[place]"), "topology.unknown_field 3:41"),
    Faulty(head.replacing("field: at", with: "field: value"), "topology.time_type 3:67"),
    Faulty(head + table("x", "[unit]"), "topology.key_type 5:43"), Faulty(head + table("x", "[nix]"), "topology.unknown_field 5:43"),
    Faulty(head + table("x", "[id]").replacing("schema: metric", with: "schema: metrik"), "topology.unknown_schema 5:29"),
    Faulty(
        head.replacing("[id]", with: "[value]").replacing("field: at", with: "field: now"), "topology.key_type 3:41",
            "topology.unknown_field 3:70"),
    // Types.
    Faulty(stream("filter: value"), "expression.type 5:25"),
    Faulty(stream("filter: 'value > '"), "expression.syntax 5:34"),
    Faulty(stream("filter: valu > 1.0"), "expression.unknown_field 5:25"),
    Faulty(stream("filter: count > 1"), "expression.nullable 5:25"),
    Faulty(stream("map: { metric: value }"), "topology.name_clash 5:24"),
    Faulty(stream("map: { place: value }"), "topology.name_clash 5:24"),
    Faulty(stream("map: { place_zone: value }"), "topology.name_clash 5:24"),
    Faulty(stream("map: { a: value, b: 'null' }"), "topology.null_literal 5:38"),
    Faulty(stream("select: [id, valu]"), "topology.unknown_field 5:30"),
    Faulty(stream("select: [id, place, place.zone]"), "topology.name_clash 5:37"),
    Faulty(stream("window: { tumbling: 5m, by: [id, nix] }, aggregate: { n: count() }"), "topology.unknown_field 5:50"),
    Faulty(stream("window: { tumbling: 5m }, aggregate: { n: sum(metric) }"), "topology.aggregate_type 5:63"),
    Faulty(stream("window: { tumbling: 5m }, aggregate: { n: sum(nix) }"), "expression.unknown_field 5:63"),
    Faulty(stream("window: { tumbling: 5m }, aggregate: { id: count() }"), "topology.name_clash 5:56"),
    Faulty(stream("window: { tumbling: 5m }, aggregate: { window_end: count() }"), "topology.name_clash 5:56"),
    Faulty(
        stream("select: [metric]") + "  y: { from: x, window: { tumbling: 5m }, aggregate: { n: count() } }\n",
            "topology.key_dropped 6:37"),
    Faulty(
        stream("window: { tumbling: 5m }, aggregate: { n: count() }")
            + "  y: { from: x, window: { tumbling: 1h, by: [id, window.start] }, aggregate: { n: count() } }\n",
                "topology.name_clash 6:50"),
    // Hops.
    Faulty(hopped("views:\n  v: { from: x, key: [window.start] }"), "topology.view_key 7:23"),
    Faulty(hopped("views:\n  v: { from: x, key: [unit, window.start] }"), "topology.key_type 7:23"),
    Faulty(hopped("outputs:\n  o: { from: x, topic: out }"), "topology.key_type 7:14"),
    Faulty(hopped("  y: { from: x, select: [n] }\n  z: { from: y, window: { tumbling: 1h }, aggregate: { n: count() } }"), "topology.key_dropped 7:37"),
    // Sinks.
    Faulty(head + "views:\n  v: { from: m, key: [metric] }", "topology.view_key 5:23"),
    Faulty(head + "views:\n  v: { from: m, key: [id, value] }", "topology.key_type 5:27"),
    Faulty(head + "views:\n  v: { from: m, key: [id, unit] }", "topology.key_type 5:27"),
    Faulty(head + "views:\n  v: { from: m, key: [id, nix] }", "topology.unknown_field 5:27"),
    Faulty(indexed("[[metric], [nix, value, nixx]]"), "topology.unknown_field 5:57", "topology.unknown_field 5:69"),
    Faulty(indexed("[[tags, metric]]"), "topology.index_type 5:47"),
    Faulty(indexed("[[id, metric]]"), "topology.index_needless 5:47"), Faulty(indexed("[[id], [metric, id]]"), "topology.index_needless 5:47"),
    Faulty(indexed("[[value], [metric, id], [value]]"), "topology.index_needless 5:70"),
    Faulty(indexed("[[\((0..<9).map { "f\($0)" }.joined(separator: ", "))]]"), "topology.too_many 5:79"),
    Faulty(indexed("[\((0..<17).map { "[f\($0)]" }.joined(separator: ", "))]"), "topology.too_many 5:149"),
    Faulty(stream("select: [metric]") + "outputs:\n  o: { from: x, topic: out }", "topology.key_dropped 7:14"),
    Faulty(head + "outputs:\n  o: { from: m, topic: out, key: [unit] }", "topology.key_type 5:35"),
    // Time and resources.
    Faulty(stream("window: { tumbling: 367d }, aggregate: { n: count() }"), "topology.window_too_long 5:37"),
]

@Test(arguments: faulty)
func `a faulty topology gets exactly the findings of its faults, where they stand`(_ faulty: Faulty) {
    let planning = planning(faulty.text)
    #expect(planning.plan == nil)
    #expect(planning.findings.map { "\($0.code) \($0.location.line):\($0.location.column)" } == faulty.expected)
    #expect(planning.findings.allSatisfy { $0.code.text.hasPrefix("expression.") || $0.remedy != nil })
}

@Test func `findings of all passes come in one run`() {
    let findings = planning(
        head + """
            streams:
              a: { from: b, filter: value > 1.0 }
              b: { from: c, filter: value > 1.0 }
              c: { from: a, filter: value > 1.0 }
              d: { from: nowhere, filter: value > 1.0 }
              e: { from: m, map: { y: nix, z: nox } }
              f: { from: e, filter: ignored }
              g: { from: m, window: { tumbling: 400d }, aggregate: { n: sum(metric) } }
            views:
              v: { from: m, key: [metric] }
            """
    ).findings
    #expect(
        findings.map { "\($0.location.line) \($0.code)" } == [
            "5 topology.cycle", "8 topology.unknown_reference", "9 expression.unknown_field", "9 expression.unknown_field",
            "11 topology.window_too_long", "11 topology.aggregate_type", "13 topology.view_key",
        ])
    #expect(findings.first?.message == "streams read each other in a circle: a -> b -> c -> a")
}

@Test func `a finding in a folded expression points at its character`() {
    let findings = planning(
        head + """
            streams:
              x:
                from: m
                filter: >-
                  value > 1.0
                  && nix == 2
            """
    ).findings
    #expect(findings.map(\.location) == [SourceLocation(file: "t.yaml", line: 9, column: 10)])
}

@Test func `an unknown schema is answered with the nearest and all there are`() {
    let finding = planning(head.replacing("schema: metric", with: "schema: metrik")).findings.first
    #expect(finding?.message == "there is no schema 'metrik' in the schemas given")
    #expect(finding?.remedy == "Did you mean 'metric'? There are: keyless, metric.")
}
