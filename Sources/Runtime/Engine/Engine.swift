public import Base
public import Planner
public import Stores
import Operators
import Synchronization
import Telemetry

extension ErrorCode {
    /// Two topologies claim the same view, path or output topic.
    public static let engineNameClash = ErrorCode("engine.name_clash")
}

/// A running set of topologies on one log: workers with their tasks, the projector of the views, and upkeep of the log.
///
/// Life: `init` makes topics and tables and, on an embedded store, restores every task from its last committed epoch;
/// `start` lets the threads go, and in a cluster joins the topologies' groups, from which tasks come and to which they go;
/// `stop` asks everybody to commit and end; `join` waits for that. Any thread may call any method.
public final class Engine: Sendable {
    public let plans: [Plan]
    /// The views of all plans.
    public let viewDefinitions: [ViewDefinition]
    public let settings: EngineSettings
    public let parts: Parts

    let layout: TopicLayout
    let board: StatusBoard
    let rowCounts = ViewRowCounts()
    private let stopSignal = StopSignal()
    private let workers: [Worker]
    private let dispatcher: TaskDispatcher
    private let projector: ProjectorThread
    private let upkeep: LogUpkeep
    private let threads = Mutex<[EngineThread]>([])

    /// Throws `engine.name_clash`, `engine.not_copartitioned`, `engine.partitions_changed`, `log.partition_count`,
    /// `view.incompatible`, `view.ahead_of_log`, `topology.change_not_approved` and what the stores throw; nothing runs then, and
    /// nothing was processed.
    public init(plans: [Plan], settings: EngineSettings, parts: Parts) throws {
        self.plans = plans
        viewDefinitions = plans.flatMap { $0.views.map(\.definition) }
        self.settings = settings
        self.parts = parts
        board = StatusBoard(commitInterval: settings.commitInterval)
        try Self.checkNames(plans)
        if case .embedded = parts.host {
            try settings.approval.check(Self.upgrades(of: plans, settings: settings, log: parts.log, host: parts.host))
        }
        layout = try Self.makeTopics(plans, settings, parts)
        let (views, projectorLog) = try Self.makeViews(plans, layout, parts, board)
        let (stop, taskCount) = (stopSignal, layout.taskCounts.values.reduce(0, +))
        let make = Self.taskMaker(plans, settings, layout, parts, board)
        workers = (0..<max(1, min(settings.workerCount, taskCount))).map { _ in Worker(make: make, log: parts.log, stop: stop) }
        dispatcher = TaskDispatcher(workers)
        if case .embedded(let state, let committer) = parts.host {
            dispatcher.assign(layout.tasks(of: plans)) { _ in
                EmbeddedFooting(log: parts.log, store: state, committer: committer)
            }
            for worker in workers { try worker.settle() }
        }
        for view in views { try view.begin() }
        projector = ProjectorThread(views, log: projectorLog, stop: stop)
        upkeep = LogUpkeep(
            parts: parts, projected: viewDefinitions, layout: layout, board: board, stop: stop)
    }

    /// Starts the threads. Call once. Throws `engine.no_thread`; those that were started have ended then.
    public func start() throws {
        var started: [EngineThread] = []
        do {
            let workersRun = RunningCount(workers.count)
            for (number, worker) in workers.enumerated() {
                started.append(
                    try EngineThread(name: "worker-\(number)") {
                        worker.run()
                        workersRun.endOne()
                    })
            }
            // Rows of the last epochs are to be in the views, and their commits under the groups' eyes: so the projector and
            // the memberships end after the workers.
            let projector = projector, upkeep = upkeep
            started.append(try EngineThread(name: "projector") { projector.run { workersRun.waitForNone() } })
            started.append(try EngineThread(name: "log-upkeep") { upkeep.run() })
            if case .cluster(let host) = parts.host { try startCluster(host, workersRun, &started) }
        } catch {
            stopSignal.stop(because: EngineError(describing: error))
            for thread in started { thread.join() }
            throw error
        }
        threads.withLock { $0 = started }
        Telemetry.emit(EngineStarted(topologies: plans.map(\.topology), tasks: layout.taskCounts.values.reduce(0, +)))
    }

    private func startCluster(_ host: ClusterHost, _ workersRun: RunningCount, _ started: inout [EngineThread]) throws {
        var standby: StandbyHolds?
        if host.isStandby {
            let holds = StandbyHolds(layout.tasks(of: plans))
            let copies = StandbyThread(holds, host: host, log: parts.log, clock: parts.clock, board: board, stop: stopSignal)
            started.append(try EngineThread(name: "standby") { copies.run() })
            standby = holds
        }
        for plan in plans {
            let membership = MembershipThread(
                plan, layout, host: host, log: parts.log, dispatcher: dispatcher, standby: standby, stop: stopSignal)
            started.append(try EngineThread(name: "group-\(plan.topology)") { membership.run { !workersRun.isNone } })
        }
        let follower = JournalFollower(plans, layout, parts: parts, board: board, stop: stopSignal)
        started.append(try EngineThread(name: "journals") { follower.run() })
    }

    /// Asks everything to commit and end; returns at once.
    public func stop() { stopSignal.stop() }

    /// Waits until everything has ended after a stop. Throws what stopped the engine, if it was not `stop`. Blocks; may
    /// be called again.
    public func join() throws {
        stopSignal.wait()
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
        if !running.isEmpty { Telemetry.emit(EngineStopped(failure: stopSignal.failure)) }
        if let failure = stopSignal.failure { throw failure }
    }

    /// Whether a stop was asked for or something failed.
    public var isStopping: Bool { stopSignal.isStopping }

    /// Snapshots of all tasks, as of their last commits.
    public var statuses: [TaskStatus] { board.all }
}

// MARK: Setting up

extension Engine {
    private static func checkNames(_ plans: [Plan]) throws {
        var owners: [String: String] = [:]
        func claim(_ kind: String, _ name: String, _ topology: String) throws {
            guard let other = owners.updateValue(topology, forKey: "\(kind) \(name)") else { return }
            throw EngineError(
                .engineNameClash, .user, "topologies '\(other)' and '\(topology)' both claim \(kind) '\(name)'",
                remedy: "View names, paths, output topics and topology names are unique in an engine; rename one.")
        }
        for plan in plans {
            try claim("topology", plan.topology, plan.topology)
            for view in plan.views {
                try claim("view", view.definition.name, plan.topology)
                if let path = view.definition.path { try claim("path", path, plan.topology) }
            }
            for output in plan.outputs { try claim("output topic", output.topic.text, plan.topology) }
        }
    }

    static func makeTopics(_ plans: [Plan], _ settings: EngineSettings, _ parts: Parts) throws -> TopicLayout {
        let layout: TopicLayout, topics: [TopicDescription]
        switch parts.host {
        case .embedded: (layout, topics) = TopicLayout.uniform(plans, settings)
        case .cluster:
            let names = Set(plans.flatMap(\.topics) + plans.map { .tasks(of: $0.topology) })
            var existing: [TopicName: TopicDescription] = [:]
            for name in names { existing[name] = try parts.log.topic(name) }
            (layout, topics) = try TopicLayout.shared(plans, settings, existing: existing)
        }
        for topic in topics { try parts.log.createTopic(topic) }
        return layout
    }

    private static func makeViews(
        _ plans: [Plan], _ layout: TopicLayout, _ parts: Parts, _ board: StatusBoard
    ) throws -> ([ViewFollower], any EventLog) {
        let log = try parts.log.reader()
        var writtenEnd: (@Sendable (TopicPartition) throws -> Offset)?
        if case .cluster(let host) = parts.host { writtenEnd = { try host.cluster.uncommittedEnd(of: $0) } }
        let shared = ViewFollower.Parts(log: log, writtenEnd: writtenEnd, views: parts.views, board: board, clock: parts.clock)
        let views = plans.flatMap(\.views).map { view in
            ViewFollower(view.definition, partitionCount: layout.taskCount(of: view.definition.topology), shared)
        }
        // All of them before any task is restored: a table that does not fit is refused with nothing done.
        for view in views { try view.prepare() }
        return (views, log)
    }

    private static func taskMaker(
        _ plans: [Plan], _ settings: EngineSettings, _ layout: TopicLayout, _ parts: Parts, _ board: StatusBoard
    ) -> TaskMaker {
        var taskSettings = TopologyTask.Settings()
        let taskCount = max(1, layout.taskCounts.values.reduce(0, +))
        taskSettings.batchRecords = settings.batchRecords
        taskSettings.commitInterval = settings.commitInterval
        taskSettings.approval = settings.approval
        taskSettings.hasStoreOfAll = !parts.host.canMove
        taskSettings.epochBytesMax = settings.memory.epoch / taskCount
        taskSettings.stateBytesMax = settings.memory.state / taskCount
        return TaskMaker(
            plans: Dictionary(uniqueKeysWithValues: plans.map { ($0.topology, $0) }), settings: taskSettings, layout: layout,
            board: board, clock: parts.clock, canMove: parts.host.canMove)
    }
}
