public import Base
public import Stores

/// A log and what the cases need beside its seams. The stores of one process, brokers and the simulated log run the same cases.
public struct LogUnderTest: Sendable {
    /// What some logs promise beyond the seam; cases that need it are passed over elsewhere.
    public struct Abilities: OptionSet, Sendable, CaseIterable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// An offset is a record's number: there is nothing between two records, nor behind the last.
        public static let denseOffsets = Abilities(rawValue: 1)
        /// Timestamps are kept to the microsecond; elsewhere to the millisecond.
        public static let microseconds = Abilities(rawValue: 2)
        /// A test can have retention pass records by their age.
        public static let expiring = Abilities(rawValue: 4)
        /// What is given up by `deleteRecords(before:)` is gone when it returns.
        public static let promptDeletes = Abilities(rawValue: 8)
        /// A topic that is there takes over another retention.
        public static let changesRetention = Abilities(rawValue: 16)
        public static let allCases: [Abilities] = [.denseOffsets, .microseconds, .expiring, .promptDeletes, .changesRetention]
    }

    public var log: any EventLog & RecordAppender
    public var abilities: Abilities
    /// What retention does: removes the oldest records that are all older than the time. For `.expiring`.
    public var expire: @Sendable (EventTime, TopicPartition) throws -> Void

    public init(
        _ log: any EventLog & RecordAppender, _ abilities: Abilities,
        expire: @escaping @Sendable (EventTime, TopicPartition) throws -> Void = { _, _ in }
    ) {
        self.log = log
        self.abilities = abilities
        self.expire = expire
    }

    /// What the stores of one process promise.
    public static let storeAbilities: Abilities = [.denseOffsets, .microseconds, .expiring, .changesRetention]

    /// Makes the topic `events` with two partitions, and a topic of the engine's own.
    public func makeTopics() throws {
        try log.createTopic(TopicDescription(name: eventsTopic, partitionCount: 2, retention: .forever))
        try log.createTopic(TopicDescription(name: .journal(of: "t"), partitionCount: 2, retention: .forever))
    }

    /// Where the first of the appended records went.
    func appended(_ records: RecordBuffer, to partition: TopicPartition = events) throws -> Offset {
        guard case .appended(let bases) = try append(log, partition, records), let base = bases[partition.partition], bases.count == 1
        else { throw ConformanceFailure(description: "one partition was to be appended to") }
        return base
    }

    /// A partition's records as `offset:value`, which must be the same however they are read.
    func records(_ partition: TopicPartition = events, from start: Int64 = 0, recordsMax: Int = 1_000) throws -> [String] {
        let all = try readAll(log, partition, from: start, recordsMax: recordsMax)
        try checkEqual(try followed(partition, from: start, recordsMax: recordsMax), all)
        return all
    }

    /// The same by a reader of its own, which is told as records come, up to the present end.
    private func followed(_ partition: TopicPartition, from start: Int64, recordsMax: Int) throws -> [String] {
        let reader = try log.reader(), batch = RecordBatch()
        let end = try reader.range(of: partition).end
        var next = Offset(start), found: [String] = []
        for _ in 0..<2_000 where next < end {
            let seen = reader.appendCount
            switch try reader.read(partition, from: next, recordsMax: recordsMax, bytesMax: 1 << 20, into: batch) {
            case .records(let after):
                try check(after > next, "a reader moves on from \(next), not to \(after)")
                for index in 0..<batch.count { found.append("\(batch[index].offset):\(text(batch[index].valueBytes) ?? "-")") }
                next = after
            case .atEnd(let reached):
                if reached <= next { reader.waitForAppend(since: seen, timeout: .milliseconds(10)) }
                next = max(next, reached)
            case let other: throw ConformanceFailure(description: "a reader met \(other) at \(next)")
            }
        }
        try check(next >= end, "\(next) of \(end) was reached in time")
        return found
    }
}

/// One sentence of the contract of a log and the code that checks it on an empty one.
public struct LogCase: Sendable, CustomStringConvertible {
    public let sentence: String
    public let needs: LogUnderTest.Abilities
    public let run: @Sendable (LogUnderTest) throws -> Void
    public var description: String { sentence }

    init(_ sentence: String, needs: LogUnderTest.Abilities = [], _ run: @escaping @Sendable (LogUnderTest) throws -> Void) {
        self.sentence = sentence
        self.needs = needs
        self.run = run
    }

    /// Every log runs those that its abilities allow.
    public static let all: [LogCase] = topicCases + readCases + retentionCases + appendCases

    public static func all(for abilities: LogUnderTest.Abilities) -> [LogCase] { all.filter { abilities.isSuperset(of: $0.needs) } }
}

/// `12:x` → `x`.
func value(_ line: String) -> String { String(line.drop { $0 != ":" }.dropFirst()) }

/// `12:x` → 12.
func offset(_ line: String) -> Int64 { Int64(line.prefix { $0 != ":" }) ?? -1 }
