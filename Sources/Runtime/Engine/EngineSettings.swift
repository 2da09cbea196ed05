public import Base
public import Stores

/// What a user may set about an engine.
public struct EngineSettings: Sendable {
    /// Partitions of every topic the engine makes; cannot change once topics exist.
    public var partitionCount = 1
    /// Threads that run tasks.
    public var workerCount = 1
    public var commitInterval = TimeSpan.seconds(1)
    public var batchRecords = 4_096
    /// How long records of sources, outputs, journals and dead letters are kept.
    public var retention = Retention(age: .days(30), bytesMax: 10 << 30)
    public var memory = MemoryBudget(total: 192 << 20)
    /// Changes of topologies that may lose state or rows.
    public var approval = UpgradeApproval()

    public init() {}
}

/// How `memory_max` is shared out. The parts add up to less than the whole: what is left is for the process itself, for
/// batches in flight and for the HTTP server.
public struct MemoryBudget: Hashable, Sendable {
    /// All of it, in bytes.
    public var total: Int
    /// Whether the log is on other machines: its records wait in queues here, and the store holds state alone.
    public var hasQueues: Bool

    public static let totalMin = 64 << 20

    /// - Precondition: at least `totalMin`; the command line refuses less.
    public init(total: Int, hasQueues: Bool = false) {
        precondition(total >= Self.totalMin, "an engine needs at least \(Self.totalMin) bytes")
        self.total = total
        self.hasQueues = hasQueues
        assert(store + state + 3 * epoch + queues <= total - total / 8, "an eighth is for the process itself")
    }

    /// Block cache, memtables and chunk cache of the embedded store.
    public var store: Int { hasQueues ? total / 8 : total / 4 }
    /// Operators' state in memory, over all tasks.
    public var state: Int { total / 4 }
    /// Outputs and changed state of open epochs, over all tasks. A commit holds them about three times for a moment: as
    /// collected, as packed, and in the store's write batch or on their way to the log.
    public var epoch: Int { total / 16 }
    /// Records that were fetched from the log and not read yet, over all its readers.
    public var queues: Int { hasQueues ? total / 4 : 0 }
}
