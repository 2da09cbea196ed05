public import Base
public import Planner
public import Stores

/// Runs one task of a topology step by step on a log and store of the caller's, for measuring what records cost and for
/// tests of what a store does to results.
public final class OperatorMeter {
    private let task: TopologyTask

    /// - Parameters:
    ///   - stateBytesMax: state kept in memory from one epoch to the next.
    ///   - epochBytesMax: an epoch ends with the batch that brings outputs and changes to this; 0: with each batch.
    public init(
        _ plan: Plan, log: any EventLog, store: any StateStore, committer: any EpochCommit, batchRecords: Int,
        stateBytesMax: Int = .max / 2, epochBytesMax: Int = 32 << 20
    ) throws {
        var settings = TopologyTask.Settings()
        settings.batchRecords = batchRecords
        settings.stateBytesMax = stateBytesMax
        settings.epochBytesMax = epochBytesMax
        task = TopologyTask(
            plan, partition: PartitionNumber(0), settings: settings, log: log, store: store, committer: committer)
        try task.restore()
    }

    /// Processes everything that the log holds.
    public func drain(now: EventTime) throws { while try task.step(now: now) {} }

    public var counters: TaskCounters { task.currentStatus.counters }
}
