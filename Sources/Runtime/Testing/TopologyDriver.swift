public import Base
public import Columns
public import Planner
public import Stores

/// Runs a topology in memory, with time in the caller's hand: no threads, no files, no clock. `pioneer test` runs tests
/// beside a topology on it, and the project's own oracle tests run on it too; the tasks are the real ones.
public final class TopologyDriver {
    public struct Row: Sendable {
        public var stream: String
        public var eventTime: EventTime
        public var values: [String: Value]
    }

    public let plan: Plan
    public let store: InMemoryStore
    private let partitionCount: Int
    private let batchRecords: Int
    private let stateBytesMax: Int
    private var tasks: [TopologyTask] = []
    private var keyReaders: [String: KeyReader] = [:]
    public internal(set) var clock: EventTime
    /// Every row that any source or stream gave, in order; after a restart also those that were given again.
    public private(set) var rows: [Row] = []

    /// - Parameters:
    ///   - clock: where the tasks' clock starts; it moves by `advance` only.
    ///   - store: a store to go on with, as after a restart.
    ///   - stateBytesMax: state that each task keeps in memory from one epoch to the next; the rest is in the store.
    public init(
        _ plan: Plan, clock: EventTime, partitionCount: Int = 1, batchRecords: Int = 4_096, store: InMemoryStore = InMemoryStore(),
        stateBytesMax: Int = 64 << 20
    ) throws {
        // Tests look at the rows of every stream, so every column is decoded.
        self.plan = plan.observingEverything()
        self.clock = clock
        self.partitionCount = partitionCount
        self.batchRecords = batchRecords
        self.stateBytesMax = stateBytesMax
        self.store = store
        for topic in Set(plan.topics).sorted() {
            try store.createTopic(TopicDescription(name: topic, partitionCount: partitionCount, retention: .forever))
        }
        try restart()
    }

    /// Drops the tasks with everything uncommitted, and restores them from the store.
    public func restart() throws {
        var settings = TopologyTask.Settings()
        settings.partitionCount = partitionCount
        settings.batchRecords = batchRecords
        settings.stateBytesMax = stateBytesMax
        tasks = try (0..<partitionCount).map { number in
            let task = TopologyTask(
                plan, partition: PartitionNumber(number), settings: settings, log: store, store: store, committer: store)
            task.probe = { [unowned self] stream, batch in note(batch, of: stream) }
            try task.restore()
            return task
        }
    }

    private func note(_ batch: Batch, of stream: String) {
        for index in 0..<batch.count {
            rows.append(
                Row(stream: stream, eventTime: EventTime(microseconds: batch.eventTimes.words[index]), values: batch.row(index)))
        }
    }

    /// Appends a record to a source's topic: to the partition its key belongs to, or to the one given.
    public func append(source name: String, value: [UInt8], partition: PartitionNumber? = nil) throws {
        guard let source = plan.sources.first(where: { $0.name == name }) else {
            preconditionFailure("the caller has checked that source '\(name)' exists")
        }
        let (own, key) = route(source, value)
        let buffer = RecordBuffer()
        value.withUnsafeBufferPointer { bytes in
            if let key {
                key.withUnsafeBufferPointer { buffer.append(timestamp: clock.microseconds, key: $0, value: bytes) }
            } else {
                buffer.append(timestamp: clock.microseconds, key: nil, value: bytes)
            }
        }
        _ = try store.append(AppendRequest(topic: source.topic, producer: nil, records: [(partition ?? own, buffer)]))
    }

    private func route(_ source: PlannedSource, _ value: [UInt8]) -> (PartitionNumber, key: [UInt8]?) {
        let reader = keyReaders[source.name] ?? KeyReader(source)
        keyReaders[source.name] = reader
        guard let key = reader.key(of: value) else { return (PartitionNumber(0), nil) }
        return (key.withUnsafeBufferPointer { Hashing.partition(of: $0, among: partitionCount) }, key)
    }

    /// Processes everything appended so far, with the clock standing still.
    public func run() throws {
        for task in tasks { while try task.step(now: clock) {} }
    }

    /// Processes everything, then moves clock and watermark to `time`.
    public func advance(to time: EventTime) throws {
        try run()
        clock = max(clock, time)
        for task in tasks { try task.advance(to: time) }
    }

    /// Ends the open epochs.
    public func commit() throws {
        for task in tasks { try task.commit() }
    }

    /// By partition.
    public var statuses: [TaskStatus] { tasks.map(\.currentStatus) }

    /// Counts over all tasks since the last restart.
    public var counters: TaskCounters {
        tasks.reduce(into: TaskCounters()) { $0.add($1.currentStatus.counters) }
    }
}

/// Reads the key of single records of a source.
private final class KeyReader {
    private let decoder: JSONRecordDecoder
    private let encoder: KeyEncoder
    private let bytes = ByteArena()

    init(_ source: PlannedSource) {
        var needed = source.type.columns.map { _ in false }
        for column in source.keyColumns { needed[column] = true }
        decoder = JSONRecordDecoder(schema: source.schema, projection: needed)
        encoder = KeyEncoder(columns: source.keyColumns, type: source.type)
    }

    /// Nil when the record has no readable key.
    func key(of value: [UInt8]) -> [UInt8]? {
        decoder.begin(capacity: 1)
        let isDecoded = value.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { decoder.append($0, count: bytes.count) == nil } ?? false
        }
        let columns = decoder.finish()
        bytes.removeAll()
        guard isDecoded, encoder.encode(row: 0, of: columns, into: bytes) else { return nil }
        return Array(bytes.bytes)
    }
}
