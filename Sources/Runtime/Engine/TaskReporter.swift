import Base
import Stores
import Telemetry

/// Tells of a task what an operator wants to know, from one snapshot of its status to the next: epochs at the debug
/// level, and what went wrong with records once per kind and minute.
struct TaskReporter {
    private enum Trouble: Hashable {
        case deadLetters(code: String)
        case late(stream: String)
        case memory(TaskCounters.MemoryShare)
    }

    private let task: TaskID
    private var told = TaskCounters()
    private var limiter = NoticeLimiter<Trouble>()

    init(_ task: TaskID) { self.task = task }

    /// After a commit or an abort.
    mutating func tell(_ status: TaskStatus, now: EventTime) {
        let counters = status.counters
        if counters.aborts > told.aborts { Telemetry.emit(EpochAborted(task: task, epoch: status.epoch.next)) }
        if counters.commits > told.commits {
            Telemetry.emit(
                EpochCommitted(
                    task: task, epoch: status.epoch, records: counters.records - told.records, rows: counters.rowsOut - told.rowsOut,
                    stateBytes: status.state.bytes, nanoseconds: status.commitNanoseconds.last ?? 0))
        }
        for (code, count) in counters.deadLettersByCode {
            note(.deadLetters(code: code), count - (told.deadLettersByCode[code] ?? 0), now)
        }
        for (stream, count) in counters.late { note(.late(stream: stream), count - (told.late[stream] ?? 0), now) }
        for (share, count) in counters.memoryPressure {
            note(.memory(share), count - (told.memoryPressure[share] ?? 0), now)
        }
        told = counters
    }

    /// Now and then, whether or not anything happened. Nil: the last time.
    mutating func tellWaiting(now: EventTime?) {
        for (trouble, count) in limiter.due(now: now) { emit(trouble, count) }
    }

    private mutating func note(_ trouble: Trouble, _ count: Int, _ now: EventTime) {
        if let count = limiter.note(trouble, count, now: now) { emit(trouble, count) }
    }

    private func emit(_ trouble: Trouble, _ count: Int) {
        switch trouble {
        case .deadLetters(let code): Telemetry.emit(DeadLettersWritten(task: task, code: code, count: count))
        case .late(let stream): Telemetry.emit(LateRecordsMet(task: task, stream: stream, count: count))
        case .memory(let share): Telemetry.emit(MemoryShareReached(task: task, share: share, count: count))
        }
    }
}

struct EpochCommitted: InternalEvent {
    static let name = "epoch_committed"
    static let level = EventLevel.debug
    var task: TaskID
    var epoch: Epoch
    var records: Int
    var rows: Int
    var stateBytes: Int
    var nanoseconds: UInt64
    var message: String { "Committed an epoch." }
    var fields: [EventField] {
        [
            EventField("task", task), EventField("epoch", epoch.number), EventField("records", records), EventField("rows", rows),
            EventField("state_bytes", stateBytes), EventField("milliseconds", Double(nanoseconds) / 1e6),
        ]
    }
    var effects: [MetricEffect] { [.time(.commitSeconds, nanoseconds: nanoseconds, ["topology": task.topology])] }
}

struct EpochAborted: InternalEvent {
    static let name = "epoch_aborted"
    static let level = EventLevel.warning
    var task: TaskID
    var epoch: Epoch
    var message: String { "The store aborted an epoch; the task does it again from its last one." }
    var fields: [EventField] { [EventField("task", task), EventField("epoch", epoch.number)] }
}

struct DeadLettersWritten: InternalEvent {
    static let name = "dead_letters_written"
    static let level = EventLevel.warning
    var task: TaskID
    var code: String
    var count: Int
    var message: String { "Records could not be used; they are in the dead-letter topic, with the reason." }
    var fields: [EventField] {
        [
            EventField("task", task), EventField("code", code), EventField("count", count),
            EventField("topic", TopicName.deadLetters(of: task.topology).text),
        ]
    }
}

struct LateRecordsMet: InternalEvent {
    static let name = "late_records_met"
    static let level = EventLevel.warning
    var task: TaskID
    var stream: String
    var count: Int
    var message: String { "Records came after their window had closed, and were left out of it." }
    var fields: [EventField] { [EventField("task", task), EventField("stream", stream), EventField("count", count)] }
}

struct MemoryShareReached: InternalEvent {
    static let name = "memory_share_reached"
    static let level = EventLevel.info
    var task: TaskID
    var share: TaskCounters.MemoryShare
    var count: Int
    var message: String {
        switch share {
        case .state: "The task's state outgrew its share of memory; part of it is read from the disk when it is needed."
        case .epoch: "Epochs ended early because their outputs and changes had reached their share of memory."
        }
    }
    var fields: [EventField] { [EventField("task", task), EventField("share", share.rawValue), EventField("count", count)] }
    var effects: [MetricEffect] { [.add(count, to: .memoryPressure, ["topology": task.topology, "share": share.rawValue])] }
}
