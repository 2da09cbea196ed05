import Base
import Columns
import Planner
import Stores

/// Reads an output as a consumer downstream does, committed records only, and takes the time from the event that closed a
/// row's window to the row.
struct OutputFollower {
    private let log: any EventLog
    private let topic: TopicName
    private let partitions: Int
    private let outOfOrder: TimeSpan
    private let decoder: JSONRecordDecoder
    private let endColumn: Int

    /// Nil where the output's rows are not of windows.
    /// - Parameter outOfOrder: a window closes when an event this much behind its end has come.
    init?(_ log: any EventLog, _ plan: Plan, _ output: PlannedOutput, outOfOrder: TimeSpan) throws {
        let type = plan.type(of: output.input)
        guard let column = type.columns.firstIndex(where: { $0.path == "window.end" }) else { return nil }
        self.log = log
        topic = output.topic
        partitions = try log.topic(output.topic)?.partitionCount ?? 1
        self.outOfOrder = outOfOrder
        endColumn = column
        decoder = JSONRecordDecoder(
            schema: Schema(name: output.name, rowType: type), projection: type.columns.indices.map { $0 == column })
    }

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
                for end in windowEnds(batch) {
                    guard let sent = load.sent(reaching: end + outOfOrder) else { continue }
                    latencies.append(now > sent ? now - sent : 0)
                }
            }
            if count == 0 { reader.waitForAppend(since: seen, timeout: .milliseconds(20)) }
        }
        return latencies
    }

    private func windowEnds(_ batch: RecordBatch) -> [EventTime] {
        decoder.begin(capacity: batch.count)
        var count = 0
        for index in 0..<batch.count {
            guard let value = batch.views[index].value else { continue }
            if decoder.append(value, count: Int(batch.views[index].valueLength)) == nil { count += 1 }
        }
        let column = decoder.finish()[endColumn]
        return (0..<count).map { EventTime(microseconds: column.words[$0]) }
    }
}
