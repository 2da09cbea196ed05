import Base
import Stores

/// A group of the cluster: who its members are, which task numbers each has, and the offsets it has committed.
///
/// Range assignment by the eager protocol: when a member comes or goes, all give up what they have, join again, and get
/// their share of the next generation. A static member that comes back within its session gets its former share at once.
final class SimulatedGroup {
    final class Member {
        let number: Int
        let process: SimulatedProcess
        /// Where it stands in the assignment; nil instance: a dynamic member.
        let sortKey: String
        /// The generation that it knows; it commits offsets in that one only.
        var generation = 0
        /// Its share of the generation.
        var share: [PartitionNumber] = []
        /// What it is to be told is its own; nil: it knows.
        var granted: [PartitionNumber]?
        /// What it has been told is its own, and has not given up.
        var assignment: [PartitionNumber] = []
        /// Waits for the next generation.
        var hasJoined = false
        var isEvicted = false
        /// Another process has come with the same instance's name.
        var isReplaced = false
        var heardAt: EventTime

        init(_ number: Int, _ process: SimulatedProcess, now: EventTime) {
            self.number = number
            self.process = process
            sortKey = process.instance ?? "member-\(number)"
            heardAt = now
        }
    }

    let name: String
    let taskCount: Int
    unowned let cluster: SimulatedCluster
    private(set) var generation = 0
    private(set) var members: [Member] = []
    /// Until when a rebalance waits for members to join; nil: the group is stable.
    private var joinDeadline: EventTime?
    private(set) var offsets: [TopicPartition: (offset: Offset, transaction: Int)] = [:]
    /// Transactions whose offsets are neither committed nor dropped yet.
    private var pending: [Transaction] = []

    static func name(of topology: String) -> String { "pioneer.\(topology)" }

    init(_ name: String, taskCount: Int, cluster: SimulatedCluster) {
        self.name = name
        self.taskCount = taskCount
        self.cluster = cluster
    }

    var isRebalancing: Bool { joinDeadline != nil }

    // MARK: Members

    func join(_ process: SimulatedProcess) -> Member {
        cluster.memberCount += 1
        let member = Member(cluster.memberCount, process, now: cluster.now)
        if process.instance != nil, let index = members.firstIndex(where: { $0.process.instance == process.instance }) {
            let former = members[index]
            former.isReplaced = true
            members[index] = member
            cluster.note("\(process.name) comes back to \(name) as \(member.sortKey)")
            if isRebalancing { beginWaiting(member) } else { give(member, former.share) }
        } else {
            members.append(member)
            cluster.note("\(process.name) joins \(name)")
            rebalance()
            beginWaiting(member)
        }
        return member
    }

    private func give(_ member: Member, _ share: [PartitionNumber]) {
        member.share = share
        member.granted = share
        member.generation = generation
    }

    func beginWaiting(_ member: Member) {
        member.assignment = []
        member.granted = nil
        member.hasJoined = true
        completeIfAllJoined()
    }

    func remove(_ member: Member) {
        guard let index = members.firstIndex(where: { $0 === member }) else { return }
        members.remove(at: index)
        member.isEvicted = true
        cluster.note("\(member.process.name) is no member of \(name) any more")
        rebalance()
        completeIfAllJoined()
    }

    private func rebalance() {
        guard joinDeadline == nil else { return }
        joinDeadline = cluster.now + cluster.settings.rebalanceTimeout
        for member in members { member.hasJoined = false }
    }

    func passTime() {
        for member in members where member.process.isHeard { member.heardAt = cluster.now }
        for member in members where member.heardAt + cluster.settings.sessionTimeout < cluster.now { remove(member) }
        if let joinDeadline, joinDeadline < cluster.now {
            for member in members where !member.hasJoined { remove(member) }
            completeIfAllJoined()
        }
    }

    private func completeIfAllJoined() {
        guard isRebalancing, members.allSatisfy(\.hasJoined) else { return }
        joinDeadline = nil
        guard !members.isEmpty else { return }
        generation += 1
        let sorted = members.sorted { ($0.sortKey, $0.number) < ($1.sortKey, $1.number) }
        var next = 0
        for (index, member) in sorted.enumerated() {
            let share = taskCount / sorted.count + (index < taskCount % sorted.count ? 1 : 0)
            give(member, (next..<next + share).map { PartitionNumber($0) })
            member.hasJoined = false
            next += share
        }
        cluster.note(
            "\(name) generation \(generation): "
                + sorted.map { "\($0.process.name) \($0.share.map(\.number))" }.joined(separator: ", "))
    }

    // MARK: Offsets

    func hold(_ transaction: Transaction) {
        if !pending.contains(where: { $0 === transaction }) { pending.append(transaction) }
    }

    /// The marker of the group's offsets has come.
    func settle(_ transaction: Transaction) {
        pending.removeAll { $0 === transaction }
        guard transaction.isCommitted else { return }
        for (input, offset) in transaction.offsets ?? [:] where (offsets[input]?.transaction ?? 0) < transaction.number {
            offsets[input] = (offset, transaction.number)
        }
    }

    func isUnstable(_ inputs: [TopicPartition]) -> Bool {
        pending.contains { transaction in inputs.contains { transaction.offsets?[$0] != nil } }
    }

    func forgetOffsets() { offsets.removeAll() }
}
