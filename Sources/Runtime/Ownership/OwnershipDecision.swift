/// What is known about a task that has met an error which waiting does not mend.
struct OwnershipFacts: Hashable {
    /// What the log says to a transaction that only the task's owner can make.
    enum Proof: Hashable, CaseIterable {
        /// This process is the task's owner.
        case taken
        /// Another owner has the task, or this process is no member of the group any more.
        case fenced
        /// The log did not answer, or not with yes or no.
        case unknown
        /// The producer is of no use any more.
        case useless
    }

    var standing = TaskStanding.owned
    /// The task was given up in the midst of what failed.
    var isClosed = false
    /// Whether earlier owners were fenced: before that nothing of the task is read.
    var hasFenced = true
    /// Nil: not asked for yet.
    var proof: Proof?
}

/// Whose an error is that waiting does not mend: facts in, decision out.
///
/// A process that stood still goes on as the owner of tasks that others have by now. What it finds wrong then may be right:
/// the task's new owner has removed records that it has read, say. So nobody stops for an error before the log has
/// told that the task still is its own.
enum OwnershipDecision: Hashable, CaseIterable {
    /// Have the log say whether the task is this process's, and decide again.
    case prove
    /// The task is this process's, and so is the error.
    case stands
    /// It cannot be told yet: the same step again after a while, and the same question if it fails again.
    case askLater
    /// Whoever has the task, this process has to fence its owners before it goes on: the task closes, and is restored if it
    /// still is this process's.
    case restore
    /// The task goes to another process, or has gone: it closes.
    case letGo

    static func decide(_ facts: OwnershipFacts) -> OwnershipDecision {
        switch facts.standing {
        case .lost, .revoked: return .letGo
        case .stopping where facts.isClosed: return .letGo
        case .owned where facts.isClosed: return .restore
        case .owned, .stopping: break
        }
        // Who has read nothing of the task has an error of its own.
        guard facts.hasFenced else { return .stands }
        switch facts.proof {
        case nil: return .prove
        case .taken: return .stands
        case .fenced, .useless: return .restore
        // A process that stops does not wait for the answer.
        case .unknown: return facts.standing == .stopping ? .letGo : .askLater
        }
    }
}
