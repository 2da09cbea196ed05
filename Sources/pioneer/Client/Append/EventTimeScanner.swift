import Base
import Columns

/// Reads the event times of lines of JSON, as the engine will.
final class EventTimeScanner {
    private let decoder: JSONRecordDecoder
    private let column: Int

    init(_ reading: TopicFacts.Reading) {
        let type = reading.schema.rowType
        column = reading.eventTimeField.flatMap { type.index(of: $0) } ?? 0
        decoder = JSONRecordDecoder(schema: reading.schema, projection: type.columns.indices.map { [column] in $0 == column })
    }

    /// Hands over each line's place in the batch, without its newline, and its time in microseconds; nil where it has none
    /// that can be read.
    /// - Complexity: O(bytes).
    func scan(_ batch: LineBatch, _ take: (_ line: Range<Int>, _ time: Int64?) -> Void) {
        batch.body.withUnsafeBufferPointer { bytes in
            var lines: [(range: Range<Int>, isRead: Bool)] = []
            lines.reserveCapacity(batch.lines)
            decoder.begin(capacity: batch.lines)
            var from = 0
            while from < bytes.count, let newline = bytes[from...].firstIndex(of: 0x0A) {
                let isRead = newline > from && decoder.append(bytes.baseAddress! + from, count: newline - from) == nil
                lines.append((from..<newline, isRead))
                from = newline + 1
            }
            let times = decoder.finish()[column]
            var row = 0
            for line in lines {
                var time: Int64?
                if line.isRead {
                    if times.isValid(row) { time = times.words[row] }
                    row += 1
                }
                take(line.range, time)
            }
        }
    }
}

/// What event times a run of records has.
struct TimeRange: Equatable {
    var earliest = EventTime.latest
    var latest = EventTime.earliest
    /// Records with a time.
    var count = 0
    /// Of those, records further behind one before them than the topology waits for.
    var disordered = 0

    mutating func add(_ microseconds: Int64, outOfOrder: TimeSpan) {
        let time = EventTime(microseconds: microseconds)
        count += 1
        if time < latest - outOfOrder { disordered += 1 }
        earliest = min(earliest, time)
        latest = max(latest, time)
    }
}
