public import Base
public import Stores

/// What a task has done since the process started, and where it stands: a snapshot, as of its last commit.
public struct TaskStatus: Sendable {
    public var task: TaskID
    public var epoch = Epoch.none
    /// Least over the task's sources and hops, as of the last commit.
    public var watermark = EventTime.earliest
    public var clock = EventTime.earliest
    /// A status for each source, hop and table, in the topology's order.
    public var inputs: [InputStatus] = []
    public var counters = TaskCounters()
    /// When the last epoch was committed, on the engine's clock. `.earliest`: none yet.
    public var committedAt = EventTime.earliest
    /// Nanoseconds of the latest commits, oldest first; at most `commitsKept`.
    public var commitNanoseconds: [UInt64] = []
    public var state = StateSize()

    public static let commitsKept = 1_000

    public init(task: TaskID) { self.task = task }

    public var positions: [EpochRecord.InputPosition] { inputs.map(\.position) }

    /// The input that the watermark is the watermark of: the least of those that are not idle, or of all when all are.
    /// Nil: no input has had a record yet, so nothing is held.
    public var holder: InputStatus? {
        let timed = inputs.filter { $0.kind != .table }
        guard timed.contains(where: { $0.position.maxEventTime > .earliest }) else { return nil }
        let holding = timed.filter { !$0.position.isIdle }
        return (holding.isEmpty ? timed : holding).min { $0.position.watermark < $1.position.watermark }
    }
}

/// One input of a task.
public struct InputStatus: Sendable {
    public enum Kind: String, Sendable {
        /// A topic read as a stream.
        case source
        /// An internal topic with rows from all tasks of the topology.
        case hop
        /// A topic read as the latest value per key. It has no watermark.
        case table
    }

    public var kind = Kind.source
    /// The source's or table's name in the topology; of a hop, that of the stream which reads it.
    public var source: String
    public var position: EpochRecord.InputPosition
    /// Everything before it is read: at `position.next`, or beyond it where the log has places without records.
    public var reached: Offset
    /// How far the source's watermark stays behind its greatest event time.
    public var outOfOrder: TimeSpan
    /// Silence after which the source no longer holds the task's watermark.
    public var idleAfter: TimeSpan
    /// The engine's clock when the source's watermark last moved; `.earliest`: not since the process started.
    public var movedAt: EventTime
    /// The engine's clock when the last records were read; `.earliest`: none since the process started.
    public var readAt: EventTime

    public init(
        source: String, position: EpochRecord.InputPosition, reached: Offset? = nil, outOfOrder: TimeSpan, idleAfter: TimeSpan,
        movedAt: EventTime, readAt: EventTime
    ) {
        self.source = source
        self.position = position
        self.reached = reached ?? position.next
        self.outOfOrder = outOfOrder
        self.idleAfter = idleAfter
        self.movedAt = movedAt
        self.readAt = readAt
    }
}

/// What operators hold in memory. More may be in the store: what no recent record touched may leave memory.
public struct StateSize: Hashable, Sendable {
    public var bytes = 0
    public var windows = 0
    public var groups = 0

    public init(bytes: Int = 0, windows: Int = 0, groups: Int = 0) {
        self.bytes = bytes
        self.windows = windows
        self.groups = groups
    }

    public static func + (a: StateSize, b: StateSize) -> StateSize {
        StateSize(bytes: a.bytes + b.bytes, windows: a.windows + b.windows, groups: a.groups + b.groups)
    }
}

/// Counts since the process started.
public struct TaskCounters: Hashable, Sendable {
    public var records = 0
    public var batches = 0
    /// Records that came after their window had closed, per stream.
    public var late: [String: Int] = [:]
    public var deadLetters = 0
    /// Dead letters by the code of what is wrong with them.
    public var deadLettersByCode: [String: Int] = [:]
    public var commits = 0
    public var aborts = 0
    /// Rows written to outputs and views.
    public var rowsOut = 0
    /// Windows that have closed, of all streams: a window counts once, however many groups it has.
    public var windowsClosed = 0
    /// How often the task reached a share of memory.
    public var memoryPressure: [MemoryShare: Int] = [:]

    /// What a task may take of the engine's memory.
    public enum MemoryShare: String, Sendable {
        /// State between epochs: beyond it, part of it is left to the store.
        case state
        /// Outputs and changes of the open epoch: at it, the epoch ends early.
        case epoch
    }

    public init() {}

    public var lateTotal: Int { late.values.reduce(0, +) }

    /// Adds another task's counts.
    public mutating func add(_ other: TaskCounters) {
        records += other.records
        batches += other.batches
        late.merge(other.late, uniquingKeysWith: +)
        deadLetters += other.deadLetters
        deadLettersByCode.merge(other.deadLettersByCode, uniquingKeysWith: +)
        commits += other.commits
        aborts += other.aborts
        rowsOut += other.rowsOut
        windowsClosed += other.windowsClosed
        memoryPressure.merge(other.memoryPressure, uniquingKeysWith: +)
    }

    /// Without what an epoch has counted that was dropped and is done again: it counts then. That it was aborted, and that
    /// memory ran short, happened all the same.
    func dropping(epochAfter committed: TaskCounters) -> TaskCounters {
        var counters = committed
        counters.aborts = aborts
        counters.memoryPressure = memoryPressure
        return counters
    }

    mutating func noteDeadLetter(_ code: ErrorCode) {
        deadLetters += 1
        deadLettersByCode[code.text, default: 0] += 1
    }
}
