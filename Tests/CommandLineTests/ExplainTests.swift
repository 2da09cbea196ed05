import ArgumentParser
import Base
import Columns
import Foundation
import Planner
import Testing

@testable import pioneer

struct ExplainTests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    private func report(_ name: String) throws -> ExplainReport {
        let checked = CheckedTopology.load(Self.root + "/topologies/\(name).yaml", schemas: nil)
        let settings = PlanExplanation.Settings(partitionCount: 4, commitInterval: .seconds(1))
        return ExplainReport(explanation: PlanExplanation(try #require(checked.plan), of: try #require(checked.specification), settings))
    }

    /// The text of a file in `Tests/Goldens`; written where `PIONEER_TEST_WRITE_GOLDENS` is set.
    private func golden(_ name: String, _ actual: String) throws -> String {
        let path = Self.root + "/Tests/Goldens/" + name
        if ProcessInfo.processInfo.environment["PIONEER_TEST_WRITE_GOLDENS"] != nil {
            try (actual + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test(arguments: ["fleet", "usage", "live"])
    func `a shipped topology is explained as before, in eighty columns`(_ name: String) throws {
        let lines = try report(name).lines(.plain)
        #expect(lines.allSatisfy { CellText.width($0) <= 80 })
        let text = lines.joined(separator: "\n")
        #expect(try text + "\n" == golden("\(name).txt", text), "write anew: PIONEER_TEST_WRITE_GOLDENS=1 swift test --filter ExplainTests")
    }

    @Test func `text fits the terminal, and only a terminal gets colours`() throws {
        let narrow = Terminal(isTerminal: true, reported: 60, environment: { _ in nil })
        let lines = try report("fleet").lines(narrow)
        #expect(lines[0].contains("\u{1B}["))
        let plain = lines.map { $0.replacing(/\u{1B}\[[0-9;]*m/, with: "") }
        let tooLong = plain.filter { CellText.width($0) > 60 }
        #expect(tooLong.allSatisfy { $0.drop { $0 == " " }.split(separator: " ").count == 1 }, "only one long word stands beyond the edge")
        #expect(try report("fleet").lines(.plain).allSatisfy { !$0.contains("\u{1B}") })
    }

    @Test func `text is broken at spaces, and a long word stands alone`() {
        #expect(ExplainReport.wrapped(["a bb ccc"], indent: 2, 6) == ["  a bb", "  ccc"])
        #expect(ExplainReport.wrapped(["a bbbbbbbbb", "c"], indent: 1, 5) == [" a", " bbbbbbbbb", " c"])
        #expect(ExplainReport.wrapped(["a", "b c,", "d"], indent: 2, 7) == ["  a", "  b c,", "  d"])
        #expect(ExplainReport.wrapped([], indent: 2, 9) == ["  "])
    }

    @Test func `as JSON each part has its facts`() throws {
        let json = try report("fleet").json
        #expect(json["topology"]?.string == "fleet" && json["version"]?.string?.count == 32)
        let window = json["parts"]?.elements?.first { $0["name"]?.string == "totals_1h" }
        #expect(window?["kind"]?.string == "stream" && window?["from"]?.string == "metrics")
        #expect(window?["facts"]?["by"]?.string == "resource_id, metric")
    }

    @Test func `a picture is of one topology`() async {
        await #expect(throws: EngineError.self) { try await Explain.parse(["a.yaml", "b.yaml", "--svg"]).run() }
        #expect(throws: (any Error).self) { try Explain.parse(["a.yaml", "--svg", "--json"]) }
        #expect(throws: Never.self) { try Explain.parse(["a.yaml", "b.yaml", "--json"]) }
    }
}
