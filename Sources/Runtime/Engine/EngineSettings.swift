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

    public init() {}
}

/// How `memory_max` is shared out. The parts add up to less than the whole: what is left is for the process itself, for
/// batches in flight and for the HTTP server.
public struct MemoryBudget: Hashable, Sendable {
    /// All of it, in bytes.
    public var total: Int

    public static let totalMin = 64 << 20

    /// - Precondition: at least `totalMin`; the command line refuses less.
    public init(total: Int) {
        precondition(total >= Self.totalMin, "an engine needs at least \(Self.totalMin) bytes")
        self.total = total
        assert(store + state + 3 * epoch <= total)
    }

    /// Block cache, memtables and chunk cache of the embedded store.
    public var store: Int { total / 4 }
    /// Operators' state in memory, over all tasks.
    public var state: Int { total / 4 }
    /// Outputs and changed state of open epochs, over all tasks. A commit holds them about three times for a moment: as
    /// collected, as packed, and in the store's write batch.
    public var epoch: Int { total / 16 }
}
