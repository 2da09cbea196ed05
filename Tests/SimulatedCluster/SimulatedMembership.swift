public import Base
public import Stores

/// A process's membership in the group of a topology.
public final class SimulatedMembership: TaskMembership, @unchecked Sendable {
    private let process: SimulatedProcess
    private let group: SimulatedGroup
    private var member: SimulatedGroup.Member
    /// What it has given away by acknowledging a revoke; until it is assigned to it again.
    private var acknowledged: Set<PartitionNumber> = []
    private var isClosed = false

    init(_ process: SimulatedProcess, _ group: SimulatedGroup) {
        self.process = process
        self.group = group
        member = group.join(process)
    }

    /// Whether the group takes this process for a member of its present generation.
    public var isCurrent: Bool { !member.isEvicted && !member.isReplaced && member.generation == group.generation }

    func hasAcknowledgedRevoke(of task: PartitionNumber) -> Bool { acknowledged.contains(task) }

    /// What the next `serve` would tell first: how far this process may still go is known before it is handled.
    public var upcoming: MembershipChange? {
        guard !member.assignment.isEmpty else { return nil }
        if member.isReplaced || member.isEvicted { return .lost(member.assignment) }
        return group.isRebalancing && !member.hasJoined ? .revoked(member.assignment) : nil
    }

    public func serve(timeout: TimeSpan, _ handle: (MembershipChange) -> Void) throws {
        try process.call(.serve, group.name) {
            if member.isReplaced {
                lose(handle)
                throw EngineError(
                    .memberFenced, .environment, "another process is a member by the name '\(process.instance ?? "")'",
                    remedy: "Give each process a name of its own.")
            }
            if member.isEvicted {
                lose(handle)
                if !process.isDead { member = group.join(process) }
            } else if group.isRebalancing, !member.hasJoined {
                revoke(handle)
                // Handling may have taken long enough to be no member any more; the next call tells.
                if !process.isDead, !member.isEvicted, !member.isReplaced, group.isRebalancing { group.beginWaiting(member) }
            } else if let granted = member.granted {
                member.granted = nil
                member.assignment = granted
                acknowledged.subtract(granted)
                handle(.assigned(granted))
            }
        }
    }

    private func lose(_ handle: (MembershipChange) -> Void) {
        let lost = member.assignment
        member.assignment = []
        if !lost.isEmpty { handle(.lost(lost)) }
    }

    private func revoke(_ handle: (MembershipChange) -> Void) {
        let revoked = member.assignment
        member.granted = nil
        guard !revoked.isEmpty else { return }
        process.cluster.note("\(process.name) gives up \(revoked.map(\.number))")
        handle(.revoked(revoked))
        member.assignment = []
        if !member.isEvicted, !member.isReplaced { acknowledged.formUnion(revoked) }
    }

    public func close(_ handle: (MembershipChange) -> Void) {
        guard !isClosed else { return }
        isClosed = true
        if member.isEvicted || member.isReplaced { return lose(handle) }
        revoke(handle)
        // A static member's place is kept for it until its session is over.
        if process.instance == nil, !process.isDead { group.remove(member) }
    }
}

extension SimulatedProcess: TaskCluster {
    public func join(topology: String, taskCount: Int) throws -> any TaskMembership {
        try call(.join, topology) {
            let name = SimulatedGroup.name(of: topology)
            let group = cluster.groups[name] ?? SimulatedGroup(name, taskCount: taskCount, cluster: cluster)
            precondition(group.taskCount == taskCount, "all members of \(name) know how many tasks there are")
            cluster.groups[name] = group
            return SimulatedMembership(self, group)
        }
    }

    public func transactions(of task: TaskID, _ membership: any TaskMembership) throws -> any TaskTransactions {
        guard let membership = membership as? SimulatedMembership else {
            preconditionFailure("a membership of this cluster goes with its transactions")
        }
        if isDead { throw SimulatedCrash(process: name) }
        return SimulatedTransactions(task, membership, self)
    }

    public func committedOffsets(of topology: String, _ inputs: [TopicPartition]) throws -> [TopicPartition: Offset] {
        try call(.committedOffsets, topology) {
            guard let group = cluster.groups[SimulatedGroup.name(of: topology)] else { return [:] }
            if group.isUnstable(inputs) { cluster.wait(self, .seconds(1)) }
            if isDead { throw SimulatedCrash(process: name) }
            guard !group.isUnstable(inputs) else { throw LogErrors.offsetsUnstable(group.name) }
            return Dictionary(uniqueKeysWithValues: inputs.compactMap { input in group.offsets[input].map { (input, $0.offset) } })
        }
    }

    public func uncommittedEnd(of partition: TopicPartition) throws -> Offset {
        try call(.uncommittedEnd, "\(partition)") { Offset(try cluster.partition(partition).end) }
    }
}

extension SimulatedCluster {
    /// What the group of a topology has committed; nil where it is not decided yet.
    public func groupOffset(of topology: String, _ input: TopicPartition) -> Offset? {
        guard let group = groups[SimulatedGroup.name(of: topology)], !group.isUnstable([input]) else { return nil }
        return group.offsets[input]?.offset
    }

    /// Forgets the offsets of a group, as Kafka does with those of a group that nobody has been in for a week.
    public func expireOffsets(of topology: String) {
        groups[SimulatedGroup.name(of: topology)]?.forgetOffsets()
        note("the offsets of \(topology) have expired")
    }
}
