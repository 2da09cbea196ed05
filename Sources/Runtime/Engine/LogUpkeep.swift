import Base
import Stores
import Telemetry

/// The thread that lets go of what the log need no longer keep: retention, compaction, view rows past their `keep`, and rows
/// that have come through a hop.
final class LogUpkeep: Sendable {
    private let parts: Engine.Parts
    private let projected: [ViewDefinition]
    private let layout: TopicLayout
    private let board: StatusBoard
    private let stop: StopSignal

    init(parts: Engine.Parts, projected: [ViewDefinition], layout: TopicLayout, board: StatusBoard, stop: StopSignal) {
        self.parts = parts
        self.projected = projected
        self.layout = layout
        self.board = board
        self.stop = stop
    }

    func run() {
        while !stop.wait(timeout: Limits.maintenanceInterval) {
            do {
                if let upkeep = parts.upkeep { try maintain(upkeep) } else { try trimViews(byOffset) }
                try Self.trimHops(of: board.all, in: parts.log)
            } catch {
                // Nothing is wrong with the data: what should have gone is still there, and the next round tries again.
                Telemetry.emit(UpkeepFailed(error: EngineError(describing: error)))
            }
        }
    }

    private func maintain(_ upkeep: Engine.Parts.Upkeep) throws {
        let watch = Stopwatch()
        let report = try upkeep.maintain(parts.clock.now())
        try trimViews { try upkeep.trim($1, $2) }
        Telemetry.emit(LogMaintained(report: report, nanoseconds: watch.elapsedNanoseconds))
    }

    /// Removes what the tasks of this process have read of hops and committed, as their statuses tell; nobody else reads it.
    static func trimHops(of statuses: [TaskStatus], in log: any EventLog) throws {
        for input in statuses.flatMap(\.inputs) where input.kind == .hop {
            let range = try log.range(of: input.position.input)
            guard range.first < input.position.next else { continue }
            try log.deleteRecords(before: min(input.position.next, range.end), in: input.position.input)
        }
    }

    private func trimViews(_ trim: (ViewDefinition, TopicPartition, EventTime) throws -> Void) throws {
        for view in projected {
            guard let keep = view.keep, let watermark = board.watermark(of: view.topology) else { continue }
            for number in 0..<layout.taskCount(of: view.topology) {
                try trim(view, TopicPartition(view.topic, PartitionNumber(number)), watermark - keep)
            }
        }
    }

    /// A log of many processes: each gives up the records of its own tasks' rows.
    private func byOffset(_ view: ViewDefinition, _ partition: TopicPartition, _ time: EventTime) throws {
        guard case .here = board.place(of: TaskID(topology: view.topology, partition: partition.partition)),
            let end = board.trimPoint(before: time, of: view.name, partition.partition)
        else { return }
        try parts.log.deleteRecords(before: end, in: partition)
    }
}

struct UpkeepFailed: InternalEvent {
    static let name = "log_upkeep_failed"
    static let level = EventLevel.warning
    var error: EngineError
    var message: String { "Old records could not be removed; tried again in \(Limits.maintenanceInterval)." }
    var fields: [EventField] { [EventField("code", error.code.text), EventField("error", error.description)] }
    var effects: [MetricEffect] { [.add(1, to: .upkeepFailures)] }
}

struct LogMaintained: InternalEvent {
    static let name = "log_maintained"
    static let level = EventLevel.debug
    var report: MaintenanceReport
    var nanoseconds: UInt64
    var message: String { "Looked through the log for what retention and compaction may remove." }
    var fields: [EventField] {
        [
            EventField("expired_bytes", report.bytesExpired), EventField("superseded_records", report.recordsSuperseded),
            EventField("rewritten_chunks", report.chunksRewritten), EventField("forgotten_producers", report.producersForgotten),
            EventField("gave_space_back", report.didReclaim), EventField("milliseconds", Double(nanoseconds) / 1e6),
        ]
    }
    var effects: [MetricEffect] {
        [
            .time(.upkeepSeconds, nanoseconds: nanoseconds), .add(report.bytesExpired, to: .expiredBytes),
            .add(report.recordsSuperseded, to: .supersededRecords), .add(report.chunksRewritten, to: .rewrittenChunks),
        ]
    }
}
