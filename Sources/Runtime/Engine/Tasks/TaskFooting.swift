import Base
import Stores

/// What one task stands on while it is this process's: made when the task is assigned, closed when it goes.
protocol TaskFooting: AnyObject {
    /// The log as this task reads it.
    var log: any EventLog { get }
    var store: any StateStore { get }
    var committer: any EpochCommit { get }

    /// One bounded piece of bringing the state to the last epoch. Nil: it is there. May be called again after a throw.
    func restoreStep(now: EventTime) throws -> RestoreProgress?

    /// How far the process may still go with the task, before a last commit.
    func note(_ standing: TaskStanding)

    /// Whose an error is that the task has met and that waiting does not mend.
    func decideOwnership() -> OwnershipDecision

    /// What was not committed is dropped.
    func close()
}

/// On the embedded store, the state is that of the last epoch at any time.
final class EmbeddedFooting: TaskFooting {
    let log: any EventLog
    let store: any StateStore
    let committer: any EpochCommit

    init(log: any EventLog, store: any StateStore, committer: any EpochCommit) {
        self.log = log
        self.store = store
        self.committer = committer
    }

    func restoreStep(now: EventTime) throws -> RestoreProgress? { nil }
    func note(_ standing: TaskStanding) {}
    func decideOwnership() -> OwnershipDecision { .stands }
    func close() {}
}
