import Base
import Stores

/// Reads a task's changelog and applies it to the process's copy of the state: what a restore and a standby share.
///
/// Changes are applied up to an epoch record wherever a read has one; where an epoch is larger than a chunk, in parts.
final class ChangelogFollower {
    enum Step: Hashable {
        /// Records were read, and those up to the last epoch record applied.
        case applied
        /// Nothing more up to this offset.
        case atEnd(reached: Offset)
        /// The next records are not there: before the first offset, or beyond the end.
        case lost(RebuildReason)
    }

    let task: TaskID
    let partition: TopicPartition
    private let log: any EventLog
    private let local: any LocalState
    private let chunkBytes: Int

    /// As it stands in `local`.
    private(set) var position: LocalPosition?
    private(set) var next: Offset
    private(set) var appliedRecords = 0
    private(set) var appliedBytes = 0

    /// What was read last, up to `readTo`; records from `cursor` on are not collected yet.
    private let batch = RecordBatch()
    private var readTo = Offset.zero
    private var cursor = 0
    /// Changes that are not applied yet, and where the state stands with them once they have to be.
    private var pending = StateChanges()
    private var pendingRecords = 0
    private var due: LocalPosition?
    private let key = ByteArena(capacity: 256)
    private let keyPrefix: Int

    /// - Parameter log: a reader of its own.
    init(_ task: TaskID, log: any EventLog, local: any LocalState, position: LocalPosition?, from next: Offset, chunkBytes: Int) {
        self.task = task
        partition = Changelog.partition(of: task)
        self.log = log
        self.local = local
        self.chunkBytes = chunkBytes
        self.position = position
        self.next = next
        let prefix = StateScope.taskPrefix(task)
        keyPrefix = prefix.count
        prefix.withUnsafeBytes { _ = key.append($0) }
    }

    /// Changes wait for their epoch record.
    var hasPending: Bool { pendingRecords > 0 }

    /// Whether there are records from `next` to `end`, which the next step takes then. Nil: they are not to be read yet.
    func peek(end: Offset) throws -> Bool? {
        guard next < end else { return false }
        guard case .atEnd(let reached) = try read() else { return true }
        return reached < end ? nil : false
    }

    /// One read, and the writes of what it completes. After a throw the step may be repeated.
    func step() throws -> Step {
        if !isHolding {
            switch try read() {
            case .records: break
            case .atEnd(let reached):
                next = max(next, reached)
                return .atEnd(reached: next)
            case .expired: return .lost(.beforeFirst)
            case .beyondEnd: return .lost(.beyondEnd)
            }
        }
        while isHolding {
            if let position = due {
                try flush(position)
            } else {
                try collect()
            }
        }
        next = readTo
        batch.removeAll()
        cursor = 0
        return .applied
    }

    private var isHolding: Bool { cursor < batch.count || due != nil }

    private func read() throws -> ReadOutcome {
        cursor = 0
        let outcome = try log.read(
            partition, from: next, recordsMax: Limits.batchRecordsDefault, bytesMax: min(chunkBytes, Limits.batchBytesMax), into: batch)
        if case .records(let next) = outcome { readTo = next } else { batch.removeAll() }
        return outcome
    }

    /// Puts the records up to the read's last epoch record together, or all of them behind it.
    private func collect() throws {
        let boundary = (cursor..<batch.count).last { Changelog.isEpoch(batch[$0]) }
        var epoch: EpochRecord?
        let end = boundary.map { $0 + 1 } ?? batch.count
        for index in cursor..<end {
            let record = batch[index]
            switch Changelog.read(record) {
            case .epoch(let read): epoch = read
            case .change(let rest, let value): put(rest, value)
            case .restart:
                try forget()
                epoch = nil
            case nil:
                throw OwnershipErrors.changelogDamaged(task, partition, "the record at offset \(record.offset) cannot be read")
            }
            appliedBytes += Int(record.keyLength + record.valueLength)
        }
        appliedRecords += end - cursor
        pendingRecords += end - cursor
        cursor = end
        guard boundary != nil || pending.byteCount >= chunkBytes else { return }
        let last = batch[end - 1]
        due = LocalPosition(
            changelog: Offset(last.offset + 1), appliedAt: EventTime(microseconds: last.timestamp), epoch: boundary == nil ? nil : epoch)
    }

    /// A restart mark: what was applied goes, and so does what waits. Until the next write the copy has no position, so that a
    /// restore that is cut short here begins at the changelog's first record.
    private func forget() throws {
        try local.drop(task)
        position = nil
        pending.removeAll()
        pendingRecords = 0
    }

    private func put(_ rest: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
        key.truncate(to: keyPrefix)
        key.append(rest)
        let whole = UnsafeRawBufferPointer(key.bytes)
        if let value { pending.put(key: whole, value: value) } else { pending.delete(key: whole) }
    }

    private func flush(_ position: LocalPosition) throws {
        try local.apply(pending, of: task, position: position)
        self.position = position
        due = nil
        pending.removeAll()
        pendingRecords = 0
    }
}
