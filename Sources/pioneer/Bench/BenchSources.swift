import Base
import Planner
import Stores

/// A log that holds generated events in memory and nothing else: what operators are measured on without a log.
final class MemoryFeed: EventLog, @unchecked Sendable {
    /// Events of one chunk, and so of one read.
    static let chunkEvents = 4_096

    let id = LogID("bench")
    private let partition: TopicPartition
    private let chunks: [RecordBuffer]
    private var base: Int64 = 0

    init(_ partition: TopicPartition, chunkCount: Int) {
        self.partition = partition
        chunks = (0..<chunkCount).map { _ in RecordBuffer(capacity: Self.chunkEvents * 256) }
    }

    var count: Int { chunks.count * Self.chunkEvents }
    var firstOffset: Offset { Offset(base) }

    /// Replaces the events by new ones at the following offsets; `body` fills one chunk.
    func refill(_ body: (RecordBuffer) -> Void) {
        base += Int64(count)
        for chunk in chunks {
            chunk.removeAll()
            body(chunk)
        }
    }

    /// The encoded events, chunk by chunk.
    var bytes: [UnsafeRawBufferPointer] { chunks.map { UnsafeRawBufferPointer($0.bytes.bytes) } }

    func topics() throws -> [TopicDescription] { [] }
    func topic(_ name: TopicName) throws -> TopicDescription? { nil }
    func createTopic(_ description: TopicDescription) throws {}
    func range(of partition: TopicPartition) throws -> OffsetRange {
        OffsetRange(first: firstOffset, end: firstOffset + count)
    }

    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        batch.removeAll()
        let index = Int(max(offset.number, base) - base)
        guard partition == self.partition, index < count else { return .atEnd(reached: offset) }
        let chunk = chunks[index / Self.chunkEvents]
        batch.owners.append(chunk)
        let isWhole = RecordBuffer.decode(
            UnsafeRawBufferPointer(chunk.bytes.bytes), baseOffset: base + Int64(index / Self.chunkEvents * Self.chunkEvents),
            from: base + Int64(index), limit: recordsMax, into: batch)
        precondition(isWhole, "the bench reads what it wrote")
        return .records(next: Offset(batch[batch.count - 1].offset + 1))
    }

    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {}
    var appendCount: UInt64 { 0 }
    func waitForAppend(since seen: UInt64, timeout: TimeSpan) {}
}

/// A store that keeps nothing: commits succeed and state is never read back.
final class ForgetfulStore: StateStore, EpochCommit {
    func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws {
        for index in 0..<keys.count { body(index, nil) }
    }

    func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {}

    func lastEpoch(of task: TaskID) throws -> EpochRecord? { nil }
    func commit(_ write: EpochWrite) throws -> CommitOutcome { .committed }
}
