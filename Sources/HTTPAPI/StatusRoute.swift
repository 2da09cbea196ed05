import Base
import Columns
import HTTPTypes
import Hummingbird
import Runtime
import Stores

/// `GET /api/v1/status`: per topology, task, input and view how far it is, what it lags behind and what it waits for.
struct StatusRoute: Sendable {
    let engine: any EngineFacade
    let work: BlockingWork

    @Sendable
    func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try QueryParameters(request.uri.query).allow([])
        let engine = engine
        let report = try await work.run { try engine.report() }
        let json = JSONOutput()
        StatusWriter(report: report, json: json).write()
        return json.response()
    }
}

/// Writes a report as JSON. Ages and spans are in seconds (`_s`) and count from `read_at`; a time that is not known yet
/// is null.
struct StatusWriter {
    let report: EngineReport
    let json: JSONOutput

    private var now: EventTime { report.status.readAt }

    func write() {
        json.object {
            json.field("status", report.phase.rawValue)
            json.field("version", report.version)
            json.field("uptime_s", report.uptime.seconds)
            json.field("read_at", now)
            json.field("process") {
                json.object {
                    json.field("resident_bytes", report.process.residentBytes)
                    json.field("cpu_s", report.process.cpuSeconds)
                    json.field("disk_bytes", report.process.diskBytes)
                }
            }
            json.field("topologies") { json.array(report.status.topologies, write) }
        }
    }

    private func write(_ topology: EngineStatus.Topology) {
        json.object {
            json.field("topology", topology.name)
            watermark(topology.watermark, heldBy: topology.holdingTask?.status.holder)
            figures(lag: topology.lag, topology.rates, topology.state, topology.counters)
            json.field("tasks") { json.array(topology.tasks, write) }
            json.field("views") { json.array(topology.views, write) }
        }
    }

    private func write(_ task: EngineStatus.Task) {
        let status = task.status
        json.object {
            json.field("partition", Int(status.task.partition.number))
            write(task.place)
            if let lag = task.copyLag { json.field("copy") { json.object { json.field("lag_records", lag) } } }
            json.field("epoch", Int64(clamping: status.epoch.number))
            watermark(status.watermark, heldBy: status.holder)
            json.field("clock", status.clock)
            json.field("last_commit") {
                json.object {
                    json.field("at", status.committedAt)
                    age("age_s", since: status.committedAt)
                    json.field("took_s", status.commitNanoseconds.last.map { Double($0) / 1e9 })
                }
            }
            figures(lag: task.lag, task.rates, status.state, status.counters)
            json.field("inputs") { json.array(zip(status.inputs, task.lags)) { input($0, $1) } }
        }
    }

    /// Who runs the task, and how far it is on its way if it is being restored.
    private func write(_ place: EngineStatus.Task.Place) {
        switch place {
        case .here: json.field("phase", "running")
        case .restoring(let progress):
            json.field("phase", "restoring")
            json.field("restore") { json.object { write(progress) } }
        case .elsewhere(let owner):
            json.field("phase", "elsewhere")
            guard let owner else { return }
            json.field("owner") {
                json.object {
                    json.field("host", owner.host)
                    json.field("instance", owner.instance)
                }
            }
        case .nowhere: json.field("phase", "nowhere")
        }
    }

    private func write(_ progress: RestoreProgress) {
        json.field("step", progress.phase.rawValue)
        json.field("records", progress.appliedRecords)
        json.field("bytes", progress.appliedBytes)
        json.field("from_offset", progress.from.number)
        json.field("next_offset", progress.next.number)
        json.field("end_offset", progress.to.number)
        json.field("left_s", progress.timeLeft?.seconds)
        json.field("rebuild", progress.rebuild?.rawValue)
    }

    private func watermark(_ watermark: EventTime, heldBy holder: InputStatus?) {
        json.field("watermark", watermark)
        age("watermark_age_s", since: watermark)
        json.field("held_by") {
            if let holder { json.object { source(holder) } } else { json.value(nil) }
        }
    }

    /// What names a source, and what decides its watermark.
    private func source(_ input: InputStatus) {
        json.field("kind", input.kind.rawValue)
        json.field("source", input.source)
        json.field("topic", input.position.input.topic.text)
        json.field("partition", Int(input.position.input.partition.number))
        json.field("max_event_time", input.position.maxEventTime)
        json.field("out_of_order_s", input.outOfOrder.seconds)
        json.field("idle_after_s", input.idleAfter.seconds)
        json.field("still_since", input.movedAt)
        age("still_s", since: input.movedAt)
        json.field("idle", input.position.isIdle)
    }

    private func input(_ input: InputStatus, _ lag: EngineStatus.Lag) {
        json.object {
            source(input)
            json.field("watermark", input.position.watermark)
            json.field("read_at", input.readAt)
            json.field("next_offset", input.position.next.number)
            write(lag)
        }
    }

    private func write(_ lag: EngineStatus.Lag) {
        json.field("lag_records", lag.records)
        json.field("lag_s", lag.age.seconds)
    }

    private func figures(lag: EngineStatus.Lag, _ rates: TaskRates, _ state: StateSize, _ counters: TaskCounters) {
        write(lag)
        json.field("records_per_s", rates.recordsPerSecond)
        json.field("rows_out_per_s", rates.rowsOutPerSecond)
        json.field("state") {
            json.object {
                json.field("bytes", state.bytes)
                json.field("open_windows", state.windows)
                json.field("groups", state.groups)
            }
        }
        json.field("records", counters.records)
        json.field("rows_out", counters.rowsOut)
        json.field("windows_closed", counters.windowsClosed)
        json.field("late", counters.lateTotal)
        counts("late_by_stream", counters.late)
        json.field("dead_letters", counters.deadLetters)
        counts("dead_letters_by_code", counters.deadLettersByCode)
        json.field("commits", counters.commits)
        json.field("aborts", counters.aborts)
    }

    private func counts(_ name: String, _ counts: [String: Int]) {
        json.field(name) {
            json.object { for (name, count) in counts.sorted(by: { $0.key < $1.key }) { json.field(name, count) } }
        }
    }

    private func write(_ view: EngineStatus.View) {
        json.object {
            json.field("view", view.name)
            json.field("rows") { json.value(view.rowCount.map { .int(Int64($0)) } ?? .null) }
            json.field("lag_records", view.lagRecords)
            json.field("watermark", view.watermark)
            age("watermark_age_s", since: view.watermark)
            json.write(trouble: view.trouble)
            if let rebuild = view.rebuild { json.write(rebuild: rebuild) }
            json.field("partitions") {
                json.array(view.partitions) { partition in
                    json.object {
                        json.field("partition", Int(partition.partition.number))
                        json.field("next_offset", partition.position.next.number)
                        json.field("lag_records", partition.lagRecords)
                        json.field("watermark", partition.position.watermark)
                    }
                }
            }
        }
    }

    /// Null where the time is not known. Negative where it is ahead of the engine's clock.
    private func age(_ name: String, since time: EventTime) {
        json.field(name, time > .earliest ? (now - time).seconds : nil)
    }
}
