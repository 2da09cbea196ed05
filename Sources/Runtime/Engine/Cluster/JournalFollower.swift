import Base
import Planner
import Stores
import Telemetry

/// The latest epoch of a task, as its journal tells it.
struct JournalEntry {
    var record: EpochRecord
    var committedAt: EventTime
    /// Nil: the record does not say.
    var owner: TaskOwner?
}

/// Follows the journals of all tasks, on a thread of its own: so every process knows of every task how far it is and who
/// runs it, whoever that is.
final class JournalFollower: @unchecked Sendable {
    private struct Cursor {
        let task: TaskID
        let partition: TopicPartition
        var next: Offset
        /// Only until the first record: where the next look back begins if there is none up to the end.
        var lookBack: Int64?
    }

    private let parts: Engine.Parts
    private let board: StatusBoard
    private let stop: StopSignal
    private let records = RecordBatch(capacity: 256)
    private let tasks: [TaskID]
    private var backoff: Backoff

    init(_ plans: [Plan], _ layout: TopicLayout, parts: Engine.Parts, board: StatusBoard, stop: StopSignal) {
        self.parts = parts
        self.board = board
        self.stop = stop
        tasks = layout.tasks(of: plans)
        backoff = Backoff(stop: stop)
    }

    func run() {
        var log: (any EventLog)?
        var cursors: [Cursor] = []
        while !stop.isStopping {
            do {
                let reader = try log ?? parts.log.reader()
                log = reader
                if cursors.isEmpty { cursors = try tasks.map { try begin($0, reader) } }
                var didRead = false
                for index in cursors.indices where try step(&cursors[index], reader) { didRead = true }
                backoff.reset()
                if !didRead { stop.wait(timeout: Limits.journalWait) }
            } catch {
                backoff.handle(error) { Telemetry.emit(JournalsFailed(error: $0, retryIn: $1)) }
            }
        }
    }

    /// A little before the end: the last offset may be one without a record.
    private func begin(_ task: TaskID, _ log: any EventLog) throws -> Cursor {
        let partition = TopicPartition(.journal(of: task.topology), task.partition)
        let range = try log.range(of: partition)
        let next = max(range.first, Offset(range.end.number - Limits.journalLookBack))
        return Cursor(task: task, partition: partition, next: next, lookBack: next > range.first ? Limits.journalLookBack : nil)
    }

    /// True when records were read.
    private func step(_ cursor: inout Cursor, _ log: any EventLog) throws -> Bool {
        switch try log.read(
            cursor.partition, from: cursor.next, recordsMax: 256, bytesMax: Limits.batchBytesMax, into: records)
        {
        case .records(let next):
            cursor.next = next
            cursor.lookBack = nil
            publish(cursor.task)
            return true
        case .atEnd(let reached):
            guard let lookBack = cursor.lookBack, reached >= (try log.range(of: cursor.partition)).end else { return false }
            let first = try log.range(of: cursor.partition).first
            cursor.next = max(first, Offset(reached.number - lookBack * 16))
            cursor.lookBack = cursor.next > first ? lookBack * 16 : nil
            return true
        case .expired(let first): cursor.next = first
        case .beyondEnd(let end): cursor.next = end
        }
        return true
    }

    /// The last of the records that were read is what counts.
    private func publish(_ task: TaskID) {
        for index in (0..<records.count).reversed() {
            let record = records[index]
            guard let value = record.valueBytes, let epoch = EpochRecord(decoding: UnsafeRawBufferPointer(value)) else { continue }
            board.publish(
                JournalEntry(record: epoch, committedAt: EventTime(microseconds: record.timestamp), owner: Self.owner(record)), of: task)
            return
        }
    }

    private static func owner(_ record: RecordView) -> TaskOwner? {
        guard let headers = record.headerBytes.flatMap(RecordHeaders.decode) else { return nil }
        guard let instance = headers.first(where: { $0.name == JournalHeader.instance })?.value else { return nil }
        return TaskOwner(instance: instance, host: headers.first { $0.name == JournalHeader.host }?.value ?? "")
    }
}

extension TaskStatus {
    /// A task as its journal tells of it.
    init(_ task: TaskID, _ entry: JournalEntry, _ plan: Plan) {
        self.init(task: task)
        let record = entry.record
        epoch = record.epoch
        watermark = record.watermark
        clock = record.clock
        committedAt = entry.committedAt
        inputs = record.positions.compactMap { Self.input(at: $0, plan) }
    }

    /// Nil: the topology has no such input any more.
    private static func input(at position: EpochRecord.InputPosition, _ plan: Plan) -> InputStatus? {
        var status = InputStatus(
            source: "", position: position, outOfOrder: .zero, idleAfter: .zero, movedAt: .earliest, readAt: .earliest)
        let topic = position.input.topic
        if let source = plan.sources.first(where: { $0.topic == topic }) {
            status.source = source.name
            status.outOfOrder = source.outOfOrder
            status.idleAfter = source.idleAfter
        } else if let hop = plan.hops.first(where: { $0.topic == topic }) {
            status.kind = .hop
            status.source = hop.name
        } else if let table = plan.tables.first(where: { $0.topic == topic }) {
            status.kind = .table
            status.source = table.name
        } else {
            return nil
        }
        return status
    }
}
