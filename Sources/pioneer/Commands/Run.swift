import ArgumentParser
import Base
import HTTPAPI
import Planner
import PostgresViews
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

            A topology that has changed goes on with its state. What would lose state or rows of a view is refused before \
            anything is changed, until it is approved: 'pioneer plan' shows what becomes of what there is, and the hash that \
            --approve takes.

            With --kafka the log is Kafka's, and engines that run the same topologies, each with a data directory of its \
            own, share the work: when one goes, the others take its tasks over.

            With --postgres the views' tables are in PostgreSQL, where anyone may read them with SQL. A fresh database is \
            filled from the views' topics; one that is away is waited for, and holds up nothing but the views.

            EXAMPLES
              pioneer run topologies/usage.yaml
              pioneer run topologies/*.yaml --data /var/lib/pioneer --listen 127.0.0.1:8080
              pioneer run topologies/usage.yaml --partitions 4 --workers 2
              pioneer run topologies/usage.yaml --approve 0d2f8a61c3b94e57
              pioneer run topologies/usage.yaml --rebuild usage
              pioneer run topologies/usage.yaml --config deploy/pioneer.yaml
              pioneer run topologies/usage.yaml --kafka broker-1:9092 --data /var/lib/pioneer
              PIONEER_POSTGRES=postgresql://pioneer:secret@db/metrics pioneer run topologies/usage.yaml

            Settings can also come from variables ($PIONEER_LISTEN for --listen) and from a file; 'pioneer config' shows \
            them all with what they are and where that comes from.

            EXIT STATUS
              0   stopped by a signal
              1   a topology has errors
              2   something in the call is wrong, or the data directory does not fit it
              3   the surroundings failed: port taken, disk full, another engine, …
            """)

    @Argument(help: "Topology files, or directories of them.")
    var files: [String]
    @OptionGroup var file: SettingsFileOption
    @OptionGroup var directory: DataOption
    @OptionGroup var topologies: SchemasOption
    @OptionGroup var engine: EngineSettingOptions
    @Option(help: ArgumentHelp(
        """
        Start a topology over from the records still in the log: its state goes, its views are emptied and filled again. Rows \
        are written to its output topics once more. On Kafka all other engines that run it have to be stopped first. May be \
        given several times.
        """, valueName: "topology"))
    var rebuild: [String] = []
    @Option(help: ArgumentHelp(
        """
        Do what 'pioneer plan' has said under this hash, though it loses state or rows. Of no effect once that is done. May be \
        given several times.
        """, valueName: "hash"))
    var approve: [String] = []

    func run() async throws {
        let settings = try await ResolvedSettings.resolve(given)
        let clock = SystemClock()
        let format = settings.value(Settings.logFormat) ?? .suitingStandardError
        Telemetry.start(level: settings[Settings.logLevel], format: format, clock: clock)
        Telemetry.takeOverLibraryLogs(format: format, clock: clock)
        let metrics = Metrics.registry()
        metrics.install()
        let plans = try PlanLoading.plans(files: files, schemas: settings.value(Settings.schemas))
        try checkRebuild(plans)
        let kafka = try KafkaSettings(settings)
        var engineSettings = EngineSettings(settings, onKafka: kafka != nil)
        let path = settings[Settings.dataDir], kind = kafka == nil ? DataDirectory.Kind.embedded : .kafka
        let data: DataDirectory
        if let postgres = try PostgresSettings(settings) {
            data = try await DataDirectory.open(path, kind, postgres: postgres, memory: engineSettings.memory, clock: clock)
        } else {
            data = try DataDirectory.open(path, kind, memory: engineSettings.memory, clock: clock)
        }
        defer { data.close() }
        let engine: Engine
        if let kafka {
            engineSettings.partitionCount = settings.value(Settings.partitions) ?? 1
            engine = try await KafkaEngine(
                plans: plans, settings: engineSettings, kafka: kafka, data: data, clock: clock, rebuild: rebuild, approve: approve
            ).awaited()
        } else {
            engineSettings.partitionCount = try data.partitionCount(
                wanted: settings.value(Settings.partitions), askedBy: settings.origin(Settings.partitions).description)
            let parts = data.parts(clock: clock)
            engine = try await Awaiting.result {
                let upgrade = try ApprovedUpgrade(plans, engineSettings, parts, rebuild: rebuild, approve: approve)
                for plan in plans where upgrade.startingOver.contains(plan.topology) { try data.forget(plan) }
                try Engine.dropViews(of: upgrade.plans, parts: parts) { try data.drop(view: $0) }
                engineSettings.approval = upgrade.approval
                return try Engine(plans: plans, settings: engineSettings, parts: parts)
            } tell: {
                data.views.tellAwaited($0, retryIn: $1)
            }
        }
        try await EngineHost(engine: engine, data: data, listen: settings[Settings.listen], clock: clock, metrics: metrics).run()
    }

    var given: GivenSettings {
        var given = GivenSettings(file: file.path)
        given.add(Settings.dataDir, directory.data)
        given.add(Settings.schemas, topologies.schemas)
        engine.add(to: &given)
        return given
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

extension EngineSettings {
    /// What the settings say about the engine; the data directory has a say in the partitions.
    init(_ settings: ResolvedSettings, onKafka: Bool) {
        self.init()
        workerCount = settings[Settings.workers]
        commitInterval = settings[Settings.commitInterval]
        memory = MemoryBudget(total: settings[Settings.memoryMax].bytes, hasQueues: onKafka)
        retention = Retention(age: settings[Settings.retentionAge], bytesMax: settings[Settings.retentionBytes].bytes)
    }
}
