import Base
import Stores

/// The latest snapshot of every task and of every view's projection, for readers on other threads. Written once a commit
/// and once a projection step, never once a record.
final class StatusBoard: Sendable {
    private struct Notice {
        var status: TaskStatus
        var rates: RateSamples
    }

    private struct Contents {
        var tasks: [TaskID: Notice] = [:]
        var views: [ViewPartition: ViewPosition] = [:]
    }

    struct ViewPartition: Hashable {
        var view: String
        var partition: PartitionNumber
    }

    private let commitInterval: TimeSpan
    private let contents = Monitor(Contents())

    init(commitInterval: TimeSpan = .seconds(1)) { self.commitInterval = commitInterval }

    func publish(_ status: TaskStatus) {
        let sample = RateSamples.Sample(
            nanoseconds: Stopwatch.nanoseconds(), records: status.counters.records, rowsOut: status.counters.rowsOut)
        contents.withLock {
            $0.tasks[status.task, default: Notice(status: status, rates: RateSamples(commitInterval: commitInterval))].status = status
            $0.tasks[status.task]?.rates.append(sample)
        }
    }

    func publish(_ position: ViewPosition, of view: String, _ partition: PartitionNumber) {
        contents.withLock { $0.views[ViewPartition(view: view, partition: partition)] = position }
    }

    func status(of task: TaskID) -> TaskStatus? { contents.withLock { $0.tasks[task]?.status } }

    /// Nil: the projection has not begun.
    func position(of view: String, _ partition: PartitionNumber) -> ViewPosition? {
        contents.withLock { $0.views[ViewPartition(view: view, partition: partition)] }
    }

    func rates(of task: TaskID) -> TaskRates {
        let now = Stopwatch.nanoseconds()
        return contents.withLock { $0.tasks[task]?.rates.rates(now: now) } ?? TaskRates()
    }

    /// The least committed watermark of a topology's tasks that have one: what `keep` follows, because expiring rows
    /// knows no partitions. A partition that never saw a record holds nothing back.
    func watermark(of topology: String) -> EventTime? {
        contents.withLock { contents in
            contents.tasks.values.map(\.status).filter { $0.task.topology == topology && $0.watermark > .earliest }
                .map(\.watermark).min()
        }
    }

    /// By task.
    var all: [TaskStatus] { contents.withLock { $0.tasks.values.map(\.status).sorted { $0.task < $1.task } } }
}
