import Base
import Planner
import Stores
import Telemetry

/// A process's part in the group of one topology, on a thread of its own: keeps the membership alive, and has workers
/// take tasks up and let go of them as the group decides.
///
/// 1. Join; while the log cannot be reached, again and again.
/// 2. Serve until the workers have ended: what they commit last is committed by a member.
/// 3. Leave.
final class MembershipThread: @unchecked Sendable {
    private let plan: Plan
    private let layout: TopicLayout
    private let host: ClusterHost
    private let log: any EventLog
    private let dispatcher: TaskDispatcher
    private let standby: StandbyHolds?
    private let stop: StopSignal
    private var backoff: Backoff
    /// Of tasks that are this process's.
    private let ledgers = Monitor<[TaskID: TaskLedger]>([:])

    /// - Parameter standby: has copies of the tasks' state while they are not this process's; nil: nobody has.
    init(
        _ plan: Plan, _ layout: TopicLayout, host: ClusterHost, log: any EventLog, dispatcher: TaskDispatcher, standby: StandbyHolds?,
        stop: StopSignal
    ) {
        self.plan = plan
        self.layout = layout
        self.host = host
        self.log = log
        self.dispatcher = dispatcher
        self.standby = standby
        self.stop = stop
        backoff = Backoff(stop: stop)
    }

    func run(whileWorkersRun: () -> Bool) {
        guard let membership = join() else { return }
        while whileWorkersRun() {
            do {
                try membership.serve(timeout: Limits.membershipWait) { change(membership, $0) }
                backoff.reset()
            } catch {
                backoff.handle(error) { Telemetry.emit(MembershipFailed(topology: plan.topology, error: $0, retryIn: $1)) }
            }
            if stop.isStopping { hurry() }
        }
        membership.close { change(membership, $0) }
    }

    /// The engine stops: commits under way come to an end, and the next round of waiting for them begins.
    private func hurry() {
        for ledger in ledgers.withLock({ Array($0.values) }) { ledger.note(.stopping) }
        StopSignal().wait(timeout: Limits.membershipWait)
    }

    /// Nil: the engine stops first.
    private func join() -> (any TaskMembership)? {
        while !stop.isStopping {
            do {
                let membership = try host.cluster.join(topology: plan.topology, taskCount: layout.taskCount(of: plan.topology))
                backoff.reset()
                return membership
            } catch {
                backoff.handle(error) { Telemetry.emit(MembershipFailed(topology: plan.topology, error: $0, retryIn: $1)) }
            }
        }
        return nil
    }

    private func change(_ membership: any TaskMembership, _ change: MembershipChange) {
        switch change {
        case .assigned(let partitions):
            tell(.assigned, partitions)
            let plan = plan, layout = layout, host = host, log = log
            dispatcher.assign(tasks(partitions)) { [ledgers, standby] task in
                standby?.release(task)
                let ledger = TaskLedger(
                    task, inputs: plan.ownInputs(task.partition, layout), cluster: host.cluster,
                    membership: membership, log: log, local: host.local, settings: host.ledgerSettings)
                ledgers.withLock { $0[task] = ledger }
                return LedgerFooting(ledger, log: try log.reader()) {
                    // One that closes late, after the task has come again, leaves the copy to its successor.
                    let isLatest = ledgers.withLock { ledgers in
                        guard ledgers[task] === ledger else { return false }
                        ledgers[task] = nil
                        return true
                    }
                    if isLatest { standby?.takeBack(task) }
                }
            }
        case .revoked(let partitions):
            withdraw(partitions, .revoked, .revoked)
            tell(.revoked, partitions)
        case .lost(let partitions):
            withdraw(partitions, .lost, .lost)
            tell(.lost, partitions)
        }
    }

    /// Workers may be in the midst of a commit: that is told at once how much patience is left.
    private func withdraw(_ partitions: [PartitionNumber], _ happening: TaskLife.Happening, _ standing: TaskStanding) {
        let ledgers = self.ledgers.withLock { ledgers in tasks(partitions).compactMap { ledgers[$0] } }
        for ledger in ledgers { ledger.note(standing) }
        guard !dispatcher.withdraw(tasks(partitions), because: happening) else { return }
        Telemetry.emit(WithdrawalTimedOut(topology: plan.topology))
    }

    private func tasks(_ partitions: [PartitionNumber]) -> [TaskID] {
        partitions.map { TaskID(topology: plan.topology, partition: $0) }
    }

    private func tell(_ change: TasksMoved.Change, _ partitions: [PartitionNumber]) {
        guard !partitions.isEmpty else { return }
        Telemetry.emit(TasksMoved(topology: plan.topology, change: change, partitions: partitions.sorted()))
    }
}
