import Base
import Stores

/// A record as it was appended, in bytes of its own that batches point into.
final class StoredRecord {
    private let bytes: ByteArena
    private let original: RecordView
    let keyBytes: [UInt8]?

    init(_ view: RecordView, timestamp: Int64) {
        let (key, value, headers) = (view.keyBytes, view.valueBytes, view.headerBytes)
        bytes = ByteArena(capacity: max(1, (key?.count ?? 0) + (value?.count ?? 0) + (headers?.count ?? 0)))
        for part in [key, value, headers] { if let part { bytes.append(UnsafeRawBufferPointer(part)) } }
        keyBytes = key.map(Array.init)
        let start = UnsafePointer(bytes.base)
        let valueAt = start + (key?.count ?? 0)
        original = RecordView(
            offset: 0, timestamp: timestamp, key: key == nil ? nil : start, keyLength: view.keyLength,
            value: value == nil ? nil : valueAt, valueLength: view.valueLength,
            headers: headers == nil ? nil : valueAt + (value?.count ?? 0), headersLength: view.headersLength)
    }

    var isTombstone: Bool { original.value == nil }

    func view(at offset: Int64) -> RecordView {
        var view = original
        view.offset = offset
        return view
    }
}

/// One partition: records and markers by offset, with gaps where something was removed.
final class PartitionLog {
    struct Entry {
        let offset: Int64
        /// Nil: the marker of a transaction.
        let record: StoredRecord?
        let transaction: Transaction?
        /// When a cleaner first left this tombstone alone: from then on it is kept for a while, for readers on their way.
        var cleanedAt: EventTime?

        /// What a reader of committed records sees, once it lies before the last stable offset.
        var isVisible: Bool { record != nil && (transaction?.isCommitted ?? true) }
    }

    let name: TopicPartition
    private(set) var entries: [Entry] = []
    private(set) var first: Int64 = 0
    private(set) var end: Int64 = 0
    /// Transactions with records here whose marker has not come yet, with their first offset.
    private var undecided: [(transaction: Transaction, first: Int64)] = []

    init(_ name: TopicPartition) { self.name = name }

    /// Readers of committed records get no further.
    var lastStable: Int64 { undecided.map(\.first).min() ?? end }

    /// Appends a copy of the buffer's records; returns the first one's offset.
    @discardableResult
    func append(_ records: RecordBatch, transaction: Transaction?, inMilliseconds: Bool) -> Int64 {
        let base = end
        for index in 0..<records.count {
            let view = records[index]
            let timestamp = inMilliseconds ? max(0, view.timestamp) / 1_000 * 1_000 : view.timestamp
            let record = StoredRecord(view, timestamp: timestamp)
            entries.append(Entry(offset: end, record: record, transaction: transaction))
            end += 1
        }
        if let transaction, records.count > 0, !undecided.contains(where: { $0.transaction === transaction }) {
            undecided.append((transaction, base))
        }
        return base
    }

    /// Tells readers how the transaction ended.
    func appendMarker(of transaction: Transaction) {
        guard let index = undecided.firstIndex(where: { $0.transaction === transaction }) else { return }
        undecided.remove(at: index)
        entries.append(Entry(offset: end, record: nil, transaction: transaction))
        end += 1
    }

    /// - Complexity: O(log entries).
    private func index(of offset: Int64) -> Int {
        var low = 0, high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// - Parameter isCommitted: false: also what is undecided, and what was aborted.
    func read(from offset: Int64, recordsMax: Int, bytesMax: Int, isCommitted: Bool = true, into batch: RecordBatch) -> ReadOutcome {
        batch.removeAll()
        if offset < first { return .expired(first: Offset(first)) }
        if offset > end { return .beyondEnd(end: Offset(end)) }
        let stable = isCommitted ? lastStable : end
        var bytes = 0
        for entry in entries[index(of: offset)...] {
            if entry.offset >= stable || batch.count >= max(1, recordsMax) || bytes >= bytesMax { break }
            guard entry.isVisible || !isCommitted, let record = entry.record else { continue }
            let view = record.view(at: entry.offset)
            batch.append(view)
            batch.owners.append(record)
            bytes += Int(view.keyLength + view.valueLength + view.headersLength)
        }
        if batch.count > 0 { return .records(next: Offset(batch[batch.count - 1].offset + 1)) }
        return .atEnd(reached: Offset(max(offset, stable)))
    }

    /// All visible records with their offsets: what a read-committed consumer gets from the oldest record on.
    var committed: [(offset: Int64, record: StoredRecord)] {
        entries.prefix { $0.offset < lastStable }.compactMap { entry in
            entry.isVisible && entry.offset >= first ? entry.record.map { (entry.offset, $0) } : nil
        }
    }

    /// The view's memory lives as long as the record is in the log.
    func lastRecord(of transaction: Transaction) -> RecordView? {
        entries.last { $0.transaction === transaction && $0.record != nil }.flatMap { entry in entry.record?.view(at: entry.offset) }
    }

    func deleteRecords(before offset: Int64) {
        first = max(first, min(offset, end))
        entries.removeFirst(index(of: first))
    }

    /// Keeps of each key the last record before `bound`, and everything from `bound` on.
    func compact(before bound: Int64, now: EventTime, tombstonesKept: TimeSpan, removesMarkers: Bool) {
        precondition(bound <= lastStable, "a cleaner stays behind the last stable offset")
        var last: [[UInt8]: Int64] = [:]
        for entry in entries where entry.offset < bound && entry.isVisible {
            if let key = entry.record?.keyBytes { last[key] = entry.offset }
        }
        entries.removeAll { entry in
            guard entry.offset < bound else { return false }
            guard let record = entry.record else { return removesMarkers }
            guard entry.isVisible else { return true }
            guard let key = record.keyBytes else { return false }
            return last[key] != entry.offset || (entry.cleanedAt.map { $0 + tombstonesKept < now } ?? false)
        }
        for index in entries.indices where entries[index].offset < bound && entries[index].record?.isTombstone == true {
            entries[index].cleanedAt = entries[index].cleanedAt ?? now
        }
    }

    func truncate(to offset: Int64) {
        entries.removeLast(entries.count - index(of: offset))
        undecided.removeAll { $0.first >= offset }
        end = max(first, min(end, offset))
    }
}
