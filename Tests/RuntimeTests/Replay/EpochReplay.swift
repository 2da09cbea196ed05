import Base
import Stores

@testable import Runtime

/// What one epoch of a task wrote, copied out. Changes have no order: that is of the memory that they were collected from.
struct WrittenEpoch: Equatable {
    struct Output: Equatable {
        var partition: TopicPartition
        var records: [UInt8]
    }

    var record: EpochRecord
    var outputs: [Output]
    /// By state key; nil: deleted.
    var changes: [[UInt8]: [UInt8]?]

    init(_ write: EpochWrite) {
        record = write.record
        outputs = write.outputs.map { Output(partition: $0.partition, records: Array($0.buffer.bytes.bytes)) }
        changes = [:]
        for index in 0..<write.changes.count {
            changes.updateValue(
                write.changes.isDelete[index] ? nil : Array(write.changes.values[index]), forKey: Array(write.changes.keys[index]))
        }
    }

    private static func text(_ output: Output) -> String { String(decoding: output.records.filter { $0 > 31 }, as: UTF8.self) }

    /// What is different, for a message; nil: nothing.
    func difference(from other: WrittenEpoch) -> String? {
        if record != other.record { return "the record is \(record) for \(other.record)" }
        for (mine, others) in zip(outputs, other.outputs) where mine != others {
            return "records to \(mine.partition) are \(Self.text(mine)) for those to \(others.partition), \(Self.text(others))"
        }
        if outputs.count != other.outputs.count { return "\(outputs.count) outputs for \(other.outputs.count)" }
        return changes == other.changes ? nil : "\(changes.count) changes for \(other.changes.count), or others"
    }
}

/// Commits to a store and keeps what was committed.
final class KeepingCommit: EpochCommit, @unchecked Sendable {
    private let store: InMemoryStore
    private(set) var epochs: [TaskID: [WrittenEpoch]] = [:]

    init(_ store: InMemoryStore) { self.store = store }

    func commit(_ write: EpochWrite) throws -> CommitOutcome {
        let written = WrittenEpoch(write), outcome = try store.commit(write)
        if outcome == .committed { epochs[write.task, default: []].append(written) }
        return outcome
    }
}

/// A log of which each partition ends where the replay has to stop reading.
final class BoundedLog: EventLog, @unchecked Sendable {
    private let log: InMemoryStore
    var end = Offset.zero

    init(_ log: InMemoryStore) { self.log = log }

    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        guard offset < end else { return .atEnd(reached: offset) }
        let left = Int(end.number - offset.number)
        return try log.read(partition, from: offset, recordsMax: min(recordsMax, left), bytesMax: bytesMax, into: batch)
    }

    var id: LogID { log.id }
    var recordBytesMax: Int { log.recordBytesMax }
    var appendCount: UInt64 { log.appendCount }
    func topics() throws -> [TopicDescription] { try log.topics() }
    func topic(_ name: TopicName) throws -> TopicDescription? { try log.topic(name) }
    func createTopic(_ description: TopicDescription) throws { try log.createTopic(description) }
    func range(of partition: TopicPartition) throws -> OffsetRange { try log.range(of: partition) }
    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws { try log.deleteRecords(before: offset, in: partition) }
    func waitForAppend(since seen: UInt64, timeout: TimeSpan) { log.waitForAppend(since: seen, timeout: timeout) }
}

struct ReplayFault: Error, CustomStringConvertible {
    let description: String
}

extension TopologyTask {
    /// Does an epoch again, as its record says: the same records of the same inputs in the same order, the same readings of the
    /// clock. The task has to stand where the epoch before has left it, and to read from `log`.
    func replay(_ record: EpochRecord, from log: BoundedLog) throws {
        func index(of input: TopicPartition) throws -> Int {
            guard let index = inputs.firstIndex(where: { $0.partition == input }) else { throw ReplayFault(description: "no input \(input)") }
            return index
        }
        for step in record.steps {
            switch step {
            case .tick(let time): readClock(time)
            case .idle(let input): noteIdle(try index(of: input))
            case .believed(let input): try endDoubt(try index(of: input))
            case .slice(let input, let from, let to):
                let index = try index(of: input)
                // Tables that are everywhere are read anew at each start.
                if !inputs[index].isKept { inputs[index].next = from }
                guard inputs[index].next == from else {
                    throw ReplayFault(description: "\(input) stands at \(inputs[index].next), and the epoch begins at \(from)")
                }
                log.end = to
                while inputs[index].next < to {
                    guard try processNext(of: index) else { throw ReplayFault(description: "\(input) ends before \(to)") }
                }
            }
        }
        needsCommit = true
        try commit()
    }
}
