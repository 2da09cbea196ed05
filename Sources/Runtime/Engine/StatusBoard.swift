import Base
import Stores

/// The latest snapshot of every task and of every view's projection, for readers on other threads. Written once a commit,
/// once a step of a restore and once a projection step, never once a record.
final class StatusBoard: Sendable {
    private struct Notice {
        var status: TaskStatus
        var rates: RateSamples
    }

    private struct Contents {
        var tasks: [TaskID: Notice] = [:]
        var restoring: [TaskID: RestoreProgress] = [:]
        /// Of the tasks that this process stands by for, the offsets of the changelog that its copy lacks.
        var copyLags: [TaskID: Int64] = [:]
        /// What journals tell of tasks, whoever runs them.
        var journals: [TaskID: JournalEntry] = [:]
        var views: [ViewPartition: ViewPosition] = [:]
        var trims: [ViewPartition: TrimMarks] = [:]
        var troubles: [String: ViewTrouble] = [:]
        var rebuilds: [String: ViewRebuild] = [:]
        /// How often each view's rebuild was published.
        var rebuildNotes: [String: Int] = [:]
        var rebuildTroubles: [String: ViewTrouble] = [:]

        func committedWatermark(of task: TaskID) -> EventTime {
            max(tasks[task]?.status.watermark ?? .earliest, journals[task]?.record.watermark ?? .earliest)
        }
    }

    struct ViewPartition: Hashable {
        var view: String
        var partition: PartitionNumber
    }

    private let commitInterval: TimeSpan
    private let contents = Monitor(Contents())

    init(commitInterval: TimeSpan = .seconds(1)) { self.commitInterval = commitInterval }

    func publish(_ status: TaskStatus) {
        let sample = RateSamples.Sample(
            nanoseconds: Stopwatch.nanoseconds(), records: status.counters.records, rowsOut: status.counters.rowsOut)
        contents.withLock {
            $0.restoring[status.task] = nil
            $0.tasks[status.task, default: Notice(status: status, rates: RateSamples(commitInterval: commitInterval))].status = status
            $0.tasks[status.task]?.rates.append(sample)
        }
    }

    func publish(_ progress: RestoreProgress, of task: TaskID) { contents.withLock { $0.restoring[task] = progress } }

    /// - Parameter lag: nil: there is no copy any more, or its place is not known.
    func publish(copyLag lag: Int64?, of task: TaskID) { contents.withLock { $0.copyLags[task] = lag } }

    /// Of the copies that this process keeps of others' tasks, by task.
    var copyLags: [TaskID: Int64] { contents.withLock(\.copyLags) }

    func publish(_ entry: JournalEntry, of task: TaskID) { contents.withLock { $0.journals[task] = entry } }

    /// The task is not this process's any more.
    func remove(_ task: TaskID) {
        contents.withLock {
            $0.tasks[task] = nil
            $0.restoring[task] = nil
        }
    }

    /// Restores that are under way here, by task.
    var restores: [(task: TaskID, progress: RestoreProgress)] {
        contents.withLock { $0.restoring.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// What is known of a task: of one that runs here from itself, of others from the journal.
    func place(of task: TaskID) -> TaskPlace {
        contents.withLock { contents in
            if let notice = contents.tasks[task] { return .here(notice.status) }
            let entry = contents.journals[task]
            if let progress = contents.restoring[task] { return .restoring(progress, last: entry) }
            return entry.map(TaskPlace.elsewhere) ?? .nowhere
        }
    }

    func publish(_ position: ViewPosition, of view: String, _ partition: PartitionNumber) {
        contents.withLock { $0.views[ViewPartition(view: view, partition: partition)] = position }
    }

    /// - Parameter trouble: nil: the view goes on.
    func publish(trouble: ViewTrouble?, of view: String) { contents.withLock { $0.troubles[view] = trouble } }

    func trouble(of view: String) -> ViewTrouble? { contents.withLock { $0.troubles[view] } }

    /// - Parameters:
    ///   - rebuild: the latest; nil: none.
    ///   - mark: `rebuildMark` of before the database was asked: what was published since counts more. Nil: this does.
    func publish(rebuild: ViewRebuild?, of view: String, since mark: Int? = nil) {
        contents.withLock {
            if let mark, mark != $0.rebuildNotes[view, default: 0] { return }
            $0.rebuildNotes[view, default: 0] += 1
            $0.rebuilds[view] = rebuild
            if !(rebuild?.isRunning ?? false) { $0.rebuildTroubles[view] = nil }
        }
    }

    func rebuildMark(of view: String) -> Int { contents.withLock { $0.rebuildNotes[view, default: 0] } }

    func publish(rebuildTrouble trouble: ViewTrouble?, of view: String) { contents.withLock { $0.rebuildTroubles[view] = trouble } }

    func rebuild(of view: String) -> (rebuild: ViewRebuild, trouble: ViewTrouble?)? {
        contents.withLock { contents in contents.rebuilds[view].map { ($0, contents.rebuildTroubles[view]) } }
    }

    /// The projection has come to `end` of a view's topic, past rows of event times up to `newest`.
    func notePassed(_ end: Offset, newest: EventTime, of view: String, _ partition: PartitionNumber, since start: ViewPosition) {
        contents.withLock {
            $0.trims[ViewPartition(view: view, partition: partition), default: TrimMarks(from: start)].note(end, newest: newest)
        }
    }

    /// Where a view's topic begins to hold rows of `time` and later; nil: as far as is known where it did before.
    func trimPoint(before time: EventTime, of view: String, _ partition: PartitionNumber) -> Offset? {
        contents.withLock { $0.trims[ViewPartition(view: view, partition: partition)]?.take(before: time) }
    }

    /// The greatest watermark that the task is known to have committed.
    func committedWatermark(of task: TaskID) -> EventTime {
        contents.withLock { $0.committedWatermark(of: task) }
    }

    /// Nil: the projection has not begun.
    func position(of view: String, _ partition: PartitionNumber) -> ViewPosition? {
        contents.withLock { $0.views[ViewPartition(view: view, partition: partition)] }
    }

    /// Of the partitions whose projection has begun.
    func positions(of view: String) -> [PartitionNumber: ViewPosition] {
        contents.withLock { contents in
            contents.views.reduce(into: [:]) { if $1.key.view == view { $0[$1.key.partition] = $1.value } }
        }
    }

    func rates(of task: TaskID) -> TaskRates {
        let now = Stopwatch.nanoseconds()
        return contents.withLock { $0.tasks[task]?.rates.rates(now: now) } ?? TaskRates()
    }

    /// The least committed watermark of a topology's tasks that have one: what `keep` follows, because expiring rows
    /// knows no partitions. A partition that never saw a record holds nothing back.
    func watermark(of topology: String) -> EventTime? {
        contents.withLock { contents in
            Set(contents.tasks.keys).union(contents.journals.keys).filter { $0.topology == topology }
                .map { contents.committedWatermark(of: $0) }.filter { $0 > .earliest }.min()
        }
    }

    /// Of the tasks that run here, by task.
    var all: [TaskStatus] { contents.withLock { $0.tasks.values.map(\.status).sorted { $0.task < $1.task } } }
}

/// Where a task is, as far as this process knows.
enum TaskPlace {
    case here(TaskStatus)
    /// It is this process's, and its state on the way. `last`: its latest epoch.
    case restoring(RestoreProgress, last: JournalEntry?)
    /// Another process has committed its latest epoch.
    case elsewhere(JournalEntry)
    /// Nobody has committed an epoch yet.
    case nowhere
}
