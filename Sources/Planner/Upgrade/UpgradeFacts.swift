public import Base
public import Operators
public import Stores

/// What is known of a topology's tasks, and of the log, when its next version is compared with what runs.
public struct UpgradeFacts: Sendable {
    /// What one task has.
    public struct Task: Sendable {
        public var task: TaskID
        /// Nil: it has never committed.
        public var deployment: Deployment?
        public var positions: [EpochRecord.InputPosition]
        /// By state name, of streams with state.
        public var windows: [String: StoredWindows]
        /// By state name; empty where nobody asked.
        public var bytes: [String: Int]

        public init(
            task: TaskID, deployment: Deployment?, positions: [EpochRecord.InputPosition] = [], windows: [String: StoredWindows] = [:],
            bytes: [String: Int] = [:]
        ) {
            self.task = task
            self.deployment = deployment
            self.positions = positions
            self.windows = windows
            self.bytes = bytes
        }
    }

    public var tasks: [Task]
    /// Of the sources' topics that are there, by partition.
    public var ranges: [TopicPartition: OffsetRange]
    /// Rows of views, where they were counted.
    public var viewRows: [String: Int]

    public init(tasks: [Task], ranges: [TopicPartition: OffsetRange], viewRows: [String: Int] = [:]) {
        self.tasks = tasks
        self.ranges = ranges
        self.viewRows = viewRows
    }
}
