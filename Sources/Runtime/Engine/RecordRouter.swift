public import Base
public import Stores
import Columns
import Planner

extension ErrorCode {
    /// No topology in this engine reads the topic, so nothing says how its records are keyed.
    public static let topicNotRead = ErrorCode("append.topic_not_read")
}

/// Records of an append, keyed and spread over the topic's partitions.
public struct RoutedRecords {
    public var records: [(partition: PartitionNumber, buffer: RecordBuffer)]
    public var count: Int
    /// Records whose key could not be read. They go to partition 0 without one; the topology that reads them makes dead
    /// letters of those it cannot use, so that nothing a client sends is lost between two chairs.
    public var withoutKeyCount: Int
}

extension Engine {
    /// Splits lines of JSON into records of a topic, reads each one's key by the topic's schema, and hashes it to a
    /// partition as Java clients do. Blank lines are passed over, and so is a byte order mark at the start.
    /// - Complexity: O(bytes); one decoder is made per call.
    public func route(topic: TopicName, lines: UnsafeRawBufferPointer, now: EventTime) throws -> RoutedRecords {
        let readings = plans.flatMap(\.keyedTopics).filter { $0.topic == topic }
        guard let keyed = readings.first(where: { !$0.isRekeyed }) ?? readings.first else {
            let known = Set(plans.flatMap { $0.keyedTopics.map(\.topic.text) }).sorted()
            throw EngineError(
                .topicNotRead, .user, "no topology of this engine reads topic '\(topic)'",
                remedy: "Topics that are read: \(known.joined(separator: ", "))."
                    + (nearestName(to: topic.text, among: known).map { " Did you mean '\($0)'?" } ?? ""))
        }
        let partitionCount = layout.partitionCount(of: topic)
        let spans = lineSpans(lines)
        let decoder = keyed.keyDecoder
        let keys = KeyEncoder(columns: keyed.keyColumns, type: decoder.type)
        var result = RoutedRecords(
            records: (0..<partitionCount).map { (PartitionNumber($0), RecordBuffer()) }, count: spans.count,
            withoutKeyCount: 0)
        guard !spans.isEmpty else { return result }
        decoder.begin(capacity: spans.count)
        let hasRow = spans.map { decoder.append($0.baseAddress!, count: $0.count) == nil }
        keys.begin(decoder.finish())
        let key = ByteArena(capacity: 256)
        var row = 0
        for (span, isDecoded) in zip(spans, hasRow) {
            key.removeAll()
            let isKeyed = isDecoded && keys.encode(row: row, into: key)
            if isDecoded { row += 1 }
            if !isKeyed { result.withoutKeyCount += 1 }
            let partition = isKeyed ? Int(Hashing.partition(of: key.bytes, among: partitionCount).number) : 0
            result.records[partition].buffer.append(
                timestamp: now.microseconds, key: isKeyed ? key.bytes : nil, value: span)
        }
        return result
    }

    /// The lines that hold something, without the white space at their ends.
    private func lineSpans(_ lines: UnsafeRawBufferPointer) -> [UnsafeBufferPointer<UInt8>] {
        let bytes = lines.assumingMemoryBound(to: UInt8.self)
        var spans: [UnsafeBufferPointer<UInt8>] = []
        // Editors on Windows begin files with a byte order mark.
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            var last = end
            while last > start, Self.isBlank(bytes[last - 1]) { last -= 1 }
            if last > start { spans.append(UnsafeBufferPointer(rebasing: bytes[start..<last])) }
            start = end + 1
        }
        return spans
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
