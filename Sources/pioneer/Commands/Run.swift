import ArgumentParser
import Base
import HTTPAPI
import Planner
import Runtime
import Stores
import Telemetry

/// `pioneer run FILE…`
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run topologies: the engine, its views and its HTTP interface.",
        discussion: """
            Everything lives in one directory: the log, the operators' state and the views. Stop with Ctrl-C; the open \
            epoch is committed, and the next start goes on from there. A kill loses nothing either: it goes on from the \
            last commit.

            EXAMPLES
              pioneer run topologies/usage.yaml
              pioneer run topologies/*.yaml --data /var/lib/pioneer --listen 127.0.0.1:8080
              pioneer run topologies/usage.yaml --partitions 4 --workers 2
              pioneer run topologies/usage.yaml --rebuild usage

            EXIT STATUS
              0   stopped by a signal
              1   a topology has errors
              2   something in the call is wrong, or the data directory does not fit it
              3   the surroundings failed: port taken, disk full, another engine, …
            """)

    @Argument(help: "Topology files.")
    var files: [String]
    @Option(help: ArgumentHelp("Where to keep everything. \(DataDirectoryPath.otherwise)", valueName: "dir"))
    var data: String?
    @Option(help: "Directory of the schemas; ../schemas as seen from each file unless given.")
    var schemas: String?
    @Option(
        help: ArgumentHelp(
            """
            Where to answer HTTP: host:port, or a port. Only this machine's own addresses, until there is authentication. \
            (default: 127.0.0.1:8000)
            """, valueName: "host:port"),
        transform: HTTPServer.Address.parse)
    var listen = HTTPServer.Address(host: "127.0.0.1", port: 8_000)
    @Option(help: "Partitions of the topics, for life. Default: those of the data directory; 1 in a new one.")
    var partitions: Int?
    @Option(help: "Threads that run tasks.")
    var workers = 1
    @Option(help: "Time between commits; rows become visible with them.")
    var commitInterval = TimeSpan.seconds(1)
    @Option(help: "Memory for stores, state and open epochs: 64 MB or more.")
    var memoryMax = ByteCount(EngineSettings().memory.total)
    @Option(help: "How long records are kept; views have their own 'keep'.")
    var retentionAge = TimeSpan.days(30)
    @Option(help: "How much of a partition is kept, as stored.")
    var retentionBytes = ByteCount(10 << 30)
    @Option(help: ArgumentHelp(
        """
        Start a topology over from the records still in the log: its state goes, its views are emptied and filled again. Rows \
        are written to its output topics once more. May be given several times.
        """, valueName: "topology"))
    var rebuild: [String] = []
    @Option(help: ArgumentHelp("Least level that is logged: debug, info, warning, error.", valueName: "level"))
    var logLevel = EventLevel.info
    @Option(help: ArgumentHelp("How log lines look: text or json; text on a terminal unless given.", valueName: "format"))
    var logFormat: LineFormat?

    func validate() throws {
        for (name, value, most) in [("--partitions", partitions ?? 1, 1_024), ("--workers", workers, 256)]
        where !(1...most).contains(value) {
            throw ValidationError("\(name) must be from 1 to \(most), not \(value).")
        }
        guard commitInterval >= .milliseconds(10) else {
            throw ValidationError("--commit-interval must be at least 10ms, not \(commitInterval).")
        }
        guard memoryMax.bytes >= MemoryBudget.totalMin else {
            throw ValidationError("--memory-max must be at least \(ByteCount(MemoryBudget.totalMin)), not \(memoryMax).")
        }
    }

    func run() async throws {
        let clock = SystemClock()
        let format = logFormat ?? .suitingStandardError
        Telemetry.start(level: logLevel, format: format, clock: clock)
        Telemetry.takeOverLibraryLogs(format: format, clock: clock)
        let plans = try PlanLoading.plans(files: files, schemas: schemas)
        try checkRebuild(plans)
        let directory = DataDirectoryPath.chosen(option: data)
        var settings = engineSettings
        let data = try DataDirectory.open(directory, memory: settings.memory, clock: clock)
        defer { data.close() }
        settings.partitionCount = try data.partitionCount(wanted: partitions)
        for plan in plans where rebuild.contains(plan.topology) { try data.forget(plan) }
        let engine = try Engine(plans: plans, settings: settings, parts: data.parts(clock: clock))
        try await EngineHost(engine: engine, data: data, listen: listen, clock: clock).run()
    }

    private var engineSettings: EngineSettings {
        var settings = EngineSettings()
        settings.workerCount = workers
        settings.commitInterval = commitInterval
        settings.memory = MemoryBudget(total: memoryMax.bytes)
        settings.retention = Retention(age: retentionAge, bytesMax: retentionBytes.bytes)
        return settings
    }

    private func checkRebuild(_ plans: [Plan]) throws {
        for name in rebuild where !plans.contains(where: { $0.topology == name }) {
            let names = plans.map(\.topology)
            throw EngineError(
                .rebuildUnknown, .user, "--rebuild names '\(name)', which none of the files declares",
                remedy: "The files declare: \(names.joined(separator: ", "))."
                    + (nearestName(to: name, among: names).map { " Did you mean '\($0)'?" } ?? ""))
        }
    }
}
