import ArgumentParser
import Base
import Columns
import Planner
import Runtime

/// `pioneer explain FILE…`
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a topology does: its plan as text or as a picture.",
        usage: "pioneer explain <file> ... [<options>]",
        discussion: """
            For each source, stream, output and view: what it reads, how it groups, what it keeps in state, how long after an \
            event its rows come, and who reads it. Nothing runs, and no engine is needed.

            EXAMPLES
              pioneer explain topologies/usage.yaml
              pioneer explain topologies/usage.yaml --svg > usage.svg
              pioneer explain topologies/usage.yaml --mermaid      for Markdown
              pioneer explain topologies/usage.yaml --json | jq '.[].parts[].name'

            EXIT STATUS
              0   explained
              1   a topology has errors
              2   something in the call is wrong
            """)

    enum Format: EnumerableFlag {
        case mermaid, svg, json

        static func help(for format: Format) -> ArgumentHelp? {
            switch format {
            case .mermaid: "Print a Mermaid flowchart of one topology."
            case .svg: "Print a picture of one topology, as SVG."
            case .json: "Print the plans as JSON."
            }
        }
    }

    @Argument(help: ArgumentHelp("Topology files, or directories of them.", valueName: "file"))
    var files: [String]

    @Flag(exclusivity: .exclusive)
    var format: Format?

    @OptionGroup var file: SettingsFileOption
    @OptionGroup var topologies: SchemasOption
    @Option(help: Settings.partitions.argumentHelp)
    var partitions: String?
    @Option(help: Settings.commitInterval.argumentHelp)
    var commitInterval: String?

    func run() async throws {
        let files = try TopologyFiles.topologies(files)
        guard format == nil || format == .json || files.count == 1 else {
            throw EngineError(
                .wrongUsage, .user, "a picture is of one topology, and \(files.count) are named",
                remedy: "Name one: \(files.joined(separator: ", ")).")
        }
        var given = GivenSettings(file: file.path)
        given.add(Settings.schemas, topologies.schemas)
        given.add(Settings.partitions, partitions)
        given.add(Settings.commitInterval, commitInterval)
        let resolved = try await ResolvedSettings.resolve(given)
        let settings = PlanExplanation.Settings(
            partitionCount: resolved.value(Settings.partitions) ?? EngineSettings().partitionCount,
            commitInterval: resolved[Settings.commitInterval])
        let schemas = resolved.value(Settings.schemas)
        var explanations: [PlanExplanation] = []
        var hasErrors = false
        for path in files {
            let topology = CheckedTopology.load(path, schemas: schemas)
            if let plan = topology.plan, let specification = topology.specification {
                explanations.append(PlanExplanation(plan, of: specification, settings))
            } else {
                hasErrors = true
                let style = Style(.standardError)
                for line in topology.findings.flatMap({ CheckReport.lines($0, style) }) { StandardStreams.complain(line) }
            }
        }
        show(explanations, Terminal.standardOutput)
        if hasErrors { throw ExitStatus.findings }
    }

    private func show(_ explanations: [PlanExplanation], _ terminal: Terminal) {
        switch format {
        case .mermaid: for each in explanations { StandardStreams.print(lines: [PlanGraph(each).mermaid]) }
        case .svg: for each in explanations { StandardStreams.print(lines: [PlanGraph(each).svg]) }
        case .json: StandardStreams.print(JSONValue.list(explanations.map { ExplainReport(explanation: $0).json }).description)
        case nil:
            for (index, each) in explanations.enumerated() {
                StandardStreams.print(lines: (index > 0 ? [""] : []) + ExplainReport(explanation: each).lines(terminal))
            }
        }
    }
}
