import Base
import Testing
import TopologyFile

@testable import Planner

@Test func `a topology is checked together with the tests beside it, whichever of the two is named`() {
    for name in ["usage.yaml", "usage.test.yaml"] {
        let checked = Planner.check(path: root + "/topologies/" + name)
        #expect(checked.path == root + "/topologies/usage.yaml")
        #expect(checked.plan?.topology == "usage")
        #expect(checked.tests.count >= 3)
        #expect(checked.findings.isEmpty && !checked.hasErrors)
    }
}

@Test func `a file that is not there is found missing, the topology of a tests file too`() {
    #expect(Planner.check(path: "/nonexistent/a.yaml").findings.map(\.location.file) == ["/nonexistent/a.yaml"])
    #expect(
        Planner.check(path: "/nonexistent/a.test.yaml").findings.map(\.location.file) == ["/nonexistent/a.yaml",
            "/nonexistent/a.test.yaml"])
}

@Test func `a schema is no topology, and a file that was not read whole has findings of reading and planning but no plan`() {
    let schema = Planner.check(path: root + "/schemas/resource-metric.avsc")
    #expect(schema.findings.map(\.code) == [.notTopology])
    let text = head + "stream: {}\nviews:\n  v: { from: m, key: [metric] }"
    let checked = Planner.check(TopologyLoader.read(text, path: "t"), path: "t", schemas: catalog)
    #expect(checked.findings.map(\.code) == [.unknownKey, .viewKey])
    #expect(checked.plan == nil)
}

/// The findings of reading and planning, as `line:column code`.
private func places(_ text: String) -> [String] {
    let checked = Planner.check(TopologyLoader.read(head + text, path: "t"), path: "t", schemas: catalog)
    #expect(checked.plan == nil)
    return checked.findings.sorted { $0.location < $1.location }.map { "\($0.location.line):\($0.location.column) \($0.code)" }
}

@Test func `what could be read of a stream with mistakes is checked in the same run`() {
    let text = """
        streams:
          a: { from: metrcs, window: { tumbling: 5m }, aggregate: { mean: avgg(value), top: max(value) } }
          b: { from: m, window: { tumbling: 400d }, aggregate: { mean: avgg(value), top: max(valu), in: count() } }
          c: { from: m, map: { q: null, r: valu * 2.0, in: value } }
          d: { from: m, window: { tumbling: 5 }, aggregate: { top: max(valu) } }
          e: { from: m, map: { N: valu } }
          F: { from: m, filter: valu > 1.0 }
          g: { from: nix, map: { q: null } }
          h: { from: m, window: { tumbling: 5m, by: [id, nix] }, aggregat: { n: count() } }
          i: { from: nox, filter: 'true', map: { x: value } }
          m: { from: m, map: { q: null } }
        """
    #expect(
        places(text) == [
            "5:14 topology.unknown_reference", "5:67 topology.bad_value",
            "6:37 topology.window_too_long", "6:64 topology.bad_value", "6:86 expression.unknown_field", "6:93 topology.reserved_name",
            "7:27 topology.wrong_type", "7:36 expression.unknown_field", "7:48 topology.reserved_name",
            "8:37 topology.bad_duration", "8:64 expression.unknown_field",
            "9:24 topology.bad_name", "9:27 expression.unknown_field",
            "10:3 topology.bad_name", "10:25 expression.unknown_field",
            "11:14 topology.unknown_reference", "11:29 topology.wrong_type",
            "12:50 topology.unknown_field", "12:58 topology.unknown_key",
            "13:14 topology.unknown_reference", "13:35 topology.operator_conflict",
            "14:3 topology.duplicate_name", "14:27 topology.wrong_type",
        ])
}

@Test func `readers of a stream with mistakes are not blamed for what it lacks`() {
    let text = """
        streams:
          a: { from: m, map: { q: null, r: value * 2.0 } }
          b: { from: a, filter: q > 1.0 && s > 2.0 }
          c: { from: b, window: { tumbling: 5m }, aggregate: { x: avgg(q), y: max(q) } }
        views:
          v: { from: a, key: [q] }
        outputs:
          o: { from: c, topic: out }
        """
    #expect(places(text) == ["5:27 topology.wrong_type", "7:59 topology.bad_value"])
}

@Test func `types are spoken of with their article`() {
    let findings = planning(head.replacing("[id]", with: "[place.rack]") + "streams:\n  x: { from: m, filter: 'true' }").findings
    #expect(findings.first?.message.hasPrefix("'place.rack' is an int or null") == true)
}
