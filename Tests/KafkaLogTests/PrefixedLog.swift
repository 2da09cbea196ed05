import Base
import KafkaBrokers
import Stores
import StoresConformance

/// A log as if it were empty and nobody else's: topics get a prefix of their own. Commits and state are not there.
final class PrefixedLog: EventLog, RecordAppender, StateStore, EpochCommit {
    let log: any EventLog & RecordAppender
    private let prefix: String

    init(_ log: any EventLog & RecordAppender, prefix: String = Brokers.unique("c") + "-") {
        self.log = log
        self.prefix = prefix
    }

    func outer(_ name: TopicName) -> TopicName { TopicName(prefix + name.text) ?? name }
    private func outer(_ partition: TopicPartition) -> TopicPartition { TopicPartition(outer(partition.topic), partition.partition) }
    private func inner(_ found: TopicDescription) -> TopicDescription? {
        guard found.name.text.hasPrefix(prefix) else { return nil }
        return TopicDescription(
            name: StoresConformance.topic(String(found.name.text.dropFirst(prefix.count))), partitionCount: found.partitionCount,
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
        try log.append(AppendRequest(topic: outer(request.topic), producer: request.producer, records: request.records))
    }
    func lastSequence(of producer: String, topic: TopicName) throws -> Int64? {
        try log.lastSequence(of: producer, topic: outer(topic))
    }

    private var absent: EngineError { EngineError(.storeClosed, .internal, "Kafka's log has no state") }
    func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws { throw absent }
    func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws { throw absent }
    func lastEpoch(of task: TaskID) throws -> EpochRecord? { throw absent }
    func commit(_ write: EpochWrite) throws -> CommitOutcome { throw absent }
}
