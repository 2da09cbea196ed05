import Base
import Stores
public import Telemetry

/// The metrics that are asked for at a scrape, of the status that tasks and projections publish anyway: between scrapes
/// they cost nothing.
extension MetricDeclaration {
    private static let task = ["topology", "partition"]

    static let taskRecords = MetricDeclaration(
        "pioneer_task_records_total", .counter, labels: task, "Records that a task has read from its sources, as of its last commit.")
    static let taskLate = MetricDeclaration(
        "pioneer_task_late_records_total", .counter, labels: task + ["stream"], "Records that came after their window had closed.")
    static let taskDeadLetters = MetricDeclaration(
        "pioneer_task_dead_letters_total", .counter, labels: task + ["code"],
        "Records that could not be used and went to the dead-letter topic, by what is wrong with them.")
    static let taskRowsOut = MetricDeclaration(
        "pioneer_task_rows_out_total", .counter, labels: task, "Rows that a task has written to outputs and views.")
    static let taskCommits = MetricDeclaration(
        "pioneer_task_commits_total", .counter, labels: task, "Epochs that a task has committed.")
    static let taskAborts = MetricDeclaration(
        "pioneer_task_aborts_total", .counter, labels: task, "Epochs that the store aborted, and that were done again.")
    static let taskWindowsClosed = MetricDeclaration(
        "pioneer_task_windows_closed_total", .counter, labels: task, "Windows that a task has closed.")
    static let taskEpoch = MetricDeclaration("pioneer_task_epoch", .gauge, labels: task, "Number of a task's last committed epoch.")
    static let taskLagRecords = MetricDeclaration(
        "pioneer_task_lag_records", .gauge, labels: task, "Records of a task's sources that it has not read yet, as of its last commit.")
    static let taskLagSeconds = MetricDeclaration(
        "pioneer_task_lag_seconds", .gauge, unit: .seconds, labels: task,
        "How long ago the oldest record was appended that a task has not read yet; 0 where all are read.")
    static let taskWatermark = MetricDeclaration(
        "pioneer_task_watermark_timestamp_seconds", .gauge, unit: .seconds, labels: task,
        "A task's watermark, in seconds since 1970; absent before the first record.")
    static let taskWatermarkLag = MetricDeclaration(
        "pioneer_task_watermark_lag_seconds", .gauge, unit: .seconds, labels: task,
        "How far a task's watermark is behind the engine's clock; absent before the first record.")
    static let taskCommitted = MetricDeclaration(
        "pioneer_task_last_commit_timestamp_seconds", .gauge, unit: .seconds, labels: task,
        "When a task last committed, in seconds since 1970; absent before its first commit.")
    static let taskStateBytes = MetricDeclaration(
        "pioneer_task_state_bytes", .gauge, unit: .bytes, labels: task, "Memory that a task's operators hold for state.")
    static let taskOpenWindows = MetricDeclaration(
        "pioneer_task_open_windows", .gauge, labels: task, "Windows of a task that are not closed.")
    static let taskStateGroups = MetricDeclaration(
        "pioneer_task_state_groups", .gauge, labels: task, "Groups of open windows that a task holds in memory.")

    static let taskRestoreLeft = MetricDeclaration(
        "pioneer_task_restore_left_records", .gauge, labels: task,
        "Offsets of its changelog that a task has yet to read before it runs; absent while none of it is being restored.")
    static let taskRestoreSecondsLeft = MetricDeclaration(
        "pioneer_task_restore_left_seconds", .gauge, unit: .seconds, labels: task,
        "Time that the restore of a task will still take at its pace so far; absent where that is not known.")

    static let standbyLag = MetricDeclaration(
        "pioneer_standby_lag_records", .gauge, labels: task,
        "Offsets of a task's changelog that this process's copy lacks, while another process owns the task.")

    private static let view = ["topology", "view", "partition"]

    static let viewLag = MetricDeclaration(
        "pioneer_view_lag_records", .gauge, labels: view, "Records of a view's topic that are not in its table yet.")
    static let viewPosition = MetricDeclaration(
        "pioneer_view_next_offset", .gauge, labels: view, "Offset of a view's topic at which its projection goes on.")
    static let viewWatermark = MetricDeclaration(
        "pioneer_view_watermark_timestamp_seconds", .gauge, unit: .seconds, labels: view,
        "Event time up to which a view is complete, in seconds since 1970; absent before the first record.")
    static let viewStalled = MetricDeclaration(
        "pioneer_view_stalled_seconds", .gauge, unit: .seconds, labels: ["topology", "view"],
        "For how long a view's projection has failed; 0 while it goes on.")
    static let viewRebuildLeft = MetricDeclaration(
        "pioneer_view_rebuild_left_records", .gauge, labels: ["topology", "view"],
        "Records of its topic that the new table of a view lacks; absent while none is being made.")
}

/// Every metric of a running engine that is asked for at a scrape, for the registry.
public enum EngineMetrics {
    public static let all: [MetricDeclaration] = [
        .taskRecords, .taskLate, .taskDeadLetters, .taskRowsOut, .taskCommits, .taskAborts, .taskWindowsClosed, .taskEpoch,
        .taskLagRecords, .taskLagSeconds, .taskWatermark, .taskWatermarkLag, .taskCommitted, .taskStateBytes, .taskOpenWindows,
        .taskStateGroups, .taskRestoreLeft, .taskRestoreSecondsLeft, .standbyLag, .viewLag, .viewPosition,
        .viewWatermark, .viewStalled, .viewRebuildLeft,
    ]
}

extension Engine {
    /// Notes where every task and projection stands. Throws what the stores throw; what was noted before stays.
    /// - Complexity: O(tasks + views · partitions); reads one record of each input that lags.
    public func noteMetrics(into samples: inout MetricSamples) throws {
        let now = parts.clock.now()
        for status in statuses { note(try task(status, now: now), now, into: &samples) }
        noteRestores(into: &samples)
        for view in viewDefinitions {
            let name: KeyValuePairs = ["topology": view.topology, "view": view.name]
            samples.note(board.trouble(of: view.name).map { max(0, (now - $0.since).seconds) } ?? 0, of: .viewStalled, name)
            for projection in try projections(of: view) {
                let position = projection.position
                let labels: KeyValuePairs = ["topology": view.topology, "view": view.name, "partition": "\(projection.partition)"]
                samples.note(Int(projection.lagRecords), of: .viewLag, labels)
                samples.note(Int(position.next.number), of: .viewPosition, labels)
                if position.watermark > .earliest { samples.note(position.watermark.seconds, of: .viewWatermark, labels) }
            }
            if let rebuild = try rebuild(of: view), rebuild.rebuild.isRunning {
                samples.note(Int(max(0, rebuild.recordsTotal - rebuild.recordsDone)), of: .viewRebuildLeft, name)
            }
        }
    }

    private func noteRestores(into samples: inout MetricSamples) {
        for (task, lag) in board.copyLags {
            samples.note(Int(lag), of: .standbyLag, ["topology": task.topology, "partition": "\(task.partition)"])
        }
        for (task, progress) in board.restores {
            let labels: KeyValuePairs = ["topology": task.topology, "partition": "\(task.partition)"]
            samples.note(Int(max(0, progress.to.number - progress.next.number)), of: .taskRestoreLeft, labels)
            if let left = progress.timeLeft { samples.note(left.seconds, of: .taskRestoreSecondsLeft, labels) }
        }
    }

    private func note(_ task: EngineStatus.Task, _ now: EventTime, into samples: inout MetricSamples) {
        let status = task.status, counters = status.counters
        let (topology, partition) = (status.task.topology, "\(status.task.partition)")
        let labels: KeyValuePairs = ["topology": topology, "partition": partition]
        for (metric, count) in [
            (MetricDeclaration.taskRecords, counters.records), (.taskRowsOut, counters.rowsOut), (.taskCommits, counters.commits),
            (.taskAborts, counters.aborts), (.taskWindowsClosed, counters.windowsClosed), (.taskStateBytes, status.state.bytes),
            (.taskOpenWindows, status.state.windows), (.taskStateGroups, status.state.groups),
            (.taskEpoch, Int(clamping: status.epoch.number)), (.taskLagRecords, Int(task.lag.records)),
        ] {
            samples.note(count, of: metric, labels)
        }
        for (stream, count) in counters.late {
            samples.note(count, of: .taskLate, ["topology": topology, "partition": partition, "stream": stream])
        }
        for (code, count) in counters.deadLettersByCode {
            samples.note(count, of: .taskDeadLetters, ["topology": topology, "partition": partition, "code": code])
        }
        samples.note(task.lag.age.seconds, of: .taskLagSeconds, labels)
        if status.committedAt > .earliest { samples.note(status.committedAt.seconds, of: .taskCommitted, labels) }
        guard status.watermark > .earliest else { return }
        samples.note(status.watermark.seconds, of: .taskWatermark, labels)
        samples.note((now - status.watermark).seconds, of: .taskWatermarkLag, labels)
    }
}

extension EventTime {
    fileprivate var seconds: Double { Double(microseconds) / 1e6 }
}

extension TimeSpan {
    fileprivate var seconds: Double { Double(microseconds) / 1e6 }
}
