import Base
import Stores

/// A log whose reads stand still while its gate is closed: as for the threads of a process that was stopped and will be woken.
final class GatedLog: EventLog, RecordAppender {
    private struct Gate {
        var isOpen = true
        var reads = 0
    }

    private let base: InMemoryStore
    private let gate = Monitor(Gate())

    init(_ base: InMemoryStore) { self.base = base }

    /// Returns when no read is under way; from then on none begins.
    func close() {
        gate.withLock { $0.isOpen = false }
        gate.wait { $0.reads == 0 ? () : nil }
    }

    func open() {
        gate.withLock { $0.isOpen = true }
        gate.wakeAll()
    }

    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        gate.wait { gate -> Void? in
            guard gate.isOpen else { return nil }
            gate.reads += 1
            return ()
        }
        defer {
            gate.withLock { $0.reads -= 1 }
            gate.wakeAll()
        }
        return try base.read(partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax, into: batch)
    }

    var id: LogID { base.id }
    func topics() throws -> [TopicDescription] { try base.topics() }
    func topic(_ name: TopicName) throws -> TopicDescription? { try base.topic(name) }
    func createTopic(_ description: TopicDescription) throws { try base.createTopic(description) }
    func range(of partition: TopicPartition) throws -> OffsetRange { try base.range(of: partition) }
    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try base.deleteRecords(before: offset, in: partition)
    }
    var appendCount: UInt64 { base.appendCount }
    func waitForAppend(since seen: UInt64, timeout: TimeSpan) { base.waitForAppend(since: seen, timeout: timeout) }
    func append(_ request: AppendRequest) throws -> AppendOutcome { try base.append(request) }
    func lastSequence(of producer: String, topic: TopicName) throws -> Int64? { try base.lastSequence(of: producer, topic: topic) }
}
