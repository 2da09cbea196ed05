import ArgumentParser
import Base
import Columns
import HTTPAPI
import Planner
import Runtime
import Stores

/// The engine as the HTTP interface sees it.
struct ServedEngine: EngineFacade {
    let engine: Engine
    let startedAt: EventTime
    let clock: any WallClock
    /// What the data directory takes on the disk, in bytes.
    let diskBytes: @Sendable () throws -> Int

    init(engine: Engine, clock: any WallClock, diskBytes: @escaping @Sendable () throws -> Int) {
        self.engine = engine
        self.clock = clock
        self.diskBytes = diskBytes
        startedAt = clock.now()
    }

    var log: any EventLog { engine.parts.log }
    var appender: any RecordAppender { engine.parts.log }
    var views: any ViewStore { engine.parts.views }
    var viewDefinitions: [ViewDefinition] { engine.viewDefinitions }

    func health() -> EngineHealth {
        let statuses = engine.statuses, troubles = engine.viewTroubles
        return EngineHealth(
            status: phase, version: Pioneer.configuration.version, uptime: clock.now() - startedAt,
            topologies: engine.plans.map { plan in
                let views = Set(plan.views.map(\.definition.name))
                return .init(
                    name: plan.topology, tasks: statuses.filter { $0.task.topology == plan.topology }.map(task),
                    troubles: troubles.filter { views.contains($0.key) })
            })
    }

    func report() throws -> EngineReport {
        EngineReport(
            phase: phase, version: Pioneer.configuration.version, uptime: clock.now() - startedAt, status: try engine.status(),
            process: ProcessReading.figures(diskBytes: try diskBytes()))
    }

    private var phase: EngineHealth.Status { engine.isStopping ? .stopping : .running }

    private func task(_ status: TaskStatus) -> EngineHealth.Task {
        EngineHealth.Task(
            partition: status.task.partition, epoch: status.epoch, watermark: status.watermark, clock: status.clock,
            positions: status.positions, recordCount: status.counters.records, lateCount: status.counters.lateTotal,
            lateByStream: status.counters.late, deadLetterCount: status.counters.deadLetters,
            deadLettersByCode: status.counters.deadLettersByCode)
    }

    func positions(of view: ViewDefinition) -> [PartitionNumber: ViewPosition] { engine.positions(of: view) }

    func rebuild(of view: ViewDefinition) throws -> EngineStatus.View.Rebuild? {
        var rebuild = try engine.rebuild(of: view)
        // Where the database does not answer, nothing newer is known of the rebuild either.
        if let known = rebuild, known.rebuild.isRunning, known.trouble == nil { rebuild?.trouble = engine.viewTroubles[view.name] }
        return rebuild
    }

    func note(rebuild: ViewRebuild?, of view: ViewDefinition) { engine.note(rebuild: rebuild, of: view) }

    func readings(of topic: TopicName) -> [SourceReading] {
        engine.plans.flatMap { plan in
            plan.sources.filter { $0.topic == topic }.map { source in
                SourceReading(
                    topology: plan.topology, source: source.name, schemaName: source.schemaName, schema: source.schema,
                    key: source.keyColumns.map { source.type.columns[$0].path },
                    time: SourceReading.Time(
                        field: source.type.columns[source.eventTimeColumn].path, outOfOrder: source.outOfOrder,
                        idleAfter: source.idleAfter, maxAhead: source.maxAhead))
            }
                + plan.tables.filter { $0.topic == topic }.map { table in
                    SourceReading(
                        topology: plan.topology, source: table.name, schemaName: table.schemaName, schema: table.schema,
                        key: table.keyColumns.map { table.type.columns[$0].path }, time: nil)
                }
        }
    }

    func upgrade(of topology: String, to deployment: UnsafeRawBufferPointer) throws -> String {
        guard let next = Deployment(decoding: deployment) else {
            throw EngineError(
                .badDeployment, .user, "the body is no deployment of a topology that this version understands",
                remedy: "Ask with 'pioneer plan FILE', of the engine's own version (\(Pioneer.configuration.version)).")
        }
        return try engine.upgrade(of: topology, to: next).json.description
    }

    func route(topic: TopicName, lines: UnsafeRawBufferPointer, now: EventTime) throws -> RoutedLines {
        let routed = try engine.route(topic: topic, lines: lines, now: now)
        return RoutedLines(records: routed.records, count: routed.count, withoutKeyCount: routed.withoutKeyCount)
    }
}

extension ErrorCode {
    /// What a plan is asked for is of another version of the program.
    static let badDeployment = ErrorCode("api.bad_deployment")
}
