public import Base
import Columns
import Operators
import Planner
import Stores

extension ErrorCode {
    /// A record of a table's topic without a key.
    public static let tableNullKey = ErrorCode("table.null_key")
    /// A record of a partitioned table in another partition than its key's hash says.
    public static let tableWrongPartition = ErrorCode("table.wrong_partition")
    /// A record of a table that is larger than a record of the task's state may be.
    public static let tableRowTooLarge = ErrorCode("table.row_too_large")
}

/// Takes a table's records into the task: the last value of each key, as far as it is read.
final class TableFeed {
    let table: PlannedTable
    let contents: any TableContents
    private let decoder: JSONRecordDecoder
    private let keyEncoder: KeyEncoder
    private let partition: PartitionNumber
    private let partitionCount: Int
    private let key = ByteArena(capacity: 256)

    /// - Parameter scope: of a partitioned table's rows in the task's state.
    init(_ table: PlannedTable, scope: StateScope, partitionCount: Int) {
        self.table = table
        partition = scope.task.partition
        self.partitionCount = partitionCount
        contents =
            table.isEverywhere
            ? EverywhereTable(schema: table.schema)
            : StoredTable(
                name: table.name, topic: table.topic, schema: table.schema, keyColumns: table.keyColumns,
                scope: scope)
        decoder = JSONRecordDecoder(schema: table.schema)
        keyEncoder = KeyEncoder(columns: table.keyColumns, type: table.type)
    }

    /// - Complexity: O(bytes).
    func take(_ records: RecordBatch, issues: inout [RecordIssue]) {
        decoder.begin(capacity: records.count)
        var rows: [Int?] = []
        for index in 0..<records.count {
            guard let value = records[index].value else {
                rows.append(nil)
                continue
            }
            if let fault = decoder.append(value, count: Int(records[index].valueLength)) {
                issues.append(RecordIssue(record: index, code: fault.code, message: fault.message))
                rows.append(nil)
            } else {
                rows.append(decoder.count - 1)
            }
        }
        keyEncoder.begin(decoder.finish())
        defer { keyEncoder.end() }
        var nextIssue = 0
        for index in 0..<records.count {
            if nextIssue < issues.count, issues[nextIssue].record == index {
                nextIssue += 1
                continue
            }
            if let issue = set(records[index], row: rows[index], index) {
                // Issues stay in the order of the records.
                issues.insert(issue, at: nextIssue)
                nextIssue += 1
            }
        }
    }

    /// Puts a record's value, or deletes where it has none: then the record's own key says what.
    private func set(_ record: RecordView, row: Int?, _ index: Int) -> RecordIssue? {
        key.removeAll()
        if let row {
            guard keyEncoder.encode(row: row, into: key) else {
                return RecordIssue(record: index, code: .tableNullKey, message: "a field of the table's key is null")
            }
        } else {
            guard let bytes = record.keyBytes else {
                return RecordIssue(
                    record: index, code: .tableNullKey, message: "the record has neither value nor key, so it deletes nothing")
            }
            key.append(UnsafeRawBufferPointer(bytes))
        }
        if !table.isEverywhere {
            let expected = Hashing.partition(of: key.bytes, among: partitionCount)
            guard expected == partition else { return wrongPartition(index, expected) }
        }
        let value = row == nil ? nil : record.valueBytes.map { UnsafeRawBufferPointer($0) }
        let bytes = key.count + (value?.count ?? 0)
        guard bytes <= contents.rowBytesMax else { return tooLarge(index, bytes) }
        contents.set(UnsafeRawBufferPointer(key.bytes), to: value)
        return nil
    }

    private func tooLarge(_ record: Int, _ bytes: Int) -> RecordIssue {
        RecordIssue(
            record: record, code: .tableRowTooLarge,
            message: "the record's key and value have \(bytes) bytes, and the table keeps at most \(contents.rowBytesMax), so that they"
                + " fit a record of its changelog; what the table had of the key stays. Send smaller records, raise message.max.bytes"
                + " (with the brokers' limit), or let the table be everywhere")
    }

    private func wrongPartition(_ record: Int, _ expected: PartitionNumber) -> RecordIssue {
        let text = String(decoding: key.bytes, as: UTF8.self)
        let fields = table.keyColumns.map { table.type.columns[$0].path }.joined(separator: ", ")
        return RecordIssue(
            record: record, code: .tableWrongPartition,
            message: "key '\(text)' belongs to partition \(expected) of \(partitionCount) (murmur2 of the key's bytes, as Java clients"
                + " have it), but the record is in partition \(partition); append it with its key, partition the topic by [\(fields)],"
                + " or let the table be everywhere")
    }
}
