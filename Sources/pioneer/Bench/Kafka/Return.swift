import Base
import Planner
import Runtime
import Stores

/// How long a topology is away: from the making of this object, just before or after a process was killed.
struct Return {
    struct Seconds: Codable {
        /// Until every task has committed an epoch again.
        var toCommit: Double
        /// Until a consumer of committed records has read a new row of any output; nil: none came.
        var toRow: Double?

        enum CodingKeys: String, CodingKey {
            case toCommit = "to_commit"
            case toRow = "to_row"
        }
    }

    /// What rows are waited for: windows may stay open longer than that.
    private static let rowSecondsMax = 20.0

    private let log: any EventLog
    private let watch = Stopwatch()
    private let journals: [TopicPartition: Offset]
    private let outputs: [TopicPartition: Offset]

    init(_ log: any EventLog, _ plan: Plan, _ partitions: Int) throws {
        self.log = log
        journals = try Self.ends(of: [.journal(of: plan.topology)], log, partitions)
        outputs = try Self.ends(of: plan.outputs.map(\.topic), log, partitions)
    }

    private static func ends(of topics: [TopicName], _ log: any EventLog, _ partitions: Int) throws -> [TopicPartition: Offset] {
        var ends: [TopicPartition: Offset] = [:]
        for topic in topics {
            for number in 0..<partitions {
                let partition = TopicPartition(topic, PartitionNumber(number))
                ends[partition] = try log.range(of: partition).end
            }
        }
        return ends
    }

    /// Waits for it; throws what ends the engine.
    func watch(_ engine: EngineChild) throws -> Seconds {
        let reader = try log.reader()
        var waiting = journals
        var seconds: Seconds?
        var row: Double?
        while seconds == nil || (row == nil && !outputs.isEmpty && watch.elapsedSeconds < Self.rowSecondsMax) {
            try Task.checkCancellation()
            try engine.check()
            for (partition, end) in waiting where try log.range(of: partition).end > end { waiting[partition] = nil }
            if waiting.isEmpty, seconds == nil { seconds = Seconds(toCommit: watch.elapsedSeconds) }
            if row == nil, try hasRow(reader) { row = watch.elapsedSeconds }
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(5))
        }
        return Seconds(toCommit: seconds?.toCommit ?? watch.elapsedSeconds, toRow: row)
    }

    /// Markers of aborted transactions are no rows: only what is read counts.
    private func hasRow(_ reader: any EventLog) throws -> Bool {
        let batch = RecordBatch()
        return try outputs.contains { partition, end in
            guard case .records = try reader.read(partition, from: end, recordsMax: 1, bytesMax: 1 << 10, into: batch) else { return false }
            return true
        }
    }
}
