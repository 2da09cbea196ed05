public import Base

/// A record that makes everything before it in its partition void: written where a topology was started over.
///
/// Changelogs and view topics hold the last record of each key, so that it is never enough to write anew: what is not written
/// again would stay. A mark has a key of its own, which no row and no state entry has, so that compaction keeps the last one.
/// Who reads on across a mark drops what it has made of the records before.
///
/// Format, little-endian: key `[FF]"restart"`; value `[1][partition count u32]` and for each partition of the topic, in their
/// order, `[start i64]`: an offset that every record of before is before, and the partition's mark is not.
public struct RestartMark: Hashable, Sendable {
    public var starts: [PartitionNumber: Offset]

    public init(starts: [PartitionNumber: Offset]) { self.starts = starts }

    /// No key of a row begins like this: texts are UTF-8, all others are JSON.
    static let key: [UInt8] = [0xFF] + Array("restart".utf8)
    private static let formatVersion: UInt8 = 1

    public func append(to buffer: RecordBuffer, timestamp: Int64) {
        let value = ByteArena(capacity: 64)
        value.append(byte: Self.formatVersion)
        value.append(littleEndian: UInt32(starts.count))
        for (_, start) in starts.sorted(by: { $0.key < $1.key }) { value.append(littleEndian: start.number) }
        Self.key.withUnsafeBufferPointer { buffer.append(timestamp: timestamp, key: $0, value: value.bytes) }
    }

    /// Nil: another record.
    public init?(_ record: RecordView) {
        guard Self.isMark(record), let value = record.valueBytes else { return nil }
        var reader = ByteReader(UnsafeRawBufferPointer(value))
        guard reader.littleEndian(UInt8.self) == Self.formatVersion, let count = reader.littleEndian(UInt32.self) else { return nil }
        starts = [:]
        for number in 0..<count {
            guard let start = reader.littleEndian(Int64.self) else { return nil }
            starts[PartitionNumber(Int32(number))] = Offset(start)
        }
    }

    /// - Complexity: O(1).
    public static func isMark(_ record: RecordView) -> Bool {
        guard record.keyLength == Int32(key.count), let bytes = record.keyBytes else { return false }
        return bytes.elementsEqual(key)
    }
}
