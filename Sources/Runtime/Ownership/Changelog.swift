import Base
import Stores

/// The changelog's records: what makes a task's state anew in another process.
///
/// ```
/// key [00]              the encoded EpochRecord
/// key [01] state key    the value, or a tombstone; the state key without the task's prefix
/// key [FF] …            a `RestartMark`: all records before it are void
/// ```
/// A transaction holds its epoch's changes first and the epoch record last. Keys begin with what they are, so compaction
/// keeps the last epoch record and the last value of each state key. The partition's number is the task's.
enum Changelog {
    static let epochKey: UInt8 = 0
    static let changePrefix: UInt8 = 1

    static func partition(of task: TaskID) -> TopicPartition { TopicPartition(.changelog(of: task.topology), task.partition) }

    /// Appends an epoch's changes and its record.
    static func write(_ write: EpochWrite, to buffer: RecordBuffer) {
        let timestamp = write.record.clock.microseconds
        let prefix = StateScope.taskPrefix(write.task).count
        let key = ByteArena(capacity: 256)
        for index in 0..<write.changes.count {
            key.removeAll()
            key.append(byte: changePrefix)
            key.append(UnsafeRawBufferPointer(rebasing: write.changes.keys[index].dropFirst(prefix)))
            let value = write.changes.values[index].bindMemory(to: UInt8.self)
            // A record without a value is a tombstone, so an empty value needs an address.
            let isDelete = write.changes.isDelete[index]
            buffer.append(timestamp: timestamp, key: key.bytes, value: isDelete ? nil : value)
        }
        Self.write(write.record, timestamp: timestamp, to: buffer)
    }

    static func write(_ record: EpochRecord, timestamp: Int64, to buffer: RecordBuffer) {
        let encoded = ByteArena(capacity: 512)
        record.encode(to: encoded)
        [epochKey].withUnsafeBufferPointer { buffer.append(timestamp: timestamp, key: $0, value: encoded.bytes) }
    }

    enum Entry {
        case epoch(EpochRecord)
        /// The rest of the key, behind the task's prefix.
        case change(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)
        /// The task was started over: nothing before counts.
        case restart
    }

    static func isEpoch(_ record: RecordView) -> Bool { record.keyLength == 1 && record.key?.pointee == epochKey }

    /// Nil: no part of a changelog.
    static func read(_ record: RecordView) -> Entry? {
        guard let key = record.keyBytes, let kind = key.first else { return nil }
        let value = record.valueBytes.map { UnsafeRawBufferPointer($0) }
        switch kind {
        case epochKey where key.count == 1: return value.flatMap(EpochRecord.init(decoding:)).map { .epoch($0) }
        case changePrefix: return .change(key: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(key).dropFirst()), value: value)
        default: return RestartMark.isMark(record) ? .restart : nil
        }
    }
}
