import Base
import HTTPTypes
import NIOCore
import Stores

/// Where a reader of a topic stands, over one or all of its partitions.
struct RecordCursor: Sendable {
    /// What the reader asked for.
    enum Start: Sendable {
        case earliest
        case latest
        /// The last so many offsets of each partition.
        case last(Int64)
        case offset(Int64)
    }

    let topic: TopicName
    private var next: [(partition: PartitionNumber, offset: Offset)]
    /// Lines still wanted.
    private(set) var left: Int

    /// Throws `api.offset_expired` or `api.offset_beyond_end` where a number lies outside the partition. Blocks.
    init(topic: TopicName, partitions: [PartitionNumber], start: Start, limit: Int, log: any EventLog) throws {
        self.topic = topic
        left = limit
        next = try partitions.map { partition in
            let range = try log.range(of: TopicPartition(topic, partition))
            return (partition, try Self.offset(start, in: range, of: TopicPartition(topic, partition)))
        }
    }

    private static func offset(_ start: Start, in range: OffsetRange, of partition: TopicPartition) throws -> Offset {
        switch start {
        case .earliest: return range.first
        case .latest: return range.end
        case .last(let count): return max(range.first, Offset(max(0, range.end.number - count)))
        case .offset(let number):
            if Offset(number) < range.first { throw expired(number, range.first, partition) }
            if range.end < Offset(number) { throw beyondEnd(number, range.end, partition) }
            return Offset(number)
        }
    }

    private static func expired(_ offset: Int64, _ first: Offset, _ partition: TopicPartition) -> APIError {
        APIError(
            .gone, .apiOffsetExpired, "offset \(offset) of \(partition) is no longer kept; the first is \(first)",
            remedy: "Read from 'earliest', or from \(first).", details: [("first_offset", first.number)])
    }

    private static func beyondEnd(_ offset: Int64, _ end: Offset, _ partition: TopicPartition) -> APIError {
        APIError(
            .rangeNotSatisfiable, .apiOffsetBeyondEnd, "offset \(offset) of \(partition) lies beyond the end, which is \(end)",
            remedy: "Read from 'latest' with follow=true to wait for new records; an offset of another log means nothing here.",
            details: [("end_offset", end.number)])
    }

    /// Wants no further lines.
    mutating func end() { left = 0 }

    /// The next lines, of one partition after the other; empty at the end of all. Blocks for the disk, not for appends.
    mutating func advance(_ log: any EventLog) throws -> ByteBuffer {
        let records = RecordBatch(capacity: APILimits.chunkRecords), lines = ByteArena(capacity: 4_096)
        for index in next.indices where left > 0 && lines.count < APILimits.chunkBytes {
            let (partition, offset) = next[index]
            let outcome = try log.read(
                TopicPartition(topic, partition), from: offset, recordsMax: min(left, APILimits.chunkRecords),
                bytesMax: APILimits.chunkBytes, into: records)
            switch outcome {
            case .records(let following):
                for record in 0..<records.count { RecordLine.append(records[record], partition: partition, to: lines) }
                left -= records.count
                next[index].offset = following
            case .atEnd: continue
            case .expired(let first): throw Self.expired(offset.number, first, TopicPartition(topic, partition))
            case .beyondEnd(let end): throw Self.beyondEnd(offset.number, end, TopicPartition(topic, partition))
            }
        }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(lines.bytes))
    }
}
