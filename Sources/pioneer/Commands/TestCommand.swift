import ArgumentParser
import Base
import Columns
import Planner
import Runtime
import TopologyFile

/// `pioneer test FILE…`
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run the tests beside topologies, without a server.",
        usage: "pioneer test <file> ... [<options>]",
        discussion: """
            The tests of NAME.yaml are in NAME.test.yaml beside it. They run on the engine's own tasks, in memory, and time \
            is what the test says: series and events in order, then 'advance_to'.

            EXAMPLES
              pioneer test topologies/usage.yaml
              pioneer test topologies/*.yaml --json
              pioneer test topologies/usage.test.yaml --only "dead letter"

            EXIT STATUS
              0   all passed
              1   a test failed, or a file has errors
              2   there are no tests
            """)

    @Argument(help: ArgumentHelp("Topology files, their tests files, or directories of them.", valueName: "file"))
    var files: [String]

    @Option(help: ArgumentHelp("Run only tests whose name contains this.", valueName: "text"))
    var only: String?

    @OptionGroup var topologies: TopologyOptions

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let schemas = try await topologies.schemasDirectory()
        let terminal = Terminal.standardOutput
        var outcome = TestOutcome()
        for path in try testFiles() {
            let tests = CheckedTests.load(path, schemas: schemas)
            let findings = tests.topology.findings.filter { $0.severity == .error } + tests.findings
            outcome.findings += findings
            if !json { StandardStreams.print(lines: findings.flatMap { CheckReport.lines($0, Style(terminal)) }) }
            guard let plan = tests.topology.plan else { continue }
            let runner = TopologyTestRunner(plan)
            for test in tests.tests where only.map({ test.planned.name.contains($0) }) ?? true {
                let result = try runner.run(test.planned, of: test.specification)
                outcome.results.append((path, result))
                if !json { StandardStreams.print(lines: TestReport(path: path, result: result).lines(terminal)) }
            }
        }
        try finish(outcome, terminal)
    }

    private func finish(_ outcome: TestOutcome, _ terminal: Terminal) throws {
        StandardStreams.print(json ? outcome.json.description : outcome.summary(Style(terminal)))
        if outcome.failedCount > 0 || outcome.hasErrors { throw ExitStatus.findings }
        guard outcome.results.isEmpty else { return }
        throw EngineError(
            .testNone, .user, only.map { "no test's name contains '\($0)'" } ?? "there are no tests",
            remedy: only == nil ? "Write some: 'tests:' in NAME.test.yaml beside NAME.yaml." : "Leave --only out to run all.")
    }

    /// Each tests file once. A topology without tests is passed over beside others, for they may have some.
    private func testFiles() throws -> [String] {
        var seen: Set<String> = []
        var paths: [String] = []
        for file in try TopologyFiles.expanded(files) {
            let path = TopologyLoader.isTests(path: file) ? file : TopologyLoader.testsPath(ofTopology: file)
            if path != file, !FilePath.exists(path) {
                if !FilePath.exists(file) {
                    throw EngineError(
                        .fileNotFound, .user, "there is no file '\(file)'", remedy: TextFile.adviceWhereMissing(file))
                }
                StandardStreams.complain("\(file): no tests; they would be in '\(path)'")
                continue
            }
            if seen.insert(FilePath.absolute(path)).inserted { paths.append(path) }
        }
        return paths
    }
}

extension ErrorCode {
    static let testNone = ErrorCode("test.none")
}
