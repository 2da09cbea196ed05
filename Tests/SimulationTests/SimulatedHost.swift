import Base
import Operators
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
    /// Its next process starts the topology over.
    var startsOver = false
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
        /// Where the partitions of tables that are everywhere ended when the task was restored.
        var tableEnds: [TopicPartition: Offset] = [:]
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
    /// Of tasks that are other processes'.
    private var copies: [PartitionNumber: StandbyCopy] = [:]
    /// Copies that were at their changelogs' ends when they were stepped last.
    private var followed: Set<PartitionNumber> = []
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
        case .assigned(let numbers):
            if machine.startsOver, !startOver(having: numbers) { return }
            for number in numbers {
                if bug != .standbyStepsOn { copies[number] = nil }
                owned[number] = makeOwned(number)
            }
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

    /// False: it has failed, and the process has ended. Whoever starts the next one may still want to start over, or not.
    private func startOver(having numbers: [PartitionNumber]) -> Bool {
        let plan = simulation.plan
        let startOver = StartOver(
            topology: plan.topology, taskCount: SimulatedTopology.partitionCount,
            cluster: bug.map { PlantedCluster($0, process) } ?? process, log: process,
            owner: TaskOwner(instance: machine.name, host: process.name), inputs: { self.inputs(of: $0) },
            hops: plan.hops.map(\.topic), views: plan.views.map(\.definition.topic))
        if let ordered = simulation.orderedWhenStartingOver, numbers.count == SimulatedTopology.partitionCount {
            simulation.cluster.ordered = ordered
            simulation.orderedWhenStartingOver = nil
        }
        machine.startsOver = simulation.random.below(4) > 0
        do {
            try startOver.perform(as: membership, having: numbers, now: now)
            machine.startsOver = false
            return true
        } catch {
            if !process.isDead {
                simulation.cluster.note("\(process.name) could not start over: \(error)")
                process.crash()
            }
            return false
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

    private var ledgerSettings: TaskLedger.Settings {
        var settings = TaskLedger.Settings()
        // Longer than any marker is late.
        settings.offsetsWait = .seconds(15)
        settings.tombstonesKept = simulation.cluster.settings.tombstonesKept
        settings.chunkBytes = 1 << simulation.random.below(12)
        settings.owner = TaskOwner(instance: machine.name, host: process.name)
        return settings
    }

    private func inputs(of number: PartitionNumber) -> [TopicPartition] {
        (simulation.plan.sources.map(\.topic) + simulation.plan.hops.map(\.topic)).map { TopicPartition($0, number) }
    }

    private func makeOwned(_ number: PartitionNumber, notBefore: EventTime = .earliest) -> Owned {
        let owned = Owned(
            TaskLedger(
                TaskID(topology: simulation.plan.topology, partition: number), inputs: inputs(of: number),
                cluster: bug.map { PlantedCluster($0, process) } ?? process, membership: membership, log: process, local: local,
                settings: ledgerSettings))
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
            simulation.plan, partition: number, settings: settings, log: bug.map { PlantedLog($0, process) } ?? process,
            store: planted ?? ledger, committer: planted ?? ledger)
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
                owned.tableEnds = try simulation.tableEnds()
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
            checkTables(task, owned.tableEnds)
        }
    }

    /// No row comes before the tables that are everywhere are read to where they ended at the start.
    private func checkTables(_ task: TopologyTask, _ ends: [TopicPartition: Offset]) {
        let isWaiting = task.inputs.contains { input in ends[input.partition].map { max(input.next, input.reached) < $0 } ?? false }
        guard isWaiting else { return }
        for case .slice(let input, _, _) in task.steps where ends[input] == nil {
            simulation.report("\(process.name) has read \(input) before its tables")
        }
    }

    /// Whether a task of its has nothing left to do.
    func isDone(_ number: PartitionNumber) throws -> Bool {
        guard let owned = owned[number], let task = owned.task, owned.ledger.isReady else { return false }
        guard !owned.mustCommit, !task.isBroken, !task.hasWork else { return false }
        return try task.inputs.allSatisfy { input in
            // Behind the last record there may be markers, which nobody reads.
            let records = try simulation.cluster.committedRecords(of: input.partition)
            return records.count == 0 || input.next.number > records[records.count - 1].offset
        }
    }

    // MARK: Beside the tasks

    /// What the engine's upkeep does now and then with hops.
    func trimHops() {
        work {
            var statuses = owned.keys.sorted().compactMap { owned[$0]?.task?.currentStatus }
            if bug == .hopTrimmedBeforeCommit {
                for index in statuses.indices {
                    guard let task = owned[statuses[index].task.partition]?.task else { continue }
                    statuses[index].inputs = task.inputStatuses
                }
            }
            do { try LogUpkeep.trimHops(of: statuses, in: process) } catch {
                guard (error as? EngineError)?.isTransient == true else { throw error }
            }
        }
    }

    /// Lets the copy of another process's task follow its changelog a little.
    func follow(_ number: PartitionNumber) {
        guard owned[number] == nil || bug == .standbyStepsOn else { return }
        work {
            let log: any EventLog = bug.map { PlantedLog($0, process) } ?? process
            let copy = copies[number] ?? StandbyCopy(
                TaskID(topology: simulation.plan.topology, partition: number), cluster: process, log: log, local: local,
                settings: ledgerSettings)
            copies[number] = copy
            followed.remove(number)
            do {
                let step = try copy.step(now: now)
                if step.isAtEnd { followed.insert(number) }
            } catch {
                copies[number] = nil
                guard (error as? EngineError)?.isTransient == true else { throw error }
            }
        }
    }

    /// Rows of the table that is everywhere as a task has it, and about what it takes; nil: the task is not running.
    func table(of number: PartitionNumber) -> (count: Int, bytes: Int)? {
        guard let table = owned[number]?.task?.tables.first?.contents as? EverywhereTable else { return nil }
        return (table.count, table.memoryBytes)
    }

    /// Follows another process's task in peace; true when its copy is at the changelog's end.
    func hasFollowed(_ number: PartitionNumber) -> Bool {
        guard owned[number] == nil else { return true }
        follow(number)
        return followed.contains(number)
    }
}
