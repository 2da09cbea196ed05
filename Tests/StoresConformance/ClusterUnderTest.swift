public import Base
public import Stores

/// A log that processes share, and what the cases need beside its seams. A simulated one and real brokers run the same cases,
/// so they wait for what comes by and by (`eventually`), and share nothing: each case has a topology of its own.
public struct ClusterUnderTest: Sendable {
    /// What some brokers lack; cases that need it are passed over.
    public struct Abilities: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// Offsets in a transaction are refused when the group has moved on.
        public static let checksGeneration = Abilities(rawValue: 1)
        /// Asking for offsets that an open transaction holds is answered by `log.offsets_unstable`.
        public static let unstableOffsets = Abilities(rawValue: 2)
        /// A dynamic member that leaves is replaced at once.
        public static let leaving = Abilities(rawValue: 4)
        /// A static member that comes back gets its tasks again, and the others notice nothing.
        public static let staticReturn = Abilities(rawValue: 8)
        /// Records are sent to the log as they come, not only when their transaction commits.
        public static let promptRecords = Abilities(rawValue: 16)
        /// Who stands behind an aborted transaction and reads on gets what its producer commits next.
        public static let readsOn = Abilities(rawValue: 32)
        public static let all: Abilities = [.checksGeneration, .unstableOffsets, .leaving, .staticReturn, .promptRecords, .readsOn]
    }

    /// One process, as the log sees it.
    public struct Process {
        public var cluster: any TaskCluster
        public var log: any EventLog
        public var appender: any RecordAppender

        public init(cluster: any TaskCluster, log: any EventLog, appender: any RecordAppender) {
            self.cluster = cluster
            self.log = log
            self.appender = appender
        }
    }

    /// A topology that nobody has used before.
    public var topology: String
    public var abilities: Abilities
    /// Another process; with an instance's name its membership is static.
    public var makeProcess: @Sendable (_ instance: String?) throws -> Process
    /// Lets a span of the cluster's time pass.
    public var pass: @Sendable (TimeSpan) -> Void

    public init(
        topology: String, abilities: Abilities, makeProcess: @escaping @Sendable (_ instance: String?) throws -> Process,
        pass: @escaping @Sendable (TimeSpan) -> Void
    ) {
        self.topology = topology
        self.abilities = abilities
        self.makeProcess = makeProcess
        self.pass = pass
    }
}

/// One sentence of the contract of `TaskCluster` and what belongs to it.
public struct ClusterCase: Sendable, CustomStringConvertible {
    public let sentence: String
    public let needs: ClusterUnderTest.Abilities
    public let run: @Sendable (ClusterUnderTest) throws -> Void
    public var description: String { sentence }

    init(_ sentence: String, needs: ClusterUnderTest.Abilities = [], _ run: @escaping @Sendable (ClusterUnderTest) throws -> Void) {
        self.sentence = sentence
        self.needs = needs
        self.run = run
    }

    /// Every cluster runs those that its abilities allow.
    public static let all: [ClusterCase] = transactionCases + offsetCases + membershipCases

    public static func all(for abilities: ClusterUnderTest.Abilities) -> [ClusterCase] { all.filter { abilities.isSuperset(of: $0.needs) } }
}

extension ClusterUnderTest {
    static let taskCount = 4

    func task(_ number: Int) -> TaskID { TaskID(topology: topology, partition: PartitionNumber(number)) }
    func input(_ number: Int = 0) -> TopicPartition { TopicPartition(topic("\(topology).in"), PartitionNumber(number)) }
    func output(_ number: Int = 0) -> TopicPartition { TopicPartition(topic("\(topology).out"), PartitionNumber(number)) }
    func changelog(_ number: Int = 0) -> TopicPartition { TopicPartition(.changelog(of: topology), PartitionNumber(number)) }

    /// A process, with the topology's topics there.
    func process(_ instance: String? = nil) throws -> Process {
        let process = try makeProcess(instance)
        for name in [input().topic, output().topic, TopicName.changelog(of: topology), .tasks(of: topology)] {
            let retention = Retention(isCompacted: name == .changelog(of: topology))
            try process.log.createTopic(TopicDescription(name: name, partitionCount: Self.taskCount, retention: retention))
        }
        return process
    }

    func join(_ process: Process) throws -> ClusterMember {
        ClusterMember(try process.cluster.join(topology: topology, taskCount: Self.taskCount))
    }

    /// A member that has all tasks.
    func soleMember(_ process: Process) throws -> ClusterMember {
        let member = try join(process)
        try serve(member) { member.tasks.count == Self.taskCount }
        return member
    }

    /// A producer for a task, fenced.
    func transactions(_ process: Process, _ member: ClusterMember, task number: Int = 0) throws -> any TaskTransactions {
        let transactions = try process.cluster.transactions(of: task(number), member.membership)
        try settled { () throws(TransactionFault) in try transactions.fence() }
        return transactions
    }

    /// Tries until it holds, for up to a minute of the cluster's time.
    func eventually(_ what: String, line: Int = #line, _ condition: () throws -> Bool) throws {
        for _ in 0..<600 {
            if try condition() { return }
            pass(.milliseconds(100))
        }
        throw ConformanceFailure(description: "line \(line): it never came about that \(what)")
    }

    /// Serves the members in turn until the condition holds.
    func serve(_ members: ClusterMember..., line: Int = #line, until condition: () -> Bool) throws {
        try eventually("members had \(members.map { $0.tasks.map(\.number) }), and were as expected", line: line) {
            if condition() { return true }
            for member in members { try member.serve() }
            return condition()
        }
    }

    /// All that a read-committed reader gets of a partition from its first record to its present end, as `key=value`.
    func committed(_ process: Process, _ partition: TopicPartition) throws -> [String] {
        let reader = try process.log.reader()
        let range = try reader.range(of: partition)
        let batch = RecordBatch()
        var result: [String] = []
        var offset = range.first
        try eventually("\(partition) was read to \(range.end), and not only to \(offset)") {
            while offset < range.end {
                switch try reader.read(partition, from: offset, recordsMax: 100, bytesMax: 1 << 20, into: batch) {
                case .records(let next):
                    for index in 0..<batch.count {
                        result.append("\(text(batch[index].keyBytes) ?? "-")=\(text(batch[index].valueBytes) ?? "-")")
                    }
                    try check(next > offset, "a reader moves on from \(offset), not to \(next)")
                    offset = next
                case .atEnd(let reached):
                    if reached <= offset { return false }
                    offset = reached
                case let other: throw ConformanceFailure(description: "a reader met \(other)")
                }
            }
            return true
        }
        return result
    }

    /// Waits until a partition's committed records are these: markers may come a little after a commit.
    func expect(_ process: Process, _ partition: TopicPartition, _ expected: [String], line: Int = #line) throws {
        var found: [String] = []
        for _ in 0..<50 {
            found = try committed(process, partition)
            if found == expected { return }
            pass(.milliseconds(100))
        }
        try checkEqual(found, expected, line: line)
    }
}

/// A membership, with what it has been told.
final class ClusterMember {
    let membership: any TaskMembership
    private(set) var changes: [MembershipChange] = []
    private(set) var tasks: Set<PartitionNumber> = []

    init(_ membership: any TaskMembership) { self.membership = membership }

    func serve() throws { try membership.serve(timeout: .milliseconds(50)) { note($0) } }

    func close() { membership.close { note($0) } }

    private func note(_ change: MembershipChange) {
        changes.append(change)
        switch change {
        case .assigned(let more): tasks.formUnion(more)
        case .revoked(let less), .lost(let less): tasks.subtract(less)
        }
    }
}

/// Calls again what came out unknown.
func settled<R>(_ body: () throws(TransactionFault) -> R) throws(TransactionFault) -> R {
    for _ in 0..<99 {
        do { return try body() } catch where error.kind == .unknown { continue }
    }
    return try body()
}

/// The kind of the fault that the body throws; nil: none.
func faultKind(_ body: () throws(TransactionFault) -> Void) -> TransactionFault.Kind? {
    do { try settled(body) } catch { return error.kind }
    return nil
}
