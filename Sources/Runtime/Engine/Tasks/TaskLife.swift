import Base

/// Where a task of this process is in its life, and what is to be done when something happens to it. Decides only: a
/// `HostedTask` acts. Start, restart, rebalance and what follows a failure are one path through it.
///
/// ```
///                           retryable: wait ⟲        retryable: wait ⟲
///             assigned               │    ready             │
///   absent ──────────────────▶ restoring ────────────▶ running ⟲ steps
///     ▲                          │   ▲  ▲                 │  │
///     │      revoked, lost:      │   │  └─────────────────┘  │
///     ├────────── close ─────────┘   │  fenced: close, and   │
///     │                              │  take it up again     │
///     │   revoked, stopped: commit, close · lost: close      │
///     └──────────────────────────────────────────────────────┘
/// ```
/// A refusal, from wherever, ends the engine: no waiting mends it. Where tasks go from process to process, an error is one only
/// once the log has told that the task is this process's (`OwnershipDecision`).
struct TaskLife: Equatable {
    enum Phase: Hashable, CaseIterable {
        /// Nothing of the task is here.
        case absent
        /// Its state is being brought to its last epoch, step by step.
        case restoring
        case running
    }

    enum Happening: Hashable, CaseIterable {
        case assigned
        /// The state is that of the last epoch.
        case ready
        /// The task goes to another process once that is acknowledged: the open epoch may still be committed.
        case revoked
        /// The task is another process's already.
        case lost
        /// The engine stops in good order.
        case stopped
        /// A step failed in a way that waiting may mend.
        case failedForNow
        /// The task's epochs are not taken any more: another owner has fenced it, or its producer is of no use.
        case fenced
        /// A step failed, and will each time.
        case refused
    }

    enum Act: Hashable {
        case nothing
        /// Make what the task stands on, and begin to restore.
        case open
        /// Make the task of its state, and let it take steps.
        case run
        /// Let go of what is open, uncommitted.
        case close
        case commitAndClose
        /// Try the same again after a while.
        case wait
        /// Close, and open again after a while.
        case reopen
        /// Close; the failure is the engine's end.
        case stopEngine
    }

    private(set) var phase = Phase.absent

    /// The only way from phase to phase.
    mutating func on(_ happening: Happening) -> Act {
        let (next, act) = Self.decide(phase, happening)
        phase = next
        return act
    }

    static func decide(_ phase: Phase, _ happening: Happening) -> (Phase, Act) {
        switch (phase, happening) {
        case (.absent, .assigned): (.restoring, .open)
        // What was under way for a task that has gone.
        case (.absent, _): (.absent, .nothing)
        case (_, .assigned): (phase, .nothing)

        case (.restoring, .ready): (.running, .run)
        case (.restoring, .revoked), (.restoring, .lost), (.restoring, .stopped): (.absent, .close)

        case (.running, .ready): (.running, .nothing)
        case (.running, .revoked), (.running, .stopped): (.absent, .commitAndClose)
        case (.running, .lost): (.absent, .close)

        case (_, .failedForNow): (phase, .wait)
        case (_, .fenced): (.restoring, .reopen)
        case (_, .refused): (.absent, .stopEngine)
        }
    }
}

extension TaskLife.Happening {
    /// What an error of a task's step means to the task.
    ///
    /// - Parameter canMove: whether tasks go from process to process. Where they do not, being fenced means that there are
    ///   two engines on one store, which no waiting mends.
    init(_ error: EngineError, canMove: Bool) {
        self = error.isTransient ? .failedForNow : canMove && error.code == .taskFenced ? .fenced : .refused
    }

    /// What an error that waiting does not mend means to the task, by whose it is.
    init(_ decision: OwnershipDecision) {
        switch decision {
        case .prove, .askLater: self = .failedForNow
        case .stands: self = .refused
        case .restore: self = .fenced
        case .letGo: self = .lost
        }
    }
}
