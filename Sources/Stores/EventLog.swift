public import Base

/// How long a topic's records are kept.
public struct Retention: Hashable, Sendable {
    /// Records whose timestamp is further than this behind the clock may go. Nil: kept however old.
    public var age: TimeSpan?
    /// The oldest chunks of a partition go while it holds more bytes than this. Nil: no bound.
    public var bytesMax: Int?
    /// Of records with the same key only the last need stay; a tombstone goes once nothing is left for it to hide.
    public var isCompacted: Bool

    public init(age: TimeSpan? = nil, bytesMax: Int? = nil, isCompacted: Bool = false) {
        self.age = age
        self.bytesMax = bytesMax
        self.isCompacted = isCompacted
    }

    public static let forever = Retention()

    /// How long a log of many processes keeps tombstones in the engine's own topics, for copies that follow them: one that was
    /// away for longer may miss deletes.
    public static let tombstonesKept = TimeSpan.hours(24)
}

public struct TopicDescription: Hashable, Sendable {
    public var name: TopicName
    public var partitionCount: Int
    public var retention: Retention

    public init(name: TopicName, partitionCount: Int, retention: Retention) {
        self.name = name
        self.partitionCount = partitionCount
        self.retention = retention
    }
}

/// The offsets a partition holds: `first` is the oldest still there, `end` is one past the last committed record.
public struct OffsetRange: Hashable, Sendable {
    public var first: Offset
    public var end: Offset
    public init(first: Offset, end: Offset) {
        self.first = first
        self.end = end
    }
}

/// Names one log for its life, so that a view can tell that it was filled from another.
public struct LogID: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}

public enum ReadOutcome: Hashable, Sendable {
    /// Records were put into the batch; continue at `next`.
    case records(next: Offset)
    /// Nothing at or after the offset yet. Everything before `reached` is known to be read: where a log has places without
    /// records (Kafka's markers, removed records), that is beyond the offset asked for.
    case atEnd(reached: Offset)
    /// The offset lies before the oldest record kept: retention has passed it.
    case expired(first: Offset)
    /// The offset lies beyond the end: the reader's position is of another log, or of a later state of this one.
    case beyondEnd(end: Offset)
}

/// The log as readers see it: records appended by clients and by committed epochs, nothing uncommitted.
///
/// Methods may be called from any thread and block for the time of a disk read; none waits for records to arrive
/// except `waitForAppend`. Reading is free of side effects, so a failed call may be repeated.
public protocol EventLog: Sendable {
    var id: LogID { get }

    /// All topics, by name.
    func topics() throws -> [TopicDescription]

    /// Nil: there is no such topic.
    func topic(_ name: TopicName) throws -> TopicDescription?

    /// Makes a topic, or leaves one alone that is there with the same partition count, taking over the new retention.
    /// Throws `log.partition_count` when it is there with another count. Idempotent.
    func createTopic(_ description: TopicDescription) throws

    /// Throws `log.unknown_topic` or `log.unknown_partition`.
    func range(of partition: TopicPartition) throws -> OffsetRange

    /// Puts records from `offset` on into `batch`, which is emptied first: at least one if there is any, at most
    /// `recordsMax`, and no further chunk once `bytesMax` bytes are reached. The batch keeps the memory alive.
    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome

    /// The same log for one thread that reads its partitions in order, each on from where it stopped: what a log fetches
    /// ahead for one reader is of no use to another.
    func reader() throws -> any EventLog

    /// Bytes of the largest record (key, value and headers) that the log takes.
    var recordBytesMax: Int { get }

    /// Gives up records before `offset`: nobody will read them again. They may stay for a while.
    /// Throws `log.unknown_topic` or `log.unknown_partition`.
    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws

    /// Counts appends of any kind; grows only. For `waitForAppend`.
    var appendCount: UInt64 { get }

    /// Blocks until `appendCount` is no longer `seen` or the time is over; returns at once if it already is not.
    func waitForAppend(since seen: UInt64, timeout: TimeSpan)
}

extension EventLog {
    public func reader() throws -> any EventLog { self }
    public var recordBytesMax: Int { .max }
}

/// One client's append to one topic.
public struct AppendRequest {
    /// Identifies the appender and the place in its sequence of appends, so that a retry appends nothing twice.
    public struct Producer: Hashable, Sendable {
        /// Chosen by the client, stable over its restarts: 1 to 128 printable characters.
        public var id: String
        /// Grows by one with each new append to the topic, starting anywhere.
        public var sequence: Int64
        public init(id: String, sequence: Int64) {
            self.id = id
            self.sequence = sequence
        }
    }

    public var topic: TopicName
    public var producer: Producer?
    /// What to append, per partition; empty buffers are passed over.
    public var records: [(partition: PartitionNumber, buffer: RecordBuffer)]

    public init(topic: TopicName, producer: Producer?, records: [(partition: PartitionNumber, buffer: RecordBuffer)]) {
        self.topic = topic
        self.producer = producer
        self.records = records
    }
}

public enum AppendOutcome: Hashable, Sendable {
    /// Durable. Base offset per partition appended to.
    case appended([PartitionNumber: Offset])
    /// The producer's sequence number was appended before: nothing is appended again.
    case duplicate(lastSequence: Int64)
    /// The producer skipped: `expected` comes next. Nothing is appended.
    case outOfSequence(expected: Int64)
}

/// How clients' records get into the log.
public protocol RecordAppender: Sendable {
    /// All or nothing, over all partitions of the request; durable when it returns. Thread-safe. With a producer, safe to
    /// repeat after an error or an unknown outcome; without, a repeat may append twice.
    /// Throws `log.unknown_topic`, `log.unknown_partition`, or `store.…` for the disk.
    func append(_ request: AppendRequest) throws -> AppendOutcome

    /// The last sequence number a producer appended to the topic: where a client that restarts goes on. Nil: none.
    func lastSequence(of producer: String, topic: TopicName) throws -> Int64?
}
