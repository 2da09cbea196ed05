import Base
import Planner
@testable import Runtime
import SimulatedCluster
import Stores

/// A machine, which outlives its processes, with its disk.
final class SimulatedMachine {
    let name: String
    let disk: SimulatedDisk
    let isStatic: Bool
    var host: SimulatedHost?
    /// When its next process may start.
    var upAt = EventTime.earliest
    var processCount = 0
    /// A process of its is about to join; only one at a time has the disk open.
    var isStarting = false

    init(_ name: String, seed: UInt64, isStatic: Bool) {
        self.name = name
        self.isStatic = isStatic
        disk = SimulatedDisk(seed: seed)
    }
}

/// One process: a membership, and a real task with its ledger for each partition it was assigned. It does one small thing at a
/// time, as a schedule tells it; its own code decides nothing by itself.
final class SimulatedHost {
    final class Owned {
        let ledger: TaskLedger
        var task: TopologyTask?
        /// A commit has failed: the task goes no further until it succeeds.
        var mustCommit = false
        var notBefore = EventTime.earliest

        init(_ ledger: TaskLedger) { self.ledger = ledger }
    }

    let machine: SimulatedMachine
    let process: SimulatedProcess
    private unowned let simulation: Simulation
    private let membership: any TaskMembership
    private let local: any LocalState
    private let bug: PlantedBug?
    private(set) var owned: [PartitionNumber: Owned] = [:]
    /// It is in the midst of a call, further down the stack.
    private(set) var isBusy = false
    /// With the bug planted: tasks that it has given away and not closed yet.
    private var forgotten: [Owned] = []

    init(_ machine: SimulatedMachine, _ process: SimulatedProcess, _ simulation: Simulation) throws {
        self.machine = machine
        self.process = process
        self.simulation = simulation
        bug = simulation.bug
        local = machine.disk.open(by: process)
        membership = try process.join(topology: simulation.plan.topology, taskCount: SimulatedTopology.partitionCount)
    }

    private var now: EventTime { simulation.cluster.now }

    /// Runs one thing; an error of a process that has crashed meanwhile is nobody's.
    private func work(_ body: () throws -> Void) {
        precondition(!isBusy, "a process does one thing at a time")
        isBusy = true
        defer { isBusy = false }
        do { try body() } catch {
            if !process.isDead { simulation.note(error, "\(process.name)") }
        }
    }

    // MARK: Membership

    func serve() {
        work {
            try membership.serve(timeout: .zero) { handle($0) }
            for owned in forgotten { letGo(owned) }
            forgotten.removeAll()
        }
    }

    func leave() {
        work {
            membership.close { handle($0) }
            process.crash()
        }
    }

    private func handle(_ change: MembershipChange) {
        switch change {
        case .assigned(let numbers): for number in numbers { owned[number] = makeOwned(number) }
        case .revoked(let numbers):
            for number in numbers {
                guard let owned = owned.removeValue(forKey: number) else { continue }
                if bug == .revokeAcknowledgedBeforeCommit { forgotten.append(owned) } else { letGo(owned) }
            }
        case .lost(let numbers):
            for number in numbers {
                owned[number]?.ledger.note(.lost)
                owned.removeValue(forKey: number)?.ledger.close()
            }
        }
    }

    /// Commits what is open, as far as that is possible, and closes the task.
    private func letGo(_ owned: Owned) {
        owned.ledger.note(.revoked)
        for _ in 0..<5 {
            guard let task = owned.task, !process.isDead else { break }
            do {
                try task.commit()
                break
            } catch {
                guard (error as? EngineError)?.isTransient == true else { break }
            }
        }
        owned.ledger.close()
    }

    /// What another thread would tell the ledgers while one of them waits for an answer.
    func noteUpcoming() {
        guard isBusy, !process.isDead, !process.isStandingStill, let change = (membership as? SimulatedMembership)?.upcoming else { return }
        switch change {
        case .revoked(let numbers): for number in numbers { owned[number]?.ledger.note(.revoked) }
        case .lost(let numbers): for number in numbers { owned[number]?.ledger.note(.lost) }
        case .assigned: break
        }
    }

    // MARK: Tasks

    private func makeOwned(_ number: PartitionNumber, notBefore: EventTime = .earliest) -> Owned {
        var settings = TaskLedger.Settings()
        // Longer than any marker is late.
        settings.offsetsWait = .seconds(15)
        settings.tombstonesKept = simulation.cluster.settings.tombstonesKept
        settings.chunkBytes = 1 << simulation.random.below(12)
        settings.owner = TaskOwner(instance: machine.name, host: process.name)
        let input = TopicPartition(SimulatedTopology.source, number)
        let owned = Owned(
            TaskLedger(
                TaskID(topology: simulation.plan.topology, partition: number), inputs: [input],
                cluster: bug.map { PlantedCluster($0, process) } ?? process, membership: membership, log: process, local: local,
                settings: settings))
        owned.notBefore = notBefore
        return owned
    }

    private func makeTask(_ number: PartitionNumber, _ ledger: TaskLedger) -> TopologyTask {
        var settings = TopologyTask.Settings()
        settings.partitionCount = SimulatedTopology.partitionCount
        settings.batchRecords = 1 + simulation.random.below(8)
        // The schedule says when an epoch ends, not a clock.
        settings.commitInterval = .hours(1_000)
        settings.stateBytesMax = simulation.random.below(3) == 0 ? 1 : 1 << 20
        let planted = bug.map { PlantedStore($0, ledger, local) }
        return TopologyTask(
            simulation.plan, partition: number, settings: settings, log: process, store: planted ?? ledger, committer: planted ?? ledger)
    }

    var numbers: [PartitionNumber] { owned.keys.sorted() }

    /// Lets a task take one step.
    func step(_ number: PartitionNumber, commits: Bool) {
        guard let owned = owned[number], now >= owned.notBefore else { return }
        work {
            do { try step(owned, number, commits: commits) } catch {
                if process.isDead || self.owned[number] !== owned { return }
                simulation.cluster.note("\(process.name) task \(number): \(error)")
                if (error as? EngineError)?.isTransient == true {
                    owned.notBefore = now + .milliseconds(Int64(simulation.random.below(1_000)))
                } else if owned.ledger.isClosed {
                    // Who still has the task restores it.
                    self.owned[number] = makeOwned(number, notBefore: now + .seconds(1))
                } else {
                    try act(on: error, owned, number)
                }
            }
        }
    }

    /// What waiting does not mend is a fault only of the task's owner: others have gone on, and have let retention pass.
    private func act(on error: any Error, _ owned: Owned, _ number: PartitionNumber) throws {
        let decision = owned.ledger.decideOwnership()
        // Asking takes time, in which the process may have died or heard of a change.
        if process.isDead || self.owned[number] !== owned { return }
        simulation.cluster.note("\(process.name) task \(number): \(decision)")
        switch decision {
        case .prove, .askLater: owned.notBefore = now + .seconds(1)
        case .restore:
            owned.ledger.close()
            self.owned[number] = makeOwned(number, notBefore: now + .seconds(1))
        case .letGo:
            owned.ledger.close()
            self.owned[number] = nil
        case .stands:
            owned.ledger.close()
            self.owned[number] = makeOwned(number, notBefore: now + .seconds(20))
            throw error
        }
    }

    private func step(_ owned: Owned, _ number: PartitionNumber, commits: Bool) throws {
        guard let task = owned.task else {
            switch try owned.ledger.restoreStep(now: now) {
            case .restoring(let progress): if progress.phase == .waiting { owned.notBefore = now + .milliseconds(500) }
            case .ready:
                let task = makeTask(number, owned.ledger)
                owned.task = task
                try task.restore()
                simulation.cluster.note("\(process.name) runs task \(number) from epoch \(task.currentStatus.epoch)")
            }
            return
        }
        if commits || owned.mustCommit {
            owned.mustCommit = true
            try task.commit()
            owned.mustCommit = false
        } else {
            _ = try task.step(now: now)
        }
    }

    /// Whether a task of its has nothing left to do.
    func isDone(_ number: PartitionNumber, at end: Offset) -> Bool {
        guard let owned = owned[number], let task = owned.task, owned.ledger.isReady else { return false }
        return !owned.mustCommit && !task.isBroken && !task.hasWork && task.inputs[0].next >= end
    }
}
