import Base
import Stores

// How a task that has met an error which waiting does not mend finds out whether it still is this process's: by the offsets
// of its last epoch in a transaction that is aborted. Nothing changes by it, and both who can have taken the task away have
// their say: the transaction's coordinator, whose epoch another owner has raised, and the group's, which knows its members.

extension TaskLedger {
    /// Whose an error is that the task has met and that waiting does not mend. Asks the log where that is not known; takes a
    /// few round trips, or the time that calls wait for brokers.
    func decideOwnership() -> OwnershipDecision {
        var facts = OwnershipFacts(standing: standing, isClosed: isClosed, hasFenced: hasFenced)
        let decision = OwnershipDecision.decide(facts)
        guard decision == .prove else { return decision }
        facts.proof = prove()
        facts.standing = standing
        return OwnershipDecision.decide(facts)
    }

    private var hasFenced: Bool {
        if case .restoring(let restore) = life { restore.step != .fence } else { true }
    }

    private func prove() -> OwnershipFacts.Proof {
        guard let transactions else { return .useless }
        // While a commit has not come to an end there is no other transaction; it will tell.
        if case .committing(let commit) = life, !commit.isInLog { return .unknown }
        do throws(TransactionFault) {
            try transactions.begin()
        } catch {
            return error.kind == .fenced ? .fenced : .useless
        }
        var proof = OwnershipFacts.Proof.taken
        do throws(TransactionFault) {
            try transactions.send(offsets: lastOffsets)
        } catch {
            switch error.kind {
            case .fenced: return .fenced
            case .fatal: return .useless
            case .unknown, .mustAbort, .refused: proof = .unknown
            }
        }
        do throws(TransactionFault) {
            try transactions.abort()
        } catch {
            // What is still open is ended by the next fence.
            return error.kind == .fenced ? .fenced : .useless
        }
        return proof
    }

    /// Where the task's copy stands. They are never committed, so that any would do.
    private var lastOffsets: [TopicPartition: Offset] {
        let last = (try? local.lastEpoch(of: task)) ?? beginning
        let known = last.map(offsets(of:)) ?? [:]
        return Dictionary(uniqueKeysWithValues: inputs.map { ($0, known[$0] ?? .zero) })
    }
}
