import Base
import Columns
import Planner
import Stores

/// Reads an output as a consumer downstream does, committed records only, and takes the time from the event that closed a
/// row's window to the row.
struct OutputFollower {
    let log: any EventLog
    let topic: TopicName
    let partitions: Int
    /// A window closes when an event this much behind its end has come.
    let outOfOrder: TimeSpan

    /// Whether the output's rows are of windows.
    static func hasWindows(_ plan: Plan, _ output: PlannedOutput) -> Bool {
        plan.type(of: output.input).columns.contains { $0.path == "window.end" }
    }

    private static let marker = Array(#""window_end":""#.utf8)

    /// Nanoseconds of each row that came until told to stop.
    func follow(_ load: SteadyLoad, until isOver: () -> Bool) throws -> [UInt64] {
        let reader = try log.reader()
        var next = try (0..<partitions).map { try log.range(of: TopicPartition(topic, PartitionNumber($0))).end }
        let batch = RecordBatch()
        var latencies: [UInt64] = []
        while !isOver() {
            let seen = reader.appendCount
            var count = 0
            for number in 0..<partitions {
                let outcome = try reader.read(
                    TopicPartition(topic, PartitionNumber(number)), from: next[number], recordsMax: 4_096, bytesMax: 1 << 20, into: batch)
                guard case .records(let after) = outcome else { continue }
                let now = Stopwatch.nanoseconds()
                next[number] = after
                count += batch.count
                for index in 0..<batch.count {
                    guard let end = Self.windowEnd(batch[index]), let sent = load.sent(reaching: end + outOfOrder) else { continue }
                    latencies.append(now > sent ? now - sent : 0)
                }
            }
            if count == 0 { reader.waitForAppend(since: seen, timeout: .milliseconds(20)) }
        }
        return latencies
    }

    private static func windowEnd(_ record: RecordView) -> EventTime? {
        guard let value = record.valueBytes else { return nil }
        for start in 0..<max(0, value.count - marker.count) where value[start] == UInt8(ascii: "\"") {
            guard value[start..<(start + marker.count)].elementsEqual(marker) else { continue }
            let text = value[(start + marker.count)...]
            guard let end = text.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            return EventTime(rfc3339: UnsafeBufferPointer(rebasing: text[..<end]))
        }
        return nil
    }
}
