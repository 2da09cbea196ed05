public import Base
public import Stores

/// What a task has done since the process started, and where it stands: a snapshot.
public struct TaskStatus: Sendable {
    public var task: TaskID
    public var epoch = Epoch.none
    /// Least over the task's sources, as of the last commit.
    public var watermark = EventTime.earliest
    public var clock = EventTime.earliest
    public var positions: [EpochRecord.InputPosition] = []
    public var counters = TaskCounters()
    /// Nanoseconds of the latest commits, oldest first; at most `commitsKept`.
    public var commitNanoseconds: [UInt64] = []
    public var stateBytes = 0

    public static let commitsKept = 1_000

    public init(task: TaskID) { self.task = task }
}

/// Counts since the process started.
public struct TaskCounters: Hashable, Sendable {
    public var records = 0
    public var batches = 0
    /// Records that came after their window had closed, per stream.
    public var late: [String: Int] = [:]
    public var deadLetters = 0
    public var commits = 0
    public var aborts = 0
    /// Rows written to outputs and views.
    public var rowsOut = 0

    public init() {}

    public var lateTotal: Int { late.values.reduce(0, +) }
}
