import Base
import Columns
import Foundation
import Planner
import Runtime
import Testing
import TopologyFile

@testable import pioneer

struct TopologyReportTests {
    private static let topology = """
        topology: t
        sources:
          metrics: { topic: in, schema: metric, key: [id], event_time: { field: at } }
        streams:
          busy: { from: metrics, filter: value > 50.0 }
        """

    private static let schema = """
        {"type":"record","name":"metric","fields":[{"name":"id","type":"string"},
         {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"value","type":["null","double"],"default":null}]}
        """

    private static let tests = """
        tests:
          - name: busy
            given:
              - { source: metrics, event: { id: a, at: 2026-01-05T10:00:00Z, value: 60.0 } }
              - { source: metrics, event: { id: b, at: 2026-01-05T10:00:00Z, value: 70.0 } }
            expect:
              - { stream: busy, where: { id: b }, row: { value: 71.0 } }
        """

    /// A folder with `topologies/t.yaml`, its tests, and the schema; gone afterwards.
    private func withFolder(_ topology: String, _ body: (_ topologies: String) throws -> Void) throws {
        let root = NSTemporaryDirectory() + "/pioneer-report-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for name in ["topologies", "schemas"] {
            try FileManager.default.createDirectory(atPath: root + "/" + name, withIntermediateDirectories: true)
        }
        for (name, text) in [("topologies/t.yaml", topology), ("topologies/t.test.yaml", Self.tests), ("schemas/metric.avsc", Self.schema)] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/" + name))
        }
        try body(root + "/topologies")
    }

    private let sound = topology.replacing("value > 50.0", with: "value != null && value > 50.0")

    @Test func `a sound topology is ok and its streams' types are shown`() throws {
        try withFolder(sound) { folder in
            let report = CheckReport(CheckedTopology.load(folder + "/t.yaml", schemas: nil))
            #expect(!report.hasErrors)
            #expect(report.lines(.plain).prefix(5) == [
                "\(folder)/t.yaml: ok", "  stream          column  type", "  source metrics  id      string",
                "                  at      timestamp", "                  value   double?",
            ])
            #expect(report.json["streams"]?.elements?.map { $0["name"]?.string } == ["metrics", "busy"])
        }
    }

    @Test func `findings are shown with place, code and remedy, and once for all files`() throws {
        try withFolder(Self.topology) { folder in
            let reports = Check.withoutRepetition([
                CheckReport(CheckedTests.load(folder + "/t.test.yaml", schemas: nil)),
                CheckReport(CheckedTopology.load(folder + "/t.yaml", schemas: nil)),
            ])
            #expect(reports.map(\.hasErrors) == [true, true])
            #expect(reports[0].lines(.plain).first?.hasPrefix("\(folder)/t.yaml:5:34: error: ") == true)
            #expect(reports[1].lines(.plain) == ["\(folder)/t.yaml: has the errors told above"])
        }
    }

    @Test func `a failed test shows the nearest rows and what differs`() throws {
        try withFolder(sound) { folder in
            let tests = CheckedTests.load(folder + "/t.test.yaml", schemas: nil)
            let plan = try #require(tests.topology.plan)
            let test = try #require(tests.tests.first)
            let result = try TopologyTestRunner(plan).run(test.planned, of: test.specification)
            let lines = TestReport(path: tests.path, result: result).lines(.plain)
            #expect(lines.first?.hasPrefix("\(folder)/t.test.yaml:2:11: FAILED  busy (") == true)
            #expect(Array(lines.dropFirst(2)) == [
                "              id    value", "      wanted  b      71.0", "      row 2   b    ≠ 70.0", "      row 1   ≠ a  ≠ 60.0",
            ])
            let outcome = TestOutcome(results: [(tests.path, result)], findings: [])
            #expect(outcome.summary(Style(.plain)) == "0 passed, 1 failed")
            #expect(outcome.json["failed"]?.int == 1)
        }
    }
}
