import Base
import Stores
import Telemetry

extension MetricDeclaration {
    static let commitsUnknown = MetricDeclaration(
        "pioneer_commits_unknown_total", .counter, labels: ["topology"],
        "Epochs whose commit the log did not answer at first; each is asked for until it is known.")
    static let transactionsAborted = MetricDeclaration(
        "pioneer_transactions_aborted_total", .counter, labels: ["topology"], "Epochs that the log aborted, and that were done again.")
    static let recordsRefused = MetricDeclaration(
        "pioneer_records_refused_total", .counter, labels: ["topology"],
        "Records of outputs that the log did not take, and that became dead letters.")
    static let tasksGivenUp = MetricDeclaration(
        "pioneer_tasks_given_up_total", .counter, labels: ["topology"],
        "Times that a process gave a task up because another owner has it, or because its connection was of no use any more.")
    static let changelogRestoreSeconds = MetricDeclaration(
        "pioneer_changelog_restore_seconds", .histogram, unit: .seconds, labels: ["topology"],
        "Time from the fencing of a task's earlier owners until its state was of the last epoch.")
    static let changelogRecords = MetricDeclaration(
        "pioneer_changelog_restored_records_total", .counter, labels: ["topology"], "Records of changelogs that restores have applied.")
    static let rebuilds = MetricDeclaration(
        "pioneer_state_rebuilds_total", .counter, labels: ["topology", "reason"],
        "Times that a process made its copy of a task's state anew from the changelog.")
}

// MARK: Restore

struct RestoreStarted: InternalEvent {
    static let name = "restore_started"
    static let level = EventLevel.info
    var task: TaskID
    var progress: RestoreProgress
    var message: String {
        progress.rebuild == nil
            ? "A task's state goes on from the copy here to the end of its changelog."
            : "A task's state is made anew from the beginning of its changelog."
    }
    var fields: [EventField] {
        [EventField("task", task), EventField("from", progress.from.number), EventField("to", progress.to.number)]
            + (progress.rebuild.map { [EventField("reason", $0.rawValue)] } ?? [])
    }
    var effects: [MetricEffect] {
        progress.rebuild.map { [.add(1, to: .rebuilds, ["topology": task.topology, "reason": $0.rawValue])] } ?? []
    }
}

struct RestoreProgressed: InternalEvent {
    static let name = "restore_progressed"
    static let level = EventLevel.info
    var task: TaskID
    var progress: RestoreProgress
    var message: String { "A task's state follows its changelog." }
    var fields: [EventField] {
        [
            EventField("task", task), EventField("next", progress.next.number), EventField("to", progress.to.number),
            EventField("records", progress.appliedRecords), EventField("bytes", progress.appliedBytes),
        ] + (progress.timeLeft.map { [EventField("left", $0)] } ?? [])
    }
}

struct RestoreWaiting: InternalEvent {
    static let name = "restore_waiting"
    static let level = EventLevel.warning
    var task: TaskID
    var difference: OffsetDifference
    var message: String { "A task's last epoch and its group's offsets differ; part of a transaction may not be in sight yet." }
    var fields: [EventField] {
        [
            EventField("task", task), EventField("input", difference.input), EventField("recorded", difference.recorded.number),
            EventField("group", difference.group.number),
        ]
    }
}

struct RestoreFinished: InternalEvent {
    static let name = "restore_finished"
    static let level = EventLevel.info
    var task: TaskID
    var epoch: Epoch
    var progress: RestoreProgress
    var now: EventTime
    var message: String { "A task's state is of its last epoch." }
    var fields: [EventField] {
        [
            EventField("task", task), EventField("epoch", epoch.number), EventField("records", progress.appliedRecords),
            EventField("bytes", progress.appliedBytes), EventField("took", now - progress.startedAt),
        ]
    }
    var effects: [MetricEffect] {
        let nanoseconds = UInt64(clamping: (now - progress.startedAt).microseconds) * 1_000
        return [
            .time(.changelogRestoreSeconds, nanoseconds: nanoseconds, ["topology": task.topology]),
            .add(progress.appliedRecords, to: .changelogRecords, ["topology": task.topology]),
        ]
    }
}

struct GroupOffsetsMissing: InternalEvent {
    static let name = "group_offsets_missing"
    static let level = EventLevel.warning
    var task: TaskID
    var inputs: [TopicPartition]
    var message: String { "The group has forgotten where a task stands; it goes on from the last epoch's record." }
    var fields: [EventField] {
        [EventField("task", task), EventField("inputs", inputs.map(\.description).joined(separator: ","))]
    }
}

struct GroupOffsetsTaken: InternalEvent {
    static let name = "group_offsets_taken"
    static let level = EventLevel.info
    var task: TaskID
    var offsets: [TopicPartition: Offset]
    var message: String { "A task that has never committed begins where its group's offsets were set." }
    var fields: [EventField] {
        let texts = offsets.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [EventField("task", task), EventField("offsets", texts.joined(separator: ","))]
    }
}

// MARK: Commit

struct CommitUnknown: InternalEvent {
    static let name = "commit_unknown"
    static let level = EventLevel.warning
    var task: TaskID
    var epoch: Epoch
    var error: EngineError
    var message: String { "The log has not said whether an epoch was committed; it is asked again." }
    var fields: [EventField] {
        [
            EventField("task", task), EventField("epoch", epoch.number), EventField("code", error.code.text),
            EventField("error", error.message),
        ]
    }
    var effects: [MetricEffect] { [.add(1, to: .commitsUnknown, ["topology": task.topology])] }
}

struct TransactionAborted: InternalEvent {
    static let name = "transaction_aborted"
    static let level = EventLevel.warning
    var task: TaskID
    var epoch: Epoch
    var error: EngineError
    var message: String { "The log could not commit an epoch; none of it is there." }
    var fields: [EventField] {
        [
            EventField("task", task), EventField("epoch", epoch.number), EventField("code", error.code.text),
            EventField("error", error.message),
        ]
    }
    var effects: [MetricEffect] { [.add(1, to: .transactionsAborted, ["topology": task.topology])] }
}

struct RecordsRefused: InternalEvent {
    static let name = "records_refused"
    static let level = EventLevel.warning
    var task: TaskID
    var topic: TopicName
    var count: Int
    var reason: String
    var message: String { "The log did not take rows of an output; they are in the dead-letter topic, with the reason." }
    var fields: [EventField] {
        [EventField("task", task), EventField("topic", topic), EventField("count", count), EventField("reason", reason)]
    }
    var effects: [MetricEffect] { [.add(count, to: .recordsRefused, ["topology": task.topology])] }
}

struct TaskGivenUp: InternalEvent {
    static let name = "task_given_up"
    static let level = EventLevel.warning
    var task: TaskID
    var error: EngineError
    var message: String { "This process goes no further with a task: another owner has it, or its connection is of no use." }
    var fields: [EventField] {
        [EventField("task", task), EventField("code", error.code.text), EventField("error", error.message)]
    }
    var effects: [MetricEffect] { [.add(1, to: .tasksGivenUp, ["topology": task.topology])] }
}
