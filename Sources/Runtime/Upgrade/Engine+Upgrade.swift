import Base
public import Planner
public import Stores
import Telemetry

extension Engine {
    /// What becomes of each topology's state and views when the plans are deployed there. Reads; changes nothing.
    ///
    /// On a log that processes share it goes by this process's copies of the tasks' state: of tasks that it has no copy of
    /// nothing is known, and each is looked at again when this process takes it up.
    ///
    /// - Parameters:
    ///   - sizes: whether bytes of state are wanted.
    ///   - onlyCurrent: leaves out copies that are behind their changelogs: others have worked for those tasks since, and may have
    ///     deployed what is compared here. Otherwise they are gone by where there are no others.
    ///   - viewRows: counts a view's rows; nil where that is not known.
    public static func upgrades(
        of plans: [Plan], settings: EngineSettings, log: any EventLog, host: TaskHost, sizes: Bool = false, onlyCurrent: Bool = false,
        viewRows: (String) -> Int? = { _ in nil }
    ) throws -> [UpgradePlan] {
        try plans.map { plan in
            let tasks = try tasks(of: plan.topology, settings, log, host, onlyCurrent: onlyCurrent) { _ in false }
            return try upgrade(
                of: plan.topology, to: Deployment(plan), topics: plan.sources.map(\.topic), tasks, log, host, sizes: sizes,
                viewRows: viewRows)
        }
    }

    /// Of a topology that runs, or of one that does not, while this engine runs.
    public func upgrade(of topology: String, to next: Deployment) throws -> UpgradePlan {
        let tasks = try Self.tasks(of: topology, settings, parts.log, parts.host, onlyCurrent: false) { [board] task in
            if case .here = board.place(of: task) { true } else { false }
        }
        return try Self.upgrade(
            of: topology, to: next, topics: next.topics, tasks, parts.log, parts.host, sizes: true,
            viewRows: { [parts] in try? parts.views.rowCount(of: $0) })
    }

    /// The tasks that something is known of, as `upgrades` says.
    ///
    /// - Parameter isHere: the task runs in this process, and so goes by what it has committed itself.
    private static func tasks(
        of topology: String, _ settings: EngineSettings, _ log: any EventLog, _ host: TaskHost, onlyCurrent: Bool,
        isHere: (TaskID) -> Bool
    ) throws -> [TaskID] {
        switch host {
        case .embedded: return (0..<settings.partitionCount).map { TaskID(topology: topology, partition: PartitionNumber($0)) }
        case .cluster(let host):
            let copies = try host.local.localTasks().filter { $0.topology == topology }
            let current = try copies.filter { try isHere($0) || isCurrent($0, host, log) }
            return onlyCurrent || !current.isEmpty ? current : copies
        }
    }

    private static func upgrade(
        of topology: String, to next: Deployment, topics: [TopicName], _ tasks: [TaskID], _ log: any EventLog, _ host: TaskHost,
        sizes: Bool, viewRows: (String) -> Int?
    ) throws -> UpgradePlan {
        let store: any StateStore = switch host {
        case .embedded(let state, _): state
        case .cluster(let host): host.local
        }
        let facts = try tasks.map { try UpgradeFacts.Task(of: $0, from: store, sizes: sizes) }
        var ranges: [TopicPartition: OffsetRange] = [:]
        for topic in topics {
            guard let description = try log.topic(topic) else { continue }
            for number in 0..<description.partitionCount {
                let partition = TopicPartition(topic, PartitionNumber(number))
                ranges[partition] = try log.range(of: partition)
            }
        }
        var rows: [String: Int] = [:]
        for view in Set(facts.flatMap { $0.deployment?.views ?? [] }.map(\.name) + next.views.map(\.name)) { rows[view] = viewRows(view) }
        return UpgradePlan(topology: topology, from: UpgradeFacts(tasks: facts, ranges: ranges, viewRows: rows), to: next)
    }

    /// Whether a copy has all of its task's changelog, but for the mark that a transaction ends with.
    private static func isCurrent(_ task: TaskID, _ host: ClusterHost, _ log: any EventLog) throws -> Bool {
        guard try host.local.logID() == log.id, try log.topic(.changelog(of: task.topology)) != nil,
            let position = try host.local.position(of: task)
        else { return false }
        return try host.cluster.uncommittedEnd(of: Changelog.partition(of: task)) <= position.changelog + 1
    }

    /// Removes the views that approved plans drop: their rows, and the records that they would be filled from again.
    ///
    /// - Parameter drop: forgets a view's rows in this process's tables.
    public static func dropViews(of upgrades: [UpgradePlan], parts: Parts, drop: (String) throws -> Void) throws {
        for upgrade in upgrades {
            for view in upgrade.droppedViews {
                try drop(view)
                let topic = TopicName.view(view, of: upgrade.topology)
                guard let description = try parts.log.topic(topic) else { continue }
                for number in 0..<description.partitionCount {
                    let partition = TopicPartition(topic, PartitionNumber(number))
                    try parts.log.deleteRecords(before: parts.log.range(of: partition).end, in: partition)
                }
                Telemetry.emit(ViewDropped(view: view, topology: upgrade.topology))
            }
        }
    }
}

struct ViewDropped: InternalEvent {
    static let name = "view_dropped"
    static let level = EventLevel.info
    var view: String
    var topology: String
    var message: String { "A view that its topology no longer has was removed with its rows." }
    var fields: [EventField] { [EventField("view", view), EventField("topology", topology)] }
}
