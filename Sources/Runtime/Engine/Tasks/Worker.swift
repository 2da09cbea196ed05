import Base
import Stores
import Telemetry

/// A thread with the tasks it owns. Tasks share nothing; one after another takes a step, of its restore or of its work,
/// and when none has anything to do the worker waits for an append or for the next second. Between rounds it does what
/// its mailbox asks for: tasks come and go.
final class Worker: @unchecked Sendable {
    let mailbox = Mailbox()
    private let make: TaskMaker
    private let log: any EventLog
    private let stop: StopSignal
    private var tasks: [HostedTask] = []

    init(make: TaskMaker, log: any EventLog, stop: StopSignal) {
        self.make = make
        self.log = log
        self.stop = stop
    }

    /// Takes up what was assigned and restores it, on the calling thread and before `run`. Throws what refused it.
    func settle() throws {
        takeCommands()
        for task in tasks { try task.restoreAll(now: make.clock.now()) }
    }

    /// Runs until a stop is asked for, then commits what is open. A failure that waiting cannot mend stops the engine.
    func run() {
        var seen = log.appendCount
        while !stop.isStopping {
            takeCommands()
            guard !round() else { continue }
            log.waitForAppend(since: seen, timeout: waitSpan)
            seen = log.appendCount
        }
        finish()
    }

    private func takeCommands() {
        for command in mailbox.take() {
            switch command {
            case .assign(let task, let footing):
                tasks.append(HostedTask(task, make: make, stop: stop, makeFooting: footing))
            case .withdraw(let task, let happening, let receipt):
                for hosted in tasks where hosted.id == task { hosted.act(on: happening) }
                tasks.removeAll { $0.id == task }
                receipt.give()
            }
        }
    }

    /// True when any task found something to do.
    private func round() -> Bool {
        var didWork = false
        for task in tasks {
            if task.step(now: make.clock.now()) { didWork = true }
            if stop.isStopping { break }
        }
        return didWork
    }

    /// Until the next clock reading or the next commit, whichever is first; where tasks come and go, until their next.
    private var waitSpan: TimeSpan {
        min(make.settings.commitInterval, make.canMove ? Limits.commandWaitMax : Limits.tickInterval)
    }

    private func finish() {
        // After a failure nothing more is committed; dropping what is open costs doing it again.
        for task in tasks { task.act(on: stop.failure == nil ? .stopped : .refused) }
        mailbox.close()
    }
}
