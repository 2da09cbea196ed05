import Base
@testable import Runtime
import SimulatedCluster
import Stores

/// Mistakes that somebody could make in the commit protocol, made by wrappers around the seams: the code under test has no
/// switches for them. The simulation has to find each.
enum PlantedBug: String, CaseIterable, Sendable {
    /// Two steps swapped: the state is written before the transaction has committed.
    case stateBeforeCommit
    /// A closed window stays in the state, and so closes again.
    case closedWindowForgotten
    /// After an abort the open windows are not taken up again.
    case openWindowsForgottenOnAbort
    /// A changed entry is missing in the changelog.
    case changelogWriteSkipped
    /// A revoke is acknowledged before the open epoch has committed.
    case revokeAcknowledgedBeforeCommit
    /// Only time has moved, so the offsets are left out.
    case unmovedOffsetsLeftOut
    /// The earlier owner is fenced with the first commit, instead of before the state is read.
    case fencedAfterRestore
    /// The epoch record's positions are not compared with the group's.
    case offsetsNotCompared
    /// The state's place in the changelog is the changelog's end, though others may have written there by then.
    case placeAtChangelogEnd
    /// No answer to a commit is taken for a commit.
    case unknownTakenForCommitted
    /// No answer to a commit is taken for an abort.
    case unknownTakenForAborted
    /// What a task has read of a hop is removed though it has not committed that.
    case hopTrimmedBeforeCommit
    /// The mark that tells how far a task has come is sent before the rows that it tells of.
    case markBeforeRows
    /// Rows are read before the tables that are everywhere.
    case tableNotAwaited
    /// A standby applies what is not committed.
    case standbyReadsUncommitted
    /// A standby goes on although the task is this process's by now.
    case standbyStepsOn
    /// Starting over leaves out what makes the state of before void.
    case restartMarkSkipped
}

/// A cluster whose transactions are misused.
final class PlantedCluster: TaskCluster {
    private let bug: PlantedBug
    private let process: SimulatedProcess

    init(_ bug: PlantedBug, _ process: SimulatedProcess) {
        self.bug = bug
        self.process = process
    }

    func join(topology: String, taskCount: Int) throws -> any TaskMembership {
        try process.join(topology: topology, taskCount: taskCount)
    }

    func transactions(of task: TaskID, _ membership: any TaskMembership) throws -> any TaskTransactions {
        PlantedTransactions(bug, task, process, try process.transactions(of: task, membership))
    }

    func committedOffsets(of topology: String, _ inputs: [TopicPartition]) throws -> [TopicPartition: Offset] {
        let offsets = try process.committedOffsets(of: topology, inputs)
        return bug == .offsetsNotCompared ? [:] : offsets
    }

    func uncommittedEnd(of partition: TopicPartition) throws -> Offset { try process.uncommittedEnd(of: partition) }
}

private final class PlantedTransactions: TaskTransactions {
    private let bug: PlantedBug
    private let task: TaskID
    private let process: SimulatedProcess
    private let transactions: any TaskTransactions
    private var isFenced = false
    private var lastOffsets: [TopicPartition: Offset] = [:]
    private var skipped: RecordBuffer?
    /// What was sent has to stay until the transaction's end.
    private var reordered: [RecordBuffer] = []

    init(_ bug: PlantedBug, _ task: TaskID, _ process: SimulatedProcess, _ transactions: any TaskTransactions) {
        self.bug = bug
        self.task = task
        self.process = process
        self.transactions = transactions
    }

    func fence() throws(TransactionFault) {
        if bug != .fencedAfterRestore { try transactions.fence() }
    }

    func begin() throws(TransactionFault) {
        if bug == .fencedAfterRestore, !isFenced {
            try transactions.fence()
            isFenced = true
        }
        reordered = []
        try transactions.begin()
    }

    func send(_ records: RecordBuffer, to partition: TopicPartition) throws(TransactionFault) {
        if bug == .markBeforeRows, partition.topic.text.contains(".hop.") {
            let sorted = Self.marksFirst(records)
            reordered.append(sorted)
            return try transactions.send(sorted, to: partition)
        }
        guard [.changelogWriteSkipped, .restartMarkSkipped].contains(bug), partition.topic == .changelog(of: task.topology) else {
            return try transactions.send(records, to: partition)
        }
        let batch = RecordBatch(), rest = RecordBuffer()
        _ = RecordBuffer.decode(UnsafeRawBufferPointer(records.bytes.bytes), baseOffset: 0, from: 0, limit: .max, into: batch)
        let first = bug == .changelogWriteSkipped && batch.count > 2 ? 1 : 0
        for index in first..<batch.count where bug == .changelogWriteSkipped || !RestartMark.isMark(batch[index]) {
            rest.append(timestamp: batch[index].timestamp, key: batch[index].keyBytes, value: batch[index].valueBytes)
        }
        skipped = rest
        try transactions.send(rest, to: partition)
    }

    /// Rows have keys, marks have none.
    private static func marksFirst(_ records: RecordBuffer) -> RecordBuffer {
        let batch = RecordBatch(), result = RecordBuffer()
        _ = RecordBuffer.decode(UnsafeRawBufferPointer(records.bytes.bytes), baseOffset: 0, from: 0, limit: .max, into: batch)
        for hasKey in [false, true] {
            for index in 0..<batch.count where (batch[index].keyBytes != nil) == hasKey {
                result.append(timestamp: batch[index].timestamp, key: batch[index].keyBytes, value: batch[index].valueBytes)
            }
        }
        return result
    }

    func send(offsets: [TopicPartition: Offset]) throws(TransactionFault) {
        if bug == .unmovedOffsetsLeftOut, offsets == lastOffsets { return }
        try transactions.send(offsets: offsets)
        lastOffsets = offsets
    }

    func commit() throws(TransactionFault) {
        do throws(TransactionFault) { try transactions.commit() } catch {
            switch (bug, error.kind) {
            case (.unknownTakenForCommitted, .unknown): return
            case (.unknownTakenForAborted, .unknown): throw TransactionFault(.mustAbort, error.error)
            default: throw error
            }
        }
    }

    func abort() throws(TransactionFault) {
        if bug != .fencedAfterRestore || isFenced { try transactions.abort() }
    }

    func lastOffset(in partition: TopicPartition) -> Offset? {
        guard bug == .placeAtChangelogEnd else { return transactions.lastOffset(in: partition) }
        return (try? process.uncommittedEnd(of: partition)).map { $0 + -1 }
    }

    func close() { transactions.close() }
}

/// A log that is read wrongly.
final class PlantedLog: EventLog {
    private let bug: PlantedBug
    private let process: SimulatedProcess

    init(_ bug: PlantedBug, _ process: SimulatedProcess) {
        self.bug = bug
        self.process = process
    }

    var id: LogID { process.id }
    var recordBytesMax: Int { process.recordBytesMax }
    var appendCount: UInt64 { process.appendCount }
    func waitForAppend(since seen: UInt64, timeout: TimeSpan) { process.waitForAppend(since: seen, timeout: timeout) }
    func topics() throws -> [TopicDescription] { try process.topics() }
    func topic(_ name: TopicName) throws -> TopicDescription? { try process.topic(name) }
    func createTopic(_ description: TopicDescription) throws { try process.createTopic(description) }
    func range(of partition: TopicPartition) throws -> OffsetRange {
        let range = try process.range(of: partition)
        guard bug == .tableNotAwaited, partition.topic == SimulatedTopology.table else { return range }
        return OffsetRange(first: range.first, end: range.first)
    }

    func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
        try process.deleteRecords(before: offset, in: partition)
    }

    func read(
        _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
    ) throws -> ReadOutcome {
        guard bug == .standbyReadsUncommitted, partition.topic.text.hasSuffix(".changelog") else {
            return try process.read(partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax, into: batch)
        }
        return try process.readUncommitted(partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax, into: batch)
    }
}

/// A ledger that a task uses wrongly.
final class PlantedStore: StateStore, EpochCommit, @unchecked Sendable {
    private let bug: PlantedBug
    private let ledger: TaskLedger
    private let local: any LocalState
    private var isForgetting = false

    init(_ bug: PlantedBug, _ ledger: TaskLedger, _ local: any LocalState) {
        self.bug = bug
        self.ledger = ledger
        self.local = local
    }

    func commit(_ write: EpochWrite) throws -> CommitOutcome {
        isForgetting = false
        var write = write
        switch bug {
        case .stateBeforeCommit:
            if let position = try local.position(of: write.task) {
                try local.apply(write.changes, of: write.task, position: position)
            }
        case .closedWindowForgotten:
            var changes = StateChanges()
            for index in 0..<write.changes.count where !write.changes.isDelete[index] {
                changes.put(key: write.changes.keys[index], value: write.changes.values[index])
            }
            write.changes = changes
        default: break
        }
        let outcome = try ledger.commit(write)
        isForgetting = bug == .openWindowsForgottenOnAbort && outcome == .aborted
        return outcome
    }

    func lastEpoch(of task: TaskID) throws -> EpochRecord? { try ledger.lastEpoch(of: task) }

    func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws {
        try ledger.multiGet(keys, body)
    }

    func scan(
        prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        if !isForgetting { try ledger.scan(prefix: prefix, from: start, body) }
    }
}
