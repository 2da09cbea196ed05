import Base
import Planner
import Stores
import Telemetry

/// A task of this process, from its assignment until it goes: acts as its `TaskLife` says. A worker's own.
final class HostedTask {
    let id: TaskID
    private let make: TaskMaker
    private let makeFooting: @Sendable () throws -> any TaskFooting
    private let stop: StopSignal
    private var life = TaskLife()
    private var footing: (any TaskFooting)?
    private var task: TopologyTask?
    private var pause = RetryPause()
    private var restoring = Stopwatch()
    private var reporter: TaskReporter
    private var publishedChanges = 0

    init(_ id: TaskID, make: TaskMaker, stop: StopSignal, makeFooting: @escaping @Sendable () throws -> any TaskFooting) {
        self.id = id
        self.make = make
        self.stop = stop
        self.makeFooting = makeFooting
        reporter = TaskReporter(id)
        act(on: .assigned)
    }

    /// One step of whatever the task is at. True when there may be more to do at once. Failures are acted upon.
    func step(now: EventTime) -> Bool {
        guard pause.isOver else { return false }
        do {
            let didWork = try advance(now: now)
            pause.reset()
            return didWork
        } catch {
            fail(error)
            return false
        }
    }

    /// Restores the task on the calling thread, to its end. Throws what failed, which is acted upon by the caller alone.
    func restoreAll(now: EventTime) throws {
        while life.phase == .restoring { _ = try advance(now: now) }
    }

    private func advance(now: EventTime) throws -> Bool {
        switch life.phase {
        case .absent: return false
        case .restoring: return try restore(now: now)
        case .running:
            guard let task else { preconditionFailure("a running task has been made") }
            let didWork = try task.step(now: now)
            if task.changeCount != publishedChanges { publish(task, now: now) }
            reporter.tellWaiting(now: now)
            return didWork
        }
    }

    private func restore(now: EventTime) throws -> Bool {
        let footing = try self.footing ?? makeFooting()
        self.footing = footing
        if let progress = try footing.restoreStep(now: now) {
            make.board.publish(progress, of: id)
            // What waits for others must not keep the worker from waiting too.
            return progress.phase != .waiting
        }
        let task = make(id, on: footing)
        try task.restore()
        self.task = task
        act(on: .ready)
        return true
    }

    private func fail(_ error: any Error) {
        let fault = EngineError(describing: error)
        var happening = TaskLife.Happening(fault, canMove: make.canMove)
        if happening == .refused, let footing { happening = TaskLife.Happening(footing.decideOwnership()) }
        act(on: happening, fault)
    }

    /// The engine stops in good order, or the group has decided about the task.
    func act(on happening: TaskLife.Happening, _ fault: EngineError? = nil) {
        let wasRestoring = life.phase == .restoring
        switch life.on(happening) {
        case .nothing: break
        case .open: restoring = Stopwatch()
        case .run: didRestore()
        case .close:
            if let fault { Telemetry.emit(TaskGivenUp(task: id, error: fault)) }
            close()
            leaveBoard(happening)
        case .commitAndClose:
            footing?.note(happening == .revoked ? .revoked : .stopping)
            commit()
            close()
            leaveBoard(happening)
        case .wait:
            if let fault { Telemetry.emit(TaskStepFailed(task: id, error: fault, retryIn: pause.span)) }
            pause.begin()
        case .reopen:
            if let fault { Telemetry.emit(TaskFenced(task: id, error: fault, wasRestoring: wasRestoring)) }
            close()
            make.board.remove(id)
            restoring = Stopwatch()
            pause.begin()
        case .stopEngine:
            close()
            stop.stop(because: fault)
        }
    }

    private func didRestore() {
        guard let task else { preconditionFailure("a task that is ready has been made") }
        Telemetry.emit(TaskRestored(status: task.currentStatus, nanoseconds: restoring.elapsedNanoseconds))
        make.board.publish(task.currentStatus)
        publishedChanges = task.changeCount
    }

    private func commit() {
        guard let task else { return }
        do {
            try task.commit()
            publish(task, now: make.clock.now())
            reporter.tellWaiting(now: nil)
        } catch {
            // The epoch is not committed, so nothing of it is visible: who goes on with the task does it again.
            Telemetry.emit(TaskStepFailed(task: id, error: EngineError(describing: error), retryIn: nil))
        }
    }

    private func publish(_ task: TopologyTask, now: EventTime) {
        let status = task.currentStatus
        publishedChanges = task.changeCount
        make.board.publish(status)
        reporter.tell(status, now: now)
    }

    private func close() {
        task = nil
        footing?.close()
        footing = nil
    }

    /// What a stopped engine has done stays to be read; what has gone to another process is that one's to tell.
    private func leaveBoard(_ happening: TaskLife.Happening) {
        if happening != .stopped { make.board.remove(id) }
    }
}

/// Makes tasks of topologies, with an engine's settings.
struct TaskMaker: Sendable {
    let plans: [String: Plan]
    let settings: TopologyTask.Settings
    let layout: TopicLayout
    let board: StatusBoard
    let clock: any WallClock
    let canMove: Bool

    func callAsFunction(_ id: TaskID, on footing: any TaskFooting) -> TopologyTask {
        guard let plan = plans[id.topology] else { preconditionFailure("tasks are of the engine's topologies") }
        var settings = settings
        settings.partitionCount = layout.taskCount(of: id.topology)
        for topic in plan.outputs.map(\.topic) + plan.rekeyedTopics { settings.partitionCounts[topic] = layout.partitionCount(of: topic) }
        return TopologyTask(
            plan, partition: id.partition, settings: settings, log: footing.log, store: footing.store, committer: footing.committer)
    }
}
