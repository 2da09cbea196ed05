import Base
import Stores

/// The latest snapshot of every task, for readers on other threads.
final class StatusBoard: Sendable {
    private let statuses = Monitor<[TaskID: TaskStatus]>([:])

    func publish(_ status: TaskStatus) { statuses.withLock { $0[status.task] = status } }

    func status(of task: TaskID) -> TaskStatus? { statuses.withLock { $0[task] } }

    /// The least committed watermark of a topology's tasks that have one: what `keep` follows, because expiring rows
    /// knows no partitions. A partition that never saw a record holds nothing back.
    func watermark(of topology: String) -> EventTime? {
        statuses.withLock { statuses in
            statuses.values.filter { $0.task.topology == topology && $0.watermark > .earliest }.map(\.watermark).min()
        }
    }

    /// By task.
    var all: [TaskStatus] { statuses.withLock { $0.values.sorted { $0.task < $1.task } } }
}
