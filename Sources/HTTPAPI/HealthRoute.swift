import Base
import HTTPTypes
import Hummingbird
import Stores

/// `GET /health`: what runs and how far it is. 200 while it runs, 503 once it stops.
struct HealthRoute: Sendable {
    let engine: any EngineFacade
    let work: BlockingWork

    @Sendable
    func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try QueryParameters(request.uri.query).allow([])
        let engine = engine
        let health = try await work.run { engine.health() }
        let json = JSONOutput()
        json.object {
            json.field("status", health.status.rawValue)
            json.field("version", health.version)
            json.field("uptime_s", health.uptime.microseconds / 1_000_000)
            json.field("topologies") { json.array(health.topologies) { write($0, to: json) } }
        }
        return json.response(status: health.status == .running ? .ok : .serviceUnavailable)
    }

    private func write(_ topology: EngineHealth.Topology, to json: JSONOutput) {
        json.object {
            json.field("topology", topology.name)
            json.field("tasks") { json.array(topology.tasks) { write($0, to: json) } }
            json.field("standing_views") {
                json.array(topology.troubles.sorted { $0.key < $1.key }) { view, trouble in
                    json.object {
                        json.field("view", view)
                        json.write(trouble: trouble)
                    }
                }
            }
        }
    }

    private func write(_ task: EngineHealth.Task, to json: JSONOutput) {
        json.object {
            json.field("partition", Int(task.partition.number))
            json.field("epoch", Int64(clamping: task.epoch.number))
            json.field("watermark", task.watermark)
            json.field("clock", task.clock)
            json.field("records", task.recordCount)
            json.field("late", task.lateCount)
            json.field("late_by_stream") { write(task.lateByStream, to: json) }
            json.field("dead_letters", task.deadLetterCount)
            json.field("dead_letters_by_code") { write(task.deadLettersByCode, to: json) }
            json.field("positions") { json.array(task.positions) { write($0, to: json) } }
        }
    }

    private func write(_ counts: [String: Int], to json: JSONOutput) {
        json.object { for (name, count) in counts.sorted(by: { $0.key < $1.key }) { json.field(name, count) } }
    }

    private func write(_ position: EpochRecord.InputPosition, to json: JSONOutput) {
        json.object {
            json.field("topic", position.input.topic.text)
            json.field("partition", Int(position.input.partition.number))
            json.field("next_offset", position.next.number)
            json.field("max_event_time", position.maxEventTime)
            json.field("idle", position.isIdle)
        }
    }
}
