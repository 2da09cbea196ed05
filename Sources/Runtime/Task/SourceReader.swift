public import Base
import Columns
import Planner
import Stores

extension ErrorCode {
    /// A record without a value in a topic that is read as a stream.
    public static let sourceTombstone = ErrorCode("source.tombstone")
    /// A record whose key or event time is null.
    public static let sourceNullField = ErrorCode("source.null_field")
    /// A record whose event time is too far ahead of the clock.
    public static let sourceTooFarAhead = ErrorCode("source.too_far_ahead")
    /// A record in another partition than its key's hash says.
    public static let sourceWrongPartition = ErrorCode("source.wrong_partition")
}

/// A source record that cannot become a row.
struct RecordIssue {
    /// Index in the record batch.
    var record: Int
    var code: ErrorCode
    var message: String
}

/// Turns records of one source partition into a batch of rows: decode, check time and key, note the watermark that each
/// row met. A record that fails a check is an issue, moves no watermark, and is not in the batch.
final class SourceReader {
    let source: PlannedSource
    private let decoder: JSONRecordDecoder
    private let keyEncoder: KeyEncoder
    private let partition: PartitionNumber
    private let partitionCount: Int
    private let keyBytes = ByteArena(capacity: 256)

    init(_ source: PlannedSource, partition: PartitionNumber, partitionCount: Int) {
        self.source = source
        self.partition = partition
        self.partitionCount = partitionCount
        decoder = JSONRecordDecoder(schema: source.schema, projection: source.neededColumns)
        keyEncoder = KeyEncoder(columns: source.keyColumns, type: source.type)
    }

    /// Issues come in the order of the records, however these are cut into batches.
    /// - Complexity: O(bytes); allocates a fixed number of buffers per call.
    func rows(of records: RecordBatch, clock: EventTime, time: inout InputTime, issues: inout [RecordIssue]) -> Batch? {
        defer { if issues.count > 1 { issues.sort { $0.record < $1.record } } }
        let origins = Column(.int, capacity: records.count)
        decode(records, origins, &issues)
        guard origins.count > 0 else { return nil }
        let columns = decoder.finish()
        let count = origins.count
        let eventTimes = columns[source.eventTimeColumn]
        let watermarks = Column(.timestamp, capacity: count)
        watermarks.count = count
        let isChecked = checksRows(columns)
        if isChecked { keyEncoder.begin(columns) }
        defer { keyEncoder.end() }
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { kept in
            var keptCount = 0
            let times = eventTimes.words, met = watermarks.words
            let ahead = source.maxAhead
            var greatest = time.maxEventTime.microseconds
            var watermark = time.watermark.microseconds
            var limit = (max(clock, time.watermark) + ahead).microseconds
            for row in 0..<count {
                if isChecked, let issue = check(row, columns) {
                    issues.append(RecordIssue(record: Int(origins.words[row]), code: issue.code, message: issue.message))
                    continue
                }
                let at = times[row]
                if at > limit {
                    issues.append(tooFarAhead(Int(origins.words[row]), EventTime(microseconds: at), clock))
                    continue
                }
                met[row] = watermark
                if at > greatest {
                    greatest = at
                    watermark = max(watermark, (EventTime(microseconds: at) - time.outOfOrder).microseconds)
                    limit = max(limit, (EventTime(microseconds: watermark) + ahead).microseconds)
                }
                kept[keptCount] = Int32(truncatingIfNeeded: row)
                keptCount &+= 1
            }
            guard keptCount > 0 else { return nil }
            time.maxEventTime = EventTime(microseconds: greatest)
            time.watermark = EventTime(microseconds: watermark)
            time.isIdle = false
            let batch = Batch(
                type: source.type, count: count, columns: columns, eventTimes: eventTimes, watermarks: watermarks, origins: origins)
            return keptCount == count ? batch : batch.gather(UnsafeBufferPointer(rebasing: kept[..<keptCount]))
        }
    }

    private func decode(_ records: RecordBatch, _ origins: Column, _ issues: inout [RecordIssue]) {
        decoder.begin(capacity: records.count)
        let views = records.views, rows = origins.words
        var count = 0
        for index in 0..<records.count {
            guard let value = views[index].value else {
                issues.append(
                    RecordIssue(
                        record: index, code: .sourceTombstone,
                        message: "the record has no value; a tombstone deletes in a table and means nothing in a stream"))
                continue
            }
            if let fault = decoder.append(value, count: Int(views[index].valueLength)) {
                issues.append(RecordIssue(record: index, code: fault.code, message: fault.message))
            } else {
                rows[count] = Int64(index)
                count &+= 1
            }
        }
        origins.count = count
    }

    /// Whether it matters where a record lies.
    private var checksPartitions: Bool { partitionCount > 1 && !source.isRekeyed }

    /// Whether rows need looking at one by one beyond their time.
    private func checksRows(_ columns: [Column]) -> Bool {
        checksPartitions || (source.keyColumns + [source.eventTimeColumn]).contains { columns[$0].validity != nil }
    }

    private func check(_ row: Int, _ columns: [Column]) -> (code: ErrorCode, message: String)? {
        for index in source.keyColumns + [source.eventTimeColumn] where !columns[index].isValid(row) {
            return (.sourceNullField, "field '\(source.type.columns[index].path)' is null, and it is the source's key or event time")
        }
        guard checksPartitions else { return nil }
        keyBytes.removeAll()
        guard keyEncoder.encode(row: row, into: keyBytes) else {
            return (.sourceNullField, "the record's key has a part that is null")
        }
        let expected = Hashing.partition(of: keyBytes.bytes, among: partitionCount)
        guard expected != partition else { return nil }
        let key = String(decoding: keyBytes.bytes, as: UTF8.self)
        return (
            .sourceWrongPartition,
            "key '\(key)' belongs to partition \(expected) of \(partitionCount) (murmur2 of the key's bytes, as Java clients "
                + "have it), but the record is in partition \(partition); append it with its key, or give source "
                + "'\(source.name)' 'rekey: true', so that its rows are sent to the partitions of their keys"
        )
    }

    private func tooFarAhead(_ record: Int, _ time: EventTime, _ clock: EventTime) -> RecordIssue {
        RecordIssue(
            record: record, code: .sourceTooFarAhead,
            message: "event time \(time) is more than max_ahead \(source.maxAhead) ahead of the clock (\(clock))")
    }
}
