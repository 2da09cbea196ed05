public import Base

/// How far a process's copy of a task's state has followed the task's changelog.
public struct LocalPosition: Hashable, Sendable {
    /// The first changelog offset that is not in the state yet.
    public var changelog: Offset
    /// Timestamp of the last changelog record that is in it: tombstones are only kept for so long after.
    public var appliedAt: EventTime
    /// The epoch that the state is exactly of. Nil: in the midst of following the changelog, and of no use before its end.
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
    /// Notes the log; a copy of another log's state must have been dropped before.
    func setLogID(_ id: LogID) throws

    /// The tasks that there is anything of.
    func localTasks() throws -> [TaskID]

    /// Nil: nothing of the task is here.
    func position(of task: TaskID) throws -> LocalPosition?

    /// Writes the changes and the position, all or nothing. Nobody waits for the disk.
    func apply(_ changes: StateChanges, of task: TaskID, position: LocalPosition) throws

    /// Removes everything of the task, its position included. After a crash in the midst of it the position is gone first.
    func drop(_ task: TaskID) throws
}
