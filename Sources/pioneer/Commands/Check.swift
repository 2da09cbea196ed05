import ArgumentParser
import Base
import Columns
import Planner
import TopologyFile

/// `pioneer check FILE…`
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check topology and tests files; show the type of each stream.",
        discussion: """
            Everything that is wrong is reported in one run, as file:line:column. A '?' after a type means that values may \
            be null. Several topologies are also checked against each other: one engine runs them side by side.

            EXAMPLES
              pioneer check topologies/usage.yaml
              pioneer check topologies
              pioneer check topologies/usage.yaml --json | jq '.files[].findings[]'

            EXIT STATUS
              0   no errors
              1   errors were found
            """)

    @Argument(help: ArgumentHelp("Topology files, tests files NAME.test.yaml, or directories of them.", valueName: "file"))
    var files: [String]

    @OptionGroup var topologies: TopologyOptions

    @Flag(help: "Print findings and types as JSON.")
    var json = false

    func run() async throws {
        let schemas = try await topologies.schemasDirectory()
        var reports: [CheckReport] = []
        var specifications: [TopologySpecification] = []
        for path in try TopologyFiles.expanded(files) {
            if TopologyLoader.isTests(path: path) {
                reports.append(CheckReport(CheckedTests.load(path, schemas: schemas)))
            } else {
                let topology = CheckedTopology.load(path, schemas: schemas)
                if let specification = topology.specification { specifications.append(specification) }
                reports.append(CheckReport(topology))
            }
        }
        let conflicts = Planner.conflicts(among: specifications)
        show(json ? reports : Self.withoutRepetition(reports), conflicts)
        if reports.contains(where: \.hasErrors) || conflicts.contains(where: { $0.severity == .error }) { throw ExitStatus.findings }
    }

    /// A finding that several files lead to, as one in a schema, is told once; that the others fail too is still known.
    static func withoutRepetition(_ reports: [CheckReport]) -> [CheckReport] {
        var seen: Set<Finding> = []
        return reports.map { report in
            var report = report
            report.findings = report.findings.filter { seen.insert($0).inserted }
            return report
        }
    }

    private func show(_ reports: [CheckReport], _ conflicts: [Finding]) {
        if json {
            let ok = !reports.contains(where: \.hasErrors) && !conflicts.contains { $0.severity == .error }
            let value = JSONValue(members: [
                ("ok", .flag(ok)), ("files", .list(reports.map(\.json))), ("conflicts", .list(conflicts.map(\.json))),
            ])
            StandardStreams.print(value.description)
            return
        }
        let terminal = Terminal.standardOutput
        for (index, report) in reports.enumerated() {
            let lines = report.lines(terminal)
            if index > 0, lines.count > 1 { StandardStreams.print("") }
            StandardStreams.print(lines: lines)
        }
        StandardStreams.print(lines: conflicts.flatMap { CheckReport.lines($0, Style(terminal)) })
    }
}
