import Base
import KafkaLog
import Planner
import Runtime
import Stores
import Telemetry

/// Makes the engine of a process whose log is Kafka's.
struct KafkaEngine {
    let plans: [Plan]
    let settings: EngineSettings
    let kafka: KafkaSettings
    let data: DataDirectory
    let clock: any WallClock
    /// Topologies to be started over first.
    let rebuild: [String]
    /// Hashes of plans that may lose state or rows.
    let approve: [String]

    /// Where brokers, or PostgreSQL, cannot be reached yet, tries again and again, with a line each time.
    func awaited() async throws -> Engine {
        let owner = try data.owner()
        return try await Awaiting.result {
            try make(owner)
        } tell: { error, delay in
            if !data.views.tellAwaited(error, retryIn: delay) {
                Telemetry.emit(KafkaAwaited(servers: kafka.properties.servers, error: error, retryIn: delay))
            }
            return true
        }
    }

    private func make(_ owner: TaskOwner) throws -> Engine {
        var shares = KafkaCluster.Settings(instance: kafka.membership == .static ? owner.instance : nil)
        shares.sessionTimeout = kafka.sessionTimeout
        let cluster = KafkaCluster(kafka.properties, shares)
        var reading = KafkaLog.Settings()
        reading.replication = kafka.replication
        reading.aheadBytesMax = try aheadBytes()
        let log = try KafkaLog(kafka.properties, reading)
        let host = ClusterHost(cluster: cluster, local: data.store, owner: owner, isStandby: kafka.isStandby)
        let parts = Engine.Parts(log: log, host: .cluster(host), views: data.views.store, clock: clock)
        var settings = settings
        let upgrade = try ApprovedUpgrade(plans, settings, parts, rebuild: rebuild, approve: approve)
        if !upgrade.startingOver.isEmpty {
            try Engine.startOver(upgrade.startingOver.sorted(), of: plans, settings: settings, parts: parts) { try data.views.drop($0) }
        }
        try Engine.dropViews(of: upgrade.plans, parts: parts) { try data.drop(view: $0) }
        settings.approval = upgrade.approval
        let engine = try Engine(plans: plans, settings: settings, parts: parts)
        Telemetry.emit(KafkaConnected(servers: kafka.properties.servers, cluster: log.id.text, instance: owner.instance))
        return engine
    }

    /// Bytes that are fetched ahead of each partition: the queues' share of memory, over the partitions that tasks of this
    /// process may come to read at the same time. Queued records take several times their bytes.
    private func aheadBytes() throws -> Int {
        let log = try KafkaLog(kafka.properties)
        defer { log.close() }
        let sources = Set(plans.flatMap { $0.sources.map(\.topic) })
        let partitions = try sources.reduce(0) { $0 + (try log.topic($1)?.partitionCount ?? settings.partitionCount) }
        return Self.aheadBytes(queues: settings.memory.queues, partitions: partitions)
    }

    static func aheadBytes(queues: Int, partitions: Int) -> Int {
        max(aheadBytesMin, min(KafkaLog.Settings().aheadBytesMax, queues / queuedCost / max(1, partitions)))
    }

    /// What one request may bring of a partition.
    private static let aheadBytesMin = 1 << 20
    /// Memory of a queued record, as a multiple of its key's and value's bytes: mostly the client's own account of it.
    private static let queuedCost = 6
}
