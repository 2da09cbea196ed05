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
/// Life: `init` makes topics and tables and restores every task from its last committed epoch; `start` lets the threads
/// go; `stop` asks them to commit and end; `join` waits for that. Any thread may call any method.
public final class Engine: Sendable {
    /// What the engine runs on. The composition root chooses; the engine knows only the seams.
    public struct Parts: Sendable {
        public var log: any EventLog & RecordAppender
        public var state: any StateStore
        public var committer: any EpochCommit
        public var views: any ViewStore
        public var clock: any WallClock
        /// Retention and compaction of the log, called now and then with the time.
        public var maintain: @Sendable (EventTime) throws -> MaintenanceReport
        /// Removes records with a timestamp before the given one from a view's topic: its `keep` is over.
        public var trim: @Sendable (TopicPartition, EventTime) throws -> Void

        public init(
            log: any EventLog & RecordAppender, state: any StateStore, committer: any EpochCommit, views: any ViewStore,
            clock: any WallClock, maintain: @escaping @Sendable (EventTime) throws -> MaintenanceReport,
            trim: @escaping @Sendable (TopicPartition, EventTime) throws -> Void
        ) {
            self.log = log
            self.state = state
            self.committer = committer
            self.views = views
            self.clock = clock
            self.maintain = maintain
            self.trim = trim
        }
    }

    public let plans: [Plan]
    public let settings: EngineSettings
    public let parts: Parts

    let board: StatusBoard
    let rowCounts = ViewRowCounts()
    private let stopSignal = StopSignal()
    private let workers: [Worker]
    private let projector: ProjectorThread
    private let upkeep: LogUpkeep
    private let threads = Mutex<[EngineThread]>([])

    /// Throws `engine.name_clash`, `log.partition_count`, `view.incompatible`, `view.ahead_of_log`, `state.incompatible`
    /// and what the stores throw; nothing runs then, and nothing was processed.
    public init(plans: [Plan], settings: EngineSettings, parts: Parts) throws {
        self.plans = plans
        self.settings = settings
        self.parts = parts
        board = StatusBoard(commitInterval: settings.commitInterval)
        try Self.checkNames(plans)
        try Self.makeTopics(plans, settings, parts.log)
        let projectors = try Self.makeProjectors(plans, settings, parts, board)
        let tasks = try Self.makeTasks(plans, settings, parts)
        for task in tasks { board.publish(task.currentStatus) }
        for projector in projectors { try projector.restore() }
        let workerCount = max(1, min(settings.workerCount, tasks.count))
        let (board, stop) = (board, stopSignal)
        workers = (0..<workerCount).map { number in
            let share = tasks.indices.filter { $0 % workerCount == number }.map { tasks[$0] }
            return Worker(tasks: share, log: parts.log, clock: parts.clock, board: board, stop: stop)
        }
        projector = ProjectorThread(projectors, log: parts.log, stop: stop)
        upkeep = LogUpkeep(
            parts: parts, projected: plans.flatMap { $0.views.map(\.definition) }, settings: settings, board: board, stop: stop)
    }

    /// Starts the threads. Call once. Throws `engine.no_thread`; those that were started have ended then.
    public func start() throws {
        var started: [EngineThread] = []
        do {
            for (number, worker) in workers.enumerated() {
                started.append(try EngineThread(name: "worker-\(number)") { worker.run() })
            }
            let workerThreads = started, projector = projector, upkeep = upkeep
            // The projector ends after the workers, so that the last epochs' rows are in the views.
            let projection = try EngineThread(name: "projector") {
                projector.run { for thread in workerThreads { thread.join() } }
            }
            started = [projection]
            started.append(try EngineThread(name: "log-upkeep") { upkeep.run() })
        } catch {
            stopSignal.stop(because: EngineError(describing: error))
            for thread in started { thread.join() }
            throw error
        }
        threads.withLock { $0 = started }
        Telemetry.emit(EngineStarted(topologies: plans.map(\.topology), tasks: plans.count * settings.partitionCount))
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

    public var viewDefinitions: [ViewDefinition] { plans.flatMap { $0.views.map(\.definition) } }
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

    private static func makeTopics(_ plans: [Plan], _ settings: EngineSettings, _ log: any EventLog) throws {
        for plan in plans {
            let viewTopics = Set(plan.views.map(\.definition.topic))
            for name in Set(plan.topics).sorted() {
                let retention = viewTopics.contains(name) ? Retention(isCompacted: true) : settings.retention
                try log.createTopic(
                    TopicDescription(name: name, partitionCount: settings.partitionCount, retention: retention))
            }
        }
    }

    private static func makeProjectors(
        _ plans: [Plan], _ settings: EngineSettings, _ parts: Parts, _ board: StatusBoard
    ) throws -> [ViewProjector] {
        var projectors: [ViewProjector] = []
        for view in plans.flatMap(\.views) {
            try parts.views.prepare(view.definition)
            for number in 0..<settings.partitionCount {
                projectors.append(
                    ViewProjector(
                        view.definition, partition: PartitionNumber(number), log: parts.log, views: parts.views, board: board))
            }
        }
        return projectors
    }

    private static func makeTasks(_ plans: [Plan], _ settings: EngineSettings, _ parts: Parts) throws -> [TopologyTask] {
        var taskSettings = TopologyTask.Settings()
        let taskCount = max(1, plans.count * settings.partitionCount)
        taskSettings.partitionCount = settings.partitionCount
        taskSettings.batchRecords = settings.batchRecords
        taskSettings.commitInterval = settings.commitInterval
        taskSettings.epochBytesMax = settings.memory.epoch / taskCount
        taskSettings.stateBytesMax = settings.memory.state / taskCount
        var tasks: [TopologyTask] = []
        for plan in plans {
            for number in 0..<settings.partitionCount {
                let task = TopologyTask(
                    plan, partition: PartitionNumber(number), settings: taskSettings, log: parts.log, store: parts.state,
                    committer: parts.committer)
                let watch = Stopwatch()
                try task.restore()
                Telemetry.emit(TaskRestored(status: task.currentStatus, nanoseconds: watch.elapsedNanoseconds))
                tasks.append(task)
            }
        }
        return tasks
    }
}
