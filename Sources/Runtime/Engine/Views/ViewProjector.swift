public import Base
import Columns
import Stores
import Telemetry

extension ErrorCode {
    /// A view stands beyond the end of the log it is filled from.
    public static let viewAheadOfLog = ErrorCode("view.ahead_of_log")
    /// A view's topic holds a record that the view's type cannot read.
    public static let viewRecordDamaged = ErrorCode("view.record_damaged")
}

/// Projects one partition of a view's topic into its table.
///
/// 1. Note the watermark that the task has committed, and the topic's end: all rows of event time before the one are
///    before the other. On a log of many processes they need not be readable yet, so the end is what counts.
/// 2. Read records from the view's position on.
/// 3. Keep the last one of each key. Where a `RestartMark` is among them, only what follows it counts, and the first partition
///    that comes to its mark has the view start over: it tells by the positions, because no partition passes its mark before.
/// 4. Apply them together with the new position, in one transaction that compares the old position first. Only when the
///    noted end was reached does the noted watermark go with it, and does `keep` remove rows: what a view that is filled
///    again meets on the way may be long past it.
final class ViewProjector {
    enum Step {
        /// There may be more to project at once.
        case more
        case atEnd
        /// Somebody else has moved the table on. Nothing was changed; `restore` before the next step.
        case conflict
    }

    let partition: PartitionNumber
    let task: TaskID
    private let view: ViewDefinition
    /// Of the rebuild whose table is filled; nil: the table that serves.
    private let rebuild: Int64?
    private let log: any EventLog
    private let writtenEnd: @Sendable (TopicPartition) throws -> Offset
    private let views: any ViewStore
    private let board: StatusBoard
    private let decoder: JSONRecordDecoder
    private let records = RecordBatch()
    private(set) var position = ViewPosition.start
    /// Step 1; nil: the task has committed no watermark that the view does not have.
    private var noted: (watermark: EventTime, end: Offset)?

    /// - Parameters:
    ///   - rebuild: the number of the rebuild whose table is to be filled; nil: the one that serves.
    ///   - writtenEnd: one past the last record of a partition, those included that are not readable yet. Nil: the log has no
    ///     such records.
    init(
        _ view: ViewDefinition, partition: PartitionNumber, rebuild: Int64? = nil, log: any EventLog,
        writtenEnd: (@Sendable (TopicPartition) throws -> Offset)? = nil, views: any ViewStore, board: StatusBoard
    ) {
        self.view = view
        self.partition = partition
        self.rebuild = rebuild
        task = TaskID(topology: view.topology, partition: partition)
        self.log = log
        self.writtenEnd = writtenEnd ?? { try log.range(of: $0).end }
        self.views = views
        self.board = board
        decoder = JSONRecordDecoder(schema: Schema(name: view.name, rowType: view.type))
    }

    /// Takes over where the table stands: at the given place, else where the store says. Throws `view.ahead_of_log` when the
    /// log does not reach as far.
    func restore(at known: ViewPosition? = nil) throws {
        noted = nil
        position = try known ?? positions()[partition] ?? .start
        let range = try log.range(of: topic)
        guard position.next <= range.end else { throw aheadOfLog(range.end) }
        if rebuild == nil { board.publish(position, of: view.name, partition) }
    }

    var topic: TopicPartition { TopicPartition(view.topic, partition) }

    private func positions() throws -> [PartitionNumber: ViewPosition] {
        guard let rebuild else { return try views.positions(of: view.name, log: log.id) }
        let known = try views.rebuild(of: view.name)
        return known?.number == rebuild ? known?.positions ?? [:] : [:]
    }

    func step() throws -> Step {
        try noteWatermark()
        let outcome = try log.read(
            topic, from: position.next, recordsMax: Limits.projectionRecordsMax, bytesMax: Limits.projectionBytesMax, into: records)
        switch outcome {
        case .records(let next): return try apply(next: next) ? .more : .conflict
        case .atEnd(let reached):
            let next = max(reached, position.next)
            guard next > position.next || noted.map({ next >= $0.end }) ?? false else { return .atEnd }
            records.removeAll()
            return try apply(next: next) ? .atEnd : .conflict
        case .expired(let first):
            // What `keep` has removed from the topic is not wanted in the table either.
            records.removeAll()
            return try apply(next: first) ? .more : .conflict
        case .beyondEnd(let end): throw aheadOfLog(end)
        }
    }

    private func noteWatermark() throws {
        guard noted == nil else { return }
        let committed = board.committedWatermark(of: task)
        guard committed > position.watermark else { return }
        noted = (committed, try writtenEnd(topic))
    }

    /// False: the table does not stand where this projection thinks it does.
    private func apply(next: Offset) throws -> Bool {
        let watch = Stopwatch()
        let mark = (0..<records.count).last { RestartMark.isMark(records[$0]) }
        let startsOver = try mark.flatMap { try starts($0) }
        // Also where another partition's mark has emptied the view already.
        var watermark = mark == nil ? position.watermark : .earliest
        if let noted, next >= noted.end, mark == nil { watermark = noted.watermark }
        let upserts = try reduce(from: mark.map { $0 + 1 } ?? 0)
        var expireBefore: EventTime?
        if watermark > position.watermark, let keep = view.keep, let least = board.watermark(of: view.topology) {
            expireBefore = least - keep
        }
        let moved = ViewPosition(next: next, watermark: watermark)
        let change = ViewChange(
            view: view.name, partition: partition, log: log.id, expected: position.next, position: moved, upserts: upserts,
            deletes: [], expireBefore: expireBefore, startsOver: startsOver, rebuild: rebuild)
        guard try views.apply(change) == .applied else { return false }
        if rebuild == nil { notePassed(next) }
        position = moved
        if mark != nil || noted.map({ watermark >= $0.watermark }) ?? false { noted = nil }
        if rebuild == nil { board.publish(position, of: view.name, partition) }
        Telemetry.emit(
            ProjectionApplied(
                view: view.name, partition: partition, records: records.count, rows: upserts.count, next: next,
                nanoseconds: watch.elapsedNanoseconds))
        return true
    }

    private func notePassed(_ next: Offset) {
        guard view.keep != nil, records.count > 0 else { return }
        let newest = (0..<records.count).map { records[$0].timestamp }.max() ?? 0
        board.notePassed(next, newest: EventTime(microseconds: newest), of: view.name, partition, since: position)
    }

    /// Where the view's partitions stand when it starts over; nil: it has already, and this is another partition's mark of it.
    private func starts(_ index: Int) throws -> [PartitionNumber: Offset]? {
        guard let mark = RestartMark(records[index]) else { throw damaged(records[index], "it is a restart mark of another version") }
        return try positions().allSatisfy { $0.value.next <= mark.starts[$0.key] ?? .zero } ? mark.starts : nil
    }

    private func reduce(from first: Int) throws -> Batch {
        var lastOfKey: [[UInt8]: Int] = [:]
        for index in first..<records.count { lastOfKey[Array(records[index].keyBytes ?? .init(start: nil, count: 0))] = index }
        let kept = lastOfKey.values.sorted()
        decoder.begin(capacity: max(1, kept.count))
        let times = Column(.timestamp, capacity: kept.count)
        for index in kept {
            let record = records[index]
            // No operator deletes rows yet, so a tombstone here is as foreign as a value that does not decode.
            guard let value = record.value else { throw damaged(record, "it has no value") }
            if let fault = decoder.append(value, count: Int(record.valueLength)) { throw damaged(record, fault.message) }
            times.words[times.count] = record.timestamp
            times.count += 1
        }
        return Batch(
            type: view.type, count: times.count, columns: decoder.finish(), eventTimes: times, watermarks: times, origins: nil)
    }

    private func damaged(_ record: RecordView, _ reason: String) -> EngineError {
        EngineError(
            .viewRecordDamaged, .environment,
            "record \(record.offset) of \(view.topic)[\(partition)] does not fit view '\(view.name)': \(reason)",
            remedy: "Start its topology over, which fills the topic anew: pioneer run --rebuild \(view.topology) FILE.")
    }

    private func aheadOfLog(_ end: Offset) -> EngineError {
        EngineError(
            .viewAheadOfLog, .environment,
            "view '\(view.name)' stands at offset \(position.next) of \(view.topic)[\(partition)], which ends at \(end): "
                + "the view's database is newer than the log",
            remedy: "Put the log back that the view was filled from, or delete the views' database: it is filled again from the log.")
    }
}
