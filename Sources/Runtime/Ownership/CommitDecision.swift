/// How far a process may still go with a task, as the topology's group and the engine see it. Only ever grows.
public enum TaskStanding: Int, Comparable, Sendable, CaseIterable {
    /// The task is this process's.
    case owned
    /// The engine was asked to stop: what is open is committed, without endless patience.
    case stopping
    /// The task goes to another process, which waits for this one to let go: what is open may still be committed.
    case revoked
    /// The task is another's already: what is open is dropped.
    case lost

    public static func < (a: TaskStanding, b: TaskStanding) -> Bool { a.rawValue < b.rawValue }
}

/// What one call of a task's transactions came to.
struct CommitFacts: Hashable {
    enum Step: CaseIterable {
        case begin, send, sendOffsets, commit, abort
    }

    enum Answer: Hashable {
        case done
        case unknown
        case mustAbort
        /// `canLeaveOut`: the epoch is whole without the records, because they are outputs and become dead letters.
        case refused(canLeaveOut: Bool)
        case fenced
        case fatal
    }

    var step: Step
    var answer: Answer
    /// Calls of this step in a row, this one included.
    var calls = 1
    /// How often records were left out of this epoch already.
    var rounds = 0
    var standing = TaskStanding.owned
}

/// What the owner of a task does next with the epoch it commits: facts in, decision out.
enum CommitDecision: Hashable {
    /// The next step; after an abort, what it was for.
    case goOn
    /// All of it is in the log for good.
    case committed
    /// The same call at once.
    case callAgain
    /// The same call, when the caller commits again: its thread has other tasks too.
    case callLater
    /// Nobody waits any longer: the next owner's fence ends the transaction, whichever way.
    case leaveToNextOwner
    /// None of it will be in the log: the task drops the epoch and does it again.
    case abortAndRedo
    /// The same epoch without the records that the log does not take.
    case leaveOutAndRedo
    /// The log will never take the epoch: a person has to act.
    case abortAndRefuse
    /// The task is another's: the transaction ends and the task closes.
    case abortAndClose
    /// Another owner has the task: it closes.
    case fenced
    /// The producer is of no use any more: the task closes, and is restored if it still is this process's.
    case closeAndRestore

    static func decide(_ facts: CommitFacts) -> CommitDecision {
        switch facts.answer {
        case .fenced: return .fenced
        case .fatal: return .closeAndRestore
        case .done where facts.step == .commit: return .committed
        case .done where facts.standing == .lost: return facts.step == .abort ? .leaveToNextOwner : .abortAndClose
        case .done: return .goOn
        case .unknown, .mustAbort, .refused: break
        }
        // The answer of an abort, whatever its words, is that the transaction has not ended yet.
        if facts.step == .abort { return again(facts) }
        // While a commit's outcome is unknown it may have happened, so that it can neither be aborted nor dropped.
        if facts.step == .commit, facts.answer == .unknown { return again(facts) }
        if facts.standing == .lost { return .abortAndClose }
        switch facts.answer {
        case .refused(canLeaveOut: true) where facts.rounds < Limits.refusalRoundsMax: return .leaveOutAndRedo
        case .refused: return .abortAndRefuse
        // Records that are sent again might be in the transaction twice.
        case .unknown where facts.step != .send: return again(facts)
        default: return .abortAndRedo
        }
    }

    private static func again(_ facts: CommitFacts) -> CommitDecision {
        if facts.standing == .lost { return .leaveToNextOwner }
        if facts.calls < Limits.transactionCallsMax { return .callAgain }
        return facts.standing == .owned ? .callLater : .leaveToNextOwner
    }
}
