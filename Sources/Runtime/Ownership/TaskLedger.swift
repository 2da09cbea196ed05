public import Base
public import Stores
import Synchronization
import Telemetry

/// Who runs a task: what the journal says of each epoch, so that any process can tell.
public struct TaskOwner: Hashable, Sendable {
    /// Names the process's membership, the same over its restarts.
    public var instance: String
    public var host: String
    public init(instance: String, host: String) {
        self.instance = instance
        self.host = host
    }
}

/// Names of a journal record's headers.
public enum JournalHeader {
    public static let instance = "instance"
    public static let host = "host"
}

/// A task's store on a log that many processes share: the commit protocol and the restore path.
///
/// The log is the truth: an epoch's outputs, changes, record and offsets are one transaction. `LocalState` is this process's
/// copy of the state; it is written only after the log has committed, and holds exactly one epoch then.
///
/// ```
///               restoreStep ⟲                     commit
///  new ──▶ restoring ───────────▶ ready ──────────────────────▶ committing
///              │                    ▲   committed · aborted          │
///              │                    └────────────────────────────────┤
///              │ fenced                          fenced · left       │
///              └───────────────────▶ closed ◀────────────────────────┘
/// ```
/// A closed ledger stays closed: who still has the task makes another. The task's thread owns it and calls everything but
/// `note`, which any thread may.
public final class TaskLedger: StateStore, EpochCommit, @unchecked Sendable {
    public struct Settings: Sendable {
        public var owner = TaskOwner(instance: "", host: "")
        /// How long a restore waits for group and changelog to agree.
        public var offsetsWait = Limits.offsetsWait
        /// How long the changelog keeps tombstones after they were written.
        public var tombstonesKept = Retention.tombstonesKept
        /// Bytes of changes that a restore applies in one write, about.
        public var chunkBytes = Limits.restoreChunkBytes

        public init() {}
    }

    enum Life {
        case restoring(Restore)
        case ready
        case committing(Commit)
        case closed
    }

    public let task: TaskID
    /// The partitions that this task alone reads: their offsets are committed, and compared at the restore. Partitions that
    /// all tasks read (`everywhere` tables) stand in the epoch records only, because a group has one offset for each.
    public let inputs: [TopicPartition]
    let cluster: any TaskCluster
    let membership: any TaskMembership
    let log: any EventLog
    let local: any LocalState
    let settings: Settings
    let changelog: TopicPartition

    var life = Life.restoring(Restore())
    var transactions: (any TaskTransactions)?
    /// Where a task begins that has never committed, if somebody has set the group's offsets.
    var beginning: EpochRecord?
    /// An epoch's changelog and journal records; kept from epoch to epoch for their memory.
    let changelogRecords = RecordBuffer()
    let journalRecords = RecordBuffer()
    private let standingValue = Atomic<Int>(TaskStanding.owned.rawValue)

    /// - Parameters:
    ///   - inputs: the partitions that this task alone reads, none of the `everywhere` tables.
    ///   - log: read from through a reader of the ledger's own.
    public init(
        _ task: TaskID, inputs: [TopicPartition], cluster: any TaskCluster, membership: any TaskMembership, log: any EventLog,
        local: any LocalState, settings: Settings = Settings()
    ) {
        self.task = task
        self.inputs = inputs
        self.cluster = cluster
        self.membership = membership
        self.log = log
        self.local = local
        self.settings = settings
        changelog = Changelog.partition(of: task)
    }

    /// How far the process may still go with the task.
    public var standing: TaskStanding {
        TaskStanding(rawValue: standingValue.load(ordering: .acquiring)) ?? .lost
    }

    /// Tells how far the process may still go with the task: a commit under way takes it into account between its calls. An
    /// earlier standing than the present one is passed over. Any thread may call it.
    public func note(_ standing: TaskStanding) {
        _ = standingValue.max(standing.rawValue, ordering: .acquiringAndReleasing)
    }

    public var isReady: Bool {
        if case .ready = life { true } else { false }
    }

    public var isClosed: Bool {
        if case .closed = life { true } else { false }
    }

    /// Gives up the task. An epoch whose commit has not come to an end is left to the next owner, whose fence decides it.
    /// May be called twice.
    public func close() {
        life = .closed
        transactions?.close()
        transactions = nil
    }
}

// MARK: Reading the state

extension TaskLedger {
    public func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws {
        try local.multiGet(keys, body)
    }

    public func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try local.scan(prefix: prefix, from: start, body)
    }

    public func bytes(prefix: UnsafeRawBufferPointer) throws -> Int { try local.bytes(prefix: prefix) }

    /// The task's last epoch; where it has none but the group has offsets, an epoch 0 that stands there.
    /// Throws `task.fenced` before the restore has ended and after the task was given up, and `task.commit_unknown`
    /// (transient) while a commit has not come to an end.
    public func lastEpoch(of task: TaskID) throws -> EpochRecord? {
        precondition(task == self.task, "a ledger is asked for its own task")
        switch life {
        case .ready: return try local.lastEpoch(of: task) ?? beginning
        case .committing(let commit):
            throw OwnershipErrors.commitUnknown(task, commit.record.epoch, commit.lastFault ?? LogErrors.closed(), isLeft: false)
        case .restoring, .closed: throw OwnershipErrors.fenced(task)
        }
    }
}
