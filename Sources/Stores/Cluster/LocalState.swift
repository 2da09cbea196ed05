public import Base

/// How far a process's copy of a task's state has followed the task's changelog.
public struct LocalPosition: Hashable, Sendable {
    /// The first changelog offset that is not in the state yet.
    public var changelog: Offset
    /// Timestamp of the last changelog record that is in it: tombstones are only kept for so long after.
    public var appliedAt: EventTime
    /// The epoch whose record was the last that went in. Nil: in the midst of an epoch's changes. The state is exactly of
    /// that epoch only once the changelog was followed to its end: compaction takes away what later epochs overwrote.
    public var epoch: EpochRecord?

    public init(changelog: Offset, appliedAt: EventTime, epoch: EpochRecord?) {
        self.changelog = changelog
        self.appliedAt = appliedAt
        self.epoch = epoch
    }
}

/// A process's copy of the state of tasks whose truth is a changelog: losing any of it costs time, never data.
///
/// `lastEpoch` is the position's. After a crash of the process everything applied is there; after one of the machine a
/// prefix of what was applied, whole calls at a time.
public protocol LocalState: StateStore {
    /// Which log the state follows; nil: none yet.
    func logID() throws -> LogID?

    /// Has the state follow this log from now on: what is there of another is dropped first. Returns the tasks that were
    /// dropped. Of several threads that call it at once only the first drops anything; idempotent.
    @discardableResult
    func adopt(_ id: LogID) throws -> [TaskID]

    /// The tasks that there is anything of.
    func localTasks() throws -> [TaskID]

    /// Nil: nothing of the task is here.
    func position(of task: TaskID) throws -> LocalPosition?

    /// Writes the changes and the position, all or nothing. Nobody waits for the disk. May be repeated after it threw.
    func apply(_ changes: StateChanges, of task: TaskID, position: LocalPosition) throws

    /// Removes everything of the task, its position included. After a crash in the midst of it the position is gone first.
    func drop(_ task: TaskID) throws
}
