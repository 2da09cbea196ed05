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
    private let partitionCounts: [TopicName: Int]
    private let batchRecords: Int
    private let stateBytesMax: Int
    private(set) var tasks: [TopologyTask] = []
    private var keyReaders: [TopicName: KeyReader] = [:]
    public internal(set) var clock: EventTime
    /// Every row that any source or stream gave, in order; after a restart also those that were given again.
    public private(set) var rows: [Row] = []

    /// - Parameters:
    ///   - clock: where the tasks' clock starts; it moves by `advance` only.
    ///   - partitionCount: how many tasks there are, and partitions of all topics but those in `partitionCounts`.
    ///   - partitionCounts: of outputs and rekeyed sources that have another number of partitions.
    ///   - store: a store to go on with, as after a restart.
    ///   - stateBytesMax: state that each task keeps in memory from one epoch to the next; the rest is in the store.
    public init(
        _ plan: Plan, clock: EventTime, partitionCount: Int = 1, partitionCounts: [TopicName: Int] = [:], batchRecords: Int = 4_096,
        store: InMemoryStore = InMemoryStore(), stateBytesMax: Int = 64 << 20
    ) throws {
        // Tests look at the rows of every stream, so every column is decoded.
        self.plan = plan.observingEverything()
        self.clock = clock
        self.partitionCount = partitionCount
        self.partitionCounts = partitionCounts
        self.batchRecords = batchRecords
        self.stateBytesMax = stateBytesMax
        self.store = store
        for topic in Set(plan.topics).sorted() {
            let count = partitionCounts[topic] ?? partitionCount
            try store.createTopic(TopicDescription(name: topic, partitionCount: count, retention: .forever))
        }
        try restart()
    }

    /// Drops the tasks with everything uncommitted, and restores them from the store.
    public func restart() throws {
        var settings = TopologyTask.Settings()
        settings.partitionCount = partitionCount
        settings.partitionCounts = partitionCounts
        settings.batchRecords = batchRecords
        settings.stateBytesMax = stateBytesMax
        settings.hasStoreOfAll = true
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
        try append(KeyedTopic(source), value, isDeletion: false, partition)
    }

    /// Appends a record to a table's topic, the way `append(source:)` does.
    /// - Parameter isDeletion: the record has no value; `value` says the key.
    public func append(table name: String, value: [UInt8], isDeletion: Bool = false, partition: PartitionNumber? = nil) throws {
        guard let table = plan.tables.first(where: { $0.name == name }) else {
            preconditionFailure("the caller has checked that table '\(name)' exists")
        }
        try append(KeyedTopic(table), value, isDeletion: isDeletion, partition)
    }

    private func append(_ topic: KeyedTopic, _ value: [UInt8], isDeletion: Bool, _ partition: PartitionNumber?) throws {
        let reader = keyReaders[topic.topic] ?? KeyReader(topic)
        keyReaders[topic.topic] = reader
        let key = reader.key(of: value)
        let count = partitionCounts[topic.topic] ?? partitionCount
        let own = key?.withUnsafeBufferPointer { Hashing.partition(of: $0, among: count) } ?? PartitionNumber(0)
        let buffer = RecordBuffer()
        func append(_ key: UnsafeBufferPointer<UInt8>?) {
            value.withUnsafeBufferPointer { buffer.append(timestamp: clock.microseconds, key: key, value: isDeletion ? nil : $0) }
        }
        if let key { key.withUnsafeBufferPointer { append($0) } } else { append(nil) }
        _ = try store.append(AppendRequest(topic: topic.topic, producer: nil, records: [(partition ?? own, buffer)]))
    }

    /// Processes everything appended so far, with the clock standing still. Where rows hop, epochs end as often as it takes
    /// to bring all of them through.
    public func run() throws {
        repeat {
            for task in tasks { while try task.step(now: clock) {} }
        } while try commitHops()
    }

    /// Ends the open epochs that others wait for. False: nobody waits for anything.
    private func commitHops() throws -> Bool {
        guard !plan.hops.isEmpty else { return false }
        let waited = tasks.filter(\.isAwaited)
        for task in waited { try task.commit() }
        return !waited.isEmpty
    }

    /// Processes everything, then moves clock and watermark to `time`.
    public func advance(to time: EventTime) throws {
        try run()
        clock = max(clock, time)
        for task in tasks { try task.advance(to: time) }
        if !plan.hops.isEmpty { try run() }
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
