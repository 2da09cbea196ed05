public import Base
public import Runtime
public import Stores

/// What the HTTP interface needs of a running engine. All methods may block for a disk access, and are called from
/// threads made for that.
public protocol EngineFacade: Sendable {
    var log: any EventLog { get }
    var appender: any RecordAppender { get }
    var views: any ViewStore { get }
    /// The views of all topologies that run.
    var viewDefinitions: [ViewDefinition] { get }

    func health() -> EngineHealth

    /// All there is to know of what runs. Throws what the stores throw.
    func report() throws -> EngineReport

    /// Where a view stands, as its projection last told; without a partition that it has not told of. The database is not
    /// asked: it may not answer for long.
    func positions(of view: ViewDefinition) -> [PartitionNumber: ViewPosition]

    /// A view's latest rebuild, as its projection last told or `note` did; nil: none is known. The database is not asked.
    /// Throws what the log throws.
    func rebuild(of view: ViewDefinition) throws -> EngineStatus.View.Rebuild?

    /// Takes what the database has just told of a view's rebuild: what is read afterwards is not older.
    func note(rebuild: ViewRebuild?, of view: ViewDefinition)

    /// The sources of all topologies that read the topic. Empty where none does.
    func readings(of topic: TopicName) -> [SourceReading]

    /// What becomes of a topology's state and views when a deployment follows what runs, as JSON. Throws `api.bad_deployment`
    /// when the bytes are none.
    func upgrade(of topology: String, to deployment: UnsafeRawBufferPointer) throws -> String

    /// Splits lines of JSON into records, reads their keys by the topic's schema, and spreads them over the partitions.
    /// Throws `append.topic_not_read` when no schema says how the topic is keyed.
    func route(topic: TopicName, lines: UnsafeRawBufferPointer, now: EventTime) throws -> RoutedLines
}

/// Records of an append, keyed and spread over the topic's partitions.
public struct RoutedLines {
    public var records: [(partition: PartitionNumber, buffer: RecordBuffer)]
    public var count: Int
    /// Records without a usable key. They are appended too: the topology that reads them makes dead letters of them.
    public var withoutKeyCount: Int

    public init(records: [(partition: PartitionNumber, buffer: RecordBuffer)], count: Int, withoutKeyCount: Int) {
        self.records = records
        self.count = count
        self.withoutKeyCount = withoutKeyCount
    }
}

/// How an engine is, as `GET /health` tells it.
public struct EngineHealth: Sendable {
    public enum Status: String, Sendable {
        case running
        /// A stop was asked for, or something failed: answered with status 503.
        case stopping
    }

    public struct Topology: Sendable {
        public var name: String
        public var tasks: [Task]
        /// The views whose projection stands still, and why.
        public var troubles: [String: ViewTrouble]
        public init(name: String, tasks: [Task], troubles: [String: ViewTrouble] = [:]) {
            self.name = name
            self.tasks = tasks
            self.troubles = troubles
        }
    }

    public struct Task: Sendable {
        public var partition: PartitionNumber
        public var epoch: Epoch
        public var watermark: EventTime
        public var clock: EventTime
        public var positions: [EpochRecord.InputPosition]
        /// Since the process started.
        public var recordCount: Int
        public var lateCount: Int
        /// The same by the stream whose windows had closed.
        public var lateByStream: [String: Int]
        public var deadLetterCount: Int
        /// The same by error code.
        public var deadLettersByCode: [String: Int]

        public init(
            partition: PartitionNumber, epoch: Epoch, watermark: EventTime, clock: EventTime,
            positions: [EpochRecord.InputPosition], recordCount: Int, lateCount: Int, lateByStream: [String: Int] = [:],
            deadLetterCount: Int, deadLettersByCode: [String: Int] = [:]
        ) {
            self.partition = partition
            self.epoch = epoch
            self.watermark = watermark
            self.clock = clock
            self.positions = positions
            self.recordCount = recordCount
            self.lateCount = lateCount
            self.lateByStream = lateByStream
            self.deadLetterCount = deadLetterCount
            self.deadLettersByCode = deadLettersByCode
        }
    }

    public var status: Status
    /// The program's version.
    public var version: String
    public var uptime: TimeSpan
    public var topologies: [Topology]

    public init(status: Status, version: String, uptime: TimeSpan, topologies: [Topology]) {
        self.status = status
        self.version = version
        self.uptime = uptime
        self.topologies = topologies
    }
}
