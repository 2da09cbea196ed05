import Base
import Stores

/// On a log that many processes share, a task stands on its ledger: the commit protocol, and the state that follows the
/// changelog. The log is read by a reader of the task's own.
final class LedgerFooting: TaskFooting {
    let log: any EventLog
    private let ledger: TaskLedger
    private let didClose: () -> Void

    init(_ ledger: TaskLedger, log: any EventLog, didClose: @escaping () -> Void) {
        self.ledger = ledger
        self.log = log
        self.didClose = didClose
    }

    var store: any StateStore { ledger }
    var committer: any EpochCommit { ledger }

    func restoreStep(now: EventTime) throws -> RestoreProgress? {
        switch try ledger.restoreStep(now: now) {
        case .ready: nil
        case .restoring(let progress): progress
        }
    }

    func note(_ standing: TaskStanding) { ledger.note(standing) }

    func decideOwnership() -> OwnershipDecision { ledger.decideOwnership() }

    func close() {
        ledger.close()
        didClose()
    }
}
