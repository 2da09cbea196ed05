import Base
import Planner
import Stores
import Telemetry

/// Follows the changelogs of all tasks that other processes run, on a thread of its own, so that taking one over is a matter
/// of the last records.
///
/// A copy is stepped only while its task is held: who is assigned the task takes it from here first (`release`), and gives it
/// back when it has gone again.
final class StandbyThread: @unchecked Sendable {
    private let host: ClusterHost
    private let log: any EventLog
    private let clock: any WallClock
    private let stop: StopSignal
    private let holds: StandbyHolds
    private let board: StatusBoard
    /// This thread's alone.
    private var copies: [TaskID: Copy] = [:]
    private var pauses: [TaskID: RetryPause] = [:]

    /// A copy, and what has been told of it.
    private struct Copy {
        let copy: StandbyCopy
        /// The task's `StandbyHolds.releases` when it was made: a later owner here has left the state elsewhere.
        let releases: Int
        let made = Stopwatch()
        var records = 0
        var hasCaughtUp = false
        /// The changelog's end when it was asked for last.
        var end: (offset: Offset, asked: Stopwatch)?
        /// Offsets from there to the end.
        var lag = Int64(0)
        var lastRead = Stopwatch()
    }

    init(
        _ holds: StandbyHolds, host: ClusterHost, log: any EventLog, clock: any WallClock, board: StatusBoard, stop: StopSignal
    ) {
        self.holds = holds
        self.host = host
        self.log = log
        self.clock = clock
        self.board = board
        self.stop = stop
    }

    func run() {
        while !stop.isStopping {
            var didWork = false
            let held = holds.tasks
            for task in Array(copies.keys) where !held.contains(task) { forget(task) }
            for task in held where !stop.isStopping {
                if step(task) { didWork = true }
            }
            // A reader that has fetched nothing yet is not at the end: then more is about to come.
            let isBehind = copies.values.contains { $0.lag > 0 && $0.lastRead.elapsedSeconds < Self.fetchSeconds }
            if !didWork { stop.wait(timeout: isBehind ? Self.fetchWait : Limits.journalWait) }
        }
    }

    /// True when there may be more to read.
    private func step(_ task: TaskID) -> Bool {
        guard pauses[task]?.isOver ?? true else { return false }
        var hasMore = false
        let isHeld = holds.whileHeld(task) { releases in
            if let copy = copies[task], copy.releases != releases { forget(task) }
            do {
                var copy = copies[task] ?? Copy(
                    copy: StandbyCopy(task, cluster: host.cluster, log: log, local: host.local, settings: host.ledgerSettings),
                    releases: releases)
                let step = try copy.copy.step(now: clock.now())
                hasMore = !step.isAtEnd
                try tell(step, of: task, &copy)
                copies[task] = copy
                pauses[task] = nil
            } catch {
                var pause = pauses[task] ?? RetryPause()
                Telemetry.emit(StandbyFailed(task: task, error: EngineError(describing: error), retryIn: pause.span))
                pause.begin()
                pauses[task] = pause
                forget(task)
            }
        }
        // The task's owner went on from the copy: one made later begins with what that has left.
        if !isHeld { forget(task) }
        return hasMore
    }

    private func forget(_ task: TaskID) {
        copies[task] = nil
        board.publish(copyLag: nil, of: task)
    }

    private func tell(_ step: StandbyCopy.Step, of task: TaskID, _ copy: inout Copy) throws {
        copy.records += step.records
        if step.records > 0 { copy.lastRead = Stopwatch() }
        guard let next = step.next else { return board.publish(copyLag: nil, of: task) }
        if (copy.end?.asked.elapsedSeconds ?? .infinity) >= Self.endSeconds {
            copy.end = (try log.range(of: Changelog.partition(of: task)).end, Stopwatch())
        }
        copy.lag = max(0, (copy.end?.offset.number ?? 0) - next.number)
        board.publish(copyLag: copy.lag, of: task)
        guard copy.lag == 0, !copy.hasCaughtUp else { return }
        copy.hasCaughtUp = true
        Telemetry.emit(StandbyCaughtUp(task: task, records: copy.records, nanoseconds: copy.made.elapsedNanoseconds))
    }

    /// How often the changelog's end is asked for.
    private static let endSeconds = 1.0
    private static let fetchWait = TimeSpan.milliseconds(5)
    /// For how long more is expected at any moment.
    private static let fetchSeconds = 2.0
}

/// Which tasks a standby may follow: all that this process does not own.
final class StandbyHolds: Sendable {
    private struct State {
        var held: Set<TaskID>
        /// The one that is being stepped.
        var busy: TaskID?
        /// How often each task was taken from here.
        var releases: [TaskID: Int] = [:]
    }

    private let state: Monitor<State>

    init(_ tasks: [TaskID]) { state = Monitor(State(held: Set(tasks))) }

    var tasks: [TaskID] { state.withLock { $0.held.sorted() } }

    /// The task is this process's: waits for a step under way; from then on the copy is left alone.
    func release(_ task: TaskID) { state.wait { state -> Void? in
        if state.held.remove(task) != nil { state.releases[task, default: 0] += 1 }
        return state.busy == task ? nil : ()
    } }

    func takeBack(_ task: TaskID) { state.withLock { _ = $0.held.insert(task) } }

    /// False: the task is not held.
    func whileHeld(_ task: TaskID, _ body: (_ releases: Int) -> Void) -> Bool {
        let releases = state.withLock { state -> Int? in
            guard state.held.contains(task) else { return nil }
            state.busy = task
            return state.releases[task] ?? 0
        }
        guard let releases else { return false }
        body(releases)
        state.withLock { $0.busy = nil }
        state.wakeAll()
        return true
    }
}

struct StandbyCaughtUp: InternalEvent {
    static let name = "standby_caught_up"
    static let level = EventLevel.info
    var task: TaskID
    var records: Int
    var nanoseconds: UInt64
    var message: String { "The copy of a task's state that another process owns is at the end of its changelog." }
    var fields: [EventField] {
        [EventField("task", task), EventField("records", records), EventField("took", TimeSpan(microseconds: Int64(nanoseconds / 1_000)))]
    }
}

struct StandbyFailed: InternalEvent {
    static let name = "standby_failed"
    static let level = EventLevel.warning
    var task: TaskID
    var error: EngineError
    var retryIn: TimeSpan
    var message: String { "A copy of another process's state could not be followed; tried again in \(retryIn)." }
    var fields: [EventField] {
        [EventField("task", task), EventField("code", error.code.text), EventField("error", error.message)]
    }
}
