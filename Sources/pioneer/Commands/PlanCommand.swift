import ArgumentParser
import Base
import Columns
import KafkaLog
import Planner
import PostgresViews
import RocksStore
import Runtime
import Stores

/// `pioneer plan FILE…`
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what becomes of state and views when a changed topology is deployed.",
        usage: "pioneer plan <file> ... [<options>]",
        discussion: """
            Compares each topology with what the engine runs, or has run last where none is running: which streams keep their \
            state, which go on under another name or with fewer aggregates, which begin now, and what is lost. Where nothing \
            that is stored can give what is wanted, the topology starts over from what the log holds; the plan says how far \
            back that is. Nothing is changed.

            Where no engine runs, rows of views are counted where the settings say that views are. A PostgreSQL that is away \
            leaves them unknown, which the plan says, and changes nothing about what is kept or lost.

            A plan that loses state or rows has to be approved by its hash, and then just that is done: the hash is of what \
            runs, of what is to run, and of what the log still holds.

            EXAMPLES
              pioneer plan topologies/usage.yaml
              pioneer plan topologies/*.yaml --data /var/lib/pioneer
              pioneer plan topologies/usage.yaml --to http://engine:8000
              PIONEER_POSTGRES=postgresql://pioneer:secret@db/metrics pioneer plan topologies/usage.yaml
              pioneer plan topologies/usage.yaml --json | jq -r '.[].changes[] | select(.loses) | .name'

            EXIT STATUS
              0   nothing is lost
              1   a plan has to be approved, or a topology has errors
              2   something in the call is wrong, or the data directory does not fit it
              3   the surroundings failed: engine not reachable, data directory in use, …
            """)

    @Argument(help: ArgumentHelp("Topology files, or directories of them.", valueName: "file"))
    var files: [String]
    @Flag(help: "Print the plans as JSON.")
    var json = false
    @OptionGroup var engine: EngineOptions
    @OptionGroup var topologies: SchemasOption
    @OptionGroup var kafka: KafkaSettingOptions
    @OptionGroup var postgres: PostgresSettingOptions

    func run() async throws {
        var given = engine.given
        given.add(Settings.schemas, topologies.schemas)
        kafka.add(to: &given)
        postgres.add(to: &given)
        let settings = try await ResolvedSettings.resolve(given)
        let plans = try PlanLoading.plans(files: files, schemas: settings.value(Settings.schemas))
        let upgrades = try await upgrades(plans, settings)
        show(upgrades, Terminal.standardOutput)
        if upgrades.contains(where: \.needsApproval) { throw ExitStatus.findings }
    }

    /// Asks the engine that runs; where none does, looks into its data directory.
    private func upgrades(_ plans: [Plan], _ settings: ResolvedSettings) async throws -> [UpgradePlan] {
        do {
            let client = EngineClient(try EngineAddress(located: settings))
            return try await asked(client, plans)
        } catch let error as EngineError where error.code == .engineNotFound {
            return try looked(plans, settings)
        } catch let error as EngineError where error.code == .engineUnreachable && engine.to == nil {
            // The address may be that of an engine that was killed; if it is not, the directory is locked.
            return try looked(plans, settings)
        }
    }

    private func asked(_ client: EngineClient, _ plans: [Plan]) async throws -> [UpgradePlan] {
        var upgrades: [UpgradePlan] = []
        for plan in plans {
            let answer = try await client.value(.api("topologies", plan.topology, "plan"), posting: Deployment(plan).encoded)
            guard let upgrade = UpgradePlan(json: answer) else {
                throw EngineAnswer.notUnderstood(Array(answer.description.utf8), from: client.address)
            }
            upgrades.append(upgrade)
        }
        return upgrades
    }

    private func looked(_ plans: [Plan], _ settings: ResolvedSettings) throws -> [UpgradePlan] {
        let path = settings[Settings.dataDir], kafka = try KafkaSettings(settings)
        let kind = kafka == nil ? DataDirectory.Kind.embedded : .kafka
        try DataDirectory.checkIsDirectory(path)
        try DataDirectory.checkKind(path, kind)
        guard DataDirectory.hasStore(path, kind) else {
            return plans.map { UpgradePlan(topology: $0.topology, from: UpgradeFacts(tasks: [], ranges: [:]), to: Deployment($0)) }
        }
        let clock = SystemClock()
        let store = try DataDirectory.openStore(path, kind, memory: MemoryBudget(total: MemoryBudget.totalMin), clock: clock)
        defer { store.close() }
        var log: any EventLog = store, host = TaskHost.embedded(state: store, committer: store), engineSettings = EngineSettings()
        if let kafka {
            let cluster = KafkaCluster(kafka.properties, KafkaCluster.Settings(instance: nil))
            log = try KafkaLog(kafka.properties)
            host = .cluster(ClusterHost(cluster: cluster, local: store, owner: try DataDirectory.owner(in: path), isStandby: false))
        } else {
            engineSettings.partitionCount = try DataDirectory.partitionCount(of: store, wanted: nil, askedBy: "", in: path)
        }
        var rows = try StoredViewRows(in: path, try PostgresSettings(settings))
        defer { rows.close() }
        let upgrades = try Engine.upgrades(of: plans, settings: engineSettings, log: log, host: host, sizes: true) { rows.count(of: $0) }
        if let trouble = rows.trouble {
            StandardStreams.complain("rows of views are not known: \(trouble.message) (\(trouble.code.text))")
        }
        return upgrades
    }

    // MARK: What is shown

    private func show(_ upgrades: [UpgradePlan], _ terminal: Terminal) {
        guard !json else {
            StandardStreams.print(JSONValue.list(upgrades.map(\.json)).description)
            return
        }
        for upgrade in upgrades { StandardStreams.print(lines: UpgradeReport(plan: upgrade).lines(terminal) + [""]) }
        let approved = upgrades.filter(\.needsApproval)
        let verdict = approved.isEmpty ? "Nothing is lost. To deploy it:" : "State or rows are lost (in red). To have just that done:"
        StandardStreams.print(lines: [verdict, "  " + command(approved)])
    }

    /// The call with what this one was given; but for an address that may hold a password.
    private func command(_ approved: [UpgradePlan]) -> String {
        let options: [(name: String, value: String?)] = [
            ("config", engine.file.path), ("data", engine.directory.data), ("schemas", topologies.schemas), ("kafka", kafka.kafka),
            ("postgres", postgres.postgres.map { _ in "URL" }), ("postgres-schema", postgres.postgresSchema),
        ]
        return "pioneer run" + approved.map { " --approve \($0.hash)" }.joined()
            + options.map { option in option.value.map { " --\(option.name) \($0)" } ?? "" }.joined() + " " + files.joined(separator: " ")
    }
}
