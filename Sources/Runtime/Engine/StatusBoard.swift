import Base
import Stores

/// The latest snapshot of every task, for readers on other threads.
final class StatusBoard: Sendable {
    private let statuses = Monitor<[TaskID: TaskStatus]>([:])

    func publish(_ status: TaskStatus) { statuses.withLock { $0[status.task] = status } }

    func status(of task: TaskID) -> TaskStatus? { statuses.withLock { $0[task] } }

    /// By task.
    var all: [TaskStatus] { statuses.withLock { $0.values.sorted { $0.task < $1.task } } }
}
