import Base
import Stores

/// A log as one is whose records have to be fetched: a read may find nothing yet although there is something, the end lies
/// behind a marker without a record, and a transaction may keep back what comes after an offset.
final class FetchingLog: EventLog, @unchecked Sendable {
    private let base: InMemoryStore
    /// Every read but the so manieth finds nothing.
    var readsPerFetch = 1
    var markers: Int64 = 0
    var heldBackFrom: [TopicPartition: Offset] = [:]
    /// It removes nothing when it is asked to.
    var keepsRecords = false
    private var reads = 0

    init(_ base: InMemoryStore) { self.base = base }

    func end(of partition: TopicPartition) throws -> Offset {
        let end = try base.range(of: partition).end
        return end > .zero ? Offset(end.number + markers) : end
    }

    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        reads += 1
        batch.removeAll()
        if reads % readsPerFetch != 0 { return .atEnd(reached: offset) }
        if let held = heldBackFrom[partition], offset >= held { return .atEnd(reached: offset) }
        let (last, end) = (try base.range(of: partition).end, try end(of: partition))
        if offset >= last, offset <= end { return .atEnd(reached: end) }
        let outcome = try base.read(partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax, into: batch)
        if let held = heldBackFrom[partition], case .records(let next) = outcome, next > held {
            return try base.read(
                partition, from: offset, recordsMax: Int(held.number - offset.number), bytesMax: bytesMax, into: batch)
        }
        return outcome
    }

    var id: LogID { base.id }
    func topics() throws -> [TopicDescription] { try base.topics() }
    func topic(_ name: TopicName) throws -> TopicDescription? { try base.topic(name) }
    func createTopic(_ description: TopicDescription) throws { try base.createTopic(description) }
    func range(of partition: TopicPartition) throws -> OffsetRange {
        OffsetRange(first: try base.range(of: partition).first, end: try end(of: partition))
    }
    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        guard !keepsRecords else { throw EngineError(ErrorCode("test.keeps"), .environment, "nothing is removed here") }
        try base.deleteRecords(before: offset, in: partition)
    }
    var appendCount: UInt64 { base.appendCount }
    func waitForAppend(since seen: UInt64, timeout: TimeSpan) { base.waitForAppend(since: seen, timeout: timeout) }
}
