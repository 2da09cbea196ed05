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
