public import Base

/// State entries an epoch changed: the last write of a key wins.
public struct StateChanges {
    public private(set) var keys: ByteRuns
    /// Parallel to `keys`; an empty run with `isDelete` set deletes.
    public private(set) var values: ByteRuns
    public private(set) var isDelete: [Bool]

    public init() {
        keys = ByteRuns()
        values = ByteRuns()
        isDelete = []
    }

    public var count: Int { keys.count }
    public var byteCount: Int { keys.arena.count + values.arena.count }

    public mutating func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        keys.append(key)
        values.append(value)
        isDelete.append(false)
    }

    public mutating func delete(key: UnsafeRawBufferPointer) {
        keys.append(key)
        values.endRun()
        isDelete.append(true)
    }

    public mutating func removeAll() {
        keys.removeAll()
        values.removeAll()
        isDelete.removeAll(keepingCapacity: true)
    }
}

/// Everything one epoch makes durable, at once or not at all.
public struct EpochWrite {
    public var task: TaskID
    public var record: EpochRecord
    /// Outputs, view rows, dead letters: appended in this order; topics may repeat.
    public var outputs: [(partition: TopicPartition, buffer: RecordBuffer)]
    public var changes: StateChanges

    public init(
        task: TaskID, record: EpochRecord, outputs: [(partition: TopicPartition, buffer: RecordBuffer)], changes: StateChanges
    ) {
        self.task = task
        self.record = record
        self.outputs = outputs
        self.changes = changes
    }
}

/// What a commit came to. A caller acts on it; it never retries by itself on another path.
public enum CommitOutcome: Hashable, Sendable {
    /// All of it is durable and visible.
    case committed
    /// None of it is, and it never will be: drop what the epoch touched, read it again, seek back.
    case aborted
    /// Another owner has taken the task over, or the store is closing: stop the task.
    case fenced
}

/// The one write of the engine. Outputs, state, offsets and the epoch record become durable and visible together.
public protocol EpochCommit: Sendable {
    /// Commits the epoch that follows the task's last one. Thread-safe across tasks; one call at a time per task.
    ///
    /// Writes the encoded record under the task's state and appends it to the topology's journal topic
    /// (`TopicName.journal`, the task's partition).
    /// Throws `store.…` when the disk fails: then none of it is visible, the call may be repeated with the same write
    /// (it commits once), and until it succeeds the task goes no further.
    func commit(_ write: EpochWrite) throws -> CommitOutcome
}
