public import Base
public import Planner
public import Stores

/// Runs one task of a topology step by step on a log and store of the caller's, for measuring what records cost.
public final class OperatorMeter {
    private let task: TopologyTask

    public init(
        _ plan: Plan, log: any EventLog, store: any StateStore, committer: any EpochCommit, batchRecords: Int
    ) throws {
        var settings = TopologyTask.Settings()
        settings.batchRecords = batchRecords
        settings.stateBytesMax = .max / 2
        task = TopologyTask(
            plan, partition: PartitionNumber(0), settings: settings, log: log, store: store, committer: committer)
        try task.restore()
    }

    /// Processes everything that the log holds.
    public func drain(now: EventTime) throws { while try task.step(now: now) {} }

    public var counters: TaskCounters { task.currentStatus.counters }
}
