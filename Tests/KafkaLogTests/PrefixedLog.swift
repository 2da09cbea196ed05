import Base
import KafkaBrokers
import Stores
import StoresConformance

/// A log as if it were empty and nobody else's: names of topics get a prefix, those of the engine's own stay its own.
final class PrefixedLog: EventLog, RecordAppender {
    private let log: any EventLog
    private let appender: any RecordAppender
    private let prefix: String

    init(_ log: any EventLog & RecordAppender) {
        self.log = log
        appender = log
        prefix = Brokers.unique("c") + "-"
    }

    /// A reader of another.
    private init(_ reader: any EventLog, of whole: PrefixedLog) {
        log = reader
        appender = whole.appender
        prefix = whole.prefix
    }

    func outer(_ name: TopicName) -> TopicName {
        let text = name.isInternal ? Self.own + prefix + name.text.dropFirst(Self.own.count) : prefix + name.text
        return TopicName(text) ?? name
    }
    private static let own = "_pioneer."
    private func outer(_ partition: TopicPartition) -> TopicPartition { TopicPartition(outer(partition.topic), partition.partition) }
    private func inner(_ found: TopicDescription) -> TopicDescription? {
        let own = found.name.isInternal ? Self.own : ""
        guard found.name.text.hasPrefix(own + prefix) else { return nil }
        return TopicDescription(
            name: StoresConformance.topic(own + found.name.text.dropFirst((own + prefix).count)), partitionCount: found.partitionCount,
            retention: found.retention)
    }

    var id: LogID { log.id }
    var appendCount: UInt64 { log.appendCount }
    var recordBytesMax: Int { log.recordBytesMax }
    func topics() throws -> [TopicDescription] { try log.topics().compactMap(inner) }
    func topic(_ name: TopicName) throws -> TopicDescription? { try log.topic(outer(name)).flatMap(inner) }
    func createTopic(_ description: TopicDescription) throws {
        try log.createTopic(
            TopicDescription(
                name: outer(description.name), partitionCount: description.partitionCount, retention: description.retention))
    }
    func reader() throws -> any EventLog { PrefixedLog(try log.reader(), of: self) }
    func range(of partition: TopicPartition) throws -> OffsetRange { try log.range(of: outer(partition)) }
    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        try log.read(outer(partition), from: offset, recordsMax: recordsMax, bytesMax: bytesMax, into: batch)
    }
    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try log.deleteRecords(before: offset, in: outer(partition))
    }
    func waitForAppend(since seen: UInt64, timeout: TimeSpan) { log.waitForAppend(since: seen, timeout: timeout) }
    func append(_ request: AppendRequest) throws -> AppendOutcome {
        try appender.append(AppendRequest(topic: outer(request.topic), producer: request.producer, records: request.records))
    }
    func lastSequence(of producer: String, topic: TopicName) throws -> Int64? {
        try appender.lastSequence(of: producer, topic: outer(topic))
    }
}
