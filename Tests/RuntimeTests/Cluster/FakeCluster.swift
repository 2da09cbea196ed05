import Base
import Stores

/// A cluster in memory for tests of the engine's threads: one log, and a group that does what the test says.
///
/// Fault model: an owner that `fence` or a successor's fence has passed gets `.fenced` from then on; nothing else fails unless
/// `failNext` says so. Transactions are buffered and appended as one when they commit, under one lock; their offsets likewise.
/// Thread-safe. It has no markers, timeouts nor generations: what those do is tested with the simulation and real brokers.
final class FakeCluster: TaskCluster {
    enum Fault: Equatable {
        /// The next commit answers that it cannot be told; it happened.
        case unknown
        /// The next fence fails in a way that passes.
        case fenceFails
        /// The next commit must be aborted.
        case mustAbort
    }

    fileprivate struct Contents {
        var owners: [TaskID: Int] = [:]
        var ownerCount = 0
        var offsets: [String: [TopicPartition: Offset]] = [:]
        var faults: [Fault] = []
        var memberships: [String: [FakeMembership]] = [:]
        var commits = 0
    }

    let log: InMemoryStore
    fileprivate let contents = Monitor(Contents())

    init(_ log: InMemoryStore) { self.log = log }

    func failNext(_ fault: Fault) { contents.withLock { $0.faults.append(fault) } }

    /// Ends what the task's present owner may do, as a successor would.
    func fence(_ task: TaskID) { contents.withLock { $0.owners[task] = nil } }

    var commitCount: Int { contents.withLock { $0.commits } }

    /// How often somebody has become the owner of a task.
    var fenceCount: Int { contents.withLock { $0.ownerCount } }

    /// The memberships of a topology, in the order in which they joined; waits for the first `count`.
    func memberships(_ topology: String, count: Int) -> [FakeMembership] {
        contents.wait(timeout: .seconds(60)) { contents in
            let found = contents.memberships[topology] ?? []
            return found.count >= count ? found : nil
        } ?? []
    }

    func joinedCount(_ topology: String) -> Int { contents.withLock { $0.memberships[topology]?.count ?? 0 } }

    // MARK: TaskCluster

    func join(topology: String, taskCount: Int) throws -> any TaskMembership {
        let membership = FakeMembership()
        contents.withLock { $0.memberships[topology, default: []].append(membership) }
        contents.wakeAll()
        return membership
    }

    func transactions(of task: TaskID, _ membership: any TaskMembership) throws -> any TaskTransactions {
        FakeTransactions(task, self)
    }

    func committedOffsets(of topology: String, _ inputs: [TopicPartition]) throws -> [TopicPartition: Offset] {
        contents.withLock { contents in contents.offsets[topology, default: [:]].filter { inputs.contains($0.key) } }
    }

    func uncommittedEnd(of partition: TopicPartition) throws -> Offset { try log.range(of: partition).end }

    // MARK: What transactions do

    fileprivate func takeOver(_ task: TaskID) throws(TransactionFault) -> Int {
        let number = contents.withLock { contents -> Int? in
            guard !contents.take(.fenceFails) else { return nil }
            contents.ownerCount += 1
            contents.owners[task] = contents.ownerCount
            return contents.ownerCount
        }
        guard let number else { throw TransactionFault(.unknown, Self.error("the coordinator is away")) }
        return number
    }

    fileprivate func check(_ task: TaskID, _ owner: Int) throws(TransactionFault) {
        guard contents.withLock({ $0.owners[task] == owner }) else { throw TransactionFault(.fenced, Self.error("fenced")) }
    }

    fileprivate func commit(
        _ task: TaskID, _ owner: Int, _ records: [(partition: TopicPartition, buffer: RecordBuffer)], _ offsets: [TopicPartition: Offset]
    ) throws(TransactionFault) -> [TopicPartition: Offset] {
        let result = contents.withLock { contents -> Result<[TopicPartition: Offset], TransactionFault> in
            guard contents.owners[task] == owner else { return .failure(TransactionFault(.fenced, Self.error("fenced"))) }
            if contents.take(.mustAbort) { return .failure(TransactionFault(.mustAbort, Self.error("aborted"))) }
            var last: [TopicPartition: Offset] = [:]
            for (partition, buffer) in records where !buffer.isEmpty {
                guard let outcome = try? log.append(
                    AppendRequest(topic: partition.topic, producer: nil, records: [(partition.partition, buffer)])),
                    case .appended(let bases) = outcome, let base = bases[partition.partition]
                else { return .failure(TransactionFault(.fatal, Self.error("no topic \(partition)"))) }
                last[partition] = base + (buffer.count - 1)
            }
            contents.offsets[task.topology, default: [:]].merge(offsets) { $1 }
            contents.commits += 1
            return contents.take(.unknown) ? .failure(TransactionFault(.unknown, Self.error("no answer"))) : .success(last)
        }
        return try result.get()
    }

    private static func error(_ what: String) -> EngineError {
        EngineError(ErrorCode("test.cluster"), .environment, what, isTransient: true)
    }
}

extension FakeCluster.Contents {
    fileprivate mutating func take(_ fault: FakeCluster.Fault) -> Bool {
        guard faults.first == fault else { return false }
        faults.removeFirst()
        return true
    }
}

/// A membership that says what the test has it say, and tells when that was acknowledged.
final class FakeMembership: TaskMembership {
    private struct State {
        var changes: [MembershipChange] = []
        var acknowledged = 0
        var isClosed = false
        var owned: [PartitionNumber] = []
    }

    private let state = Monitor(State())

    /// Returns when the change is acknowledged.
    func say(_ change: MembershipChange) {
        let count = state.withLock { state in
            state.changes.append(change)
            return state.acknowledged + state.changes.count
        }
        state.wakeAll()
        state.wait(timeout: .seconds(60)) { $0.acknowledged >= count || $0.isClosed ? () : nil }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func serve(timeout: TimeSpan, _ handle: (MembershipChange) -> Void) throws {
        guard let change = state.wait(timeout: timeout, until: { $0.changes.first }) else { return }
        handle(change)
        state.withLock { state in
            state.changes.removeFirst()
            state.acknowledged += 1
            switch change {
            case .assigned(let tasks): state.owned += tasks
            case .revoked(let tasks), .lost(let tasks): state.owned.removeAll { tasks.contains($0) }
            }
        }
        state.wakeAll()
    }

    func close(_ handle: (MembershipChange) -> Void) {
        handle(.revoked(state.withLock { $0.owned }))
        state.withLock { $0.isClosed = true }
        state.wakeAll()
    }
}

/// Buffers until the commit.
final class FakeTransactions: TaskTransactions {
    private let task: TaskID
    private let cluster: FakeCluster
    private var owner = -1
    private var records: [(partition: TopicPartition, buffer: RecordBuffer)] = []
    private var offsets: [TopicPartition: Offset] = [:]
    private var last: [TopicPartition: Offset] = [:]
    /// The commit happened, and its answer got lost.
    private var isDone = false

    init(_ task: TaskID, _ cluster: FakeCluster) {
        self.task = task
        self.cluster = cluster
    }

    func fence() throws(TransactionFault) { owner = try cluster.takeOver(task) }

    func begin() throws(TransactionFault) {
        try cluster.check(task, owner)
        (records, offsets, isDone) = ([], [:], false)
    }

    func send(_ buffer: RecordBuffer, to partition: TopicPartition) throws(TransactionFault) { records.append((partition, buffer)) }

    func send(offsets: [TopicPartition: Offset]) throws(TransactionFault) { self.offsets = offsets }

    func commit() throws(TransactionFault) {
        guard !isDone else { return }
        do throws(TransactionFault) {
            last = try cluster.commit(task, owner, records, offsets)
        } catch {
            isDone = error.kind == .unknown
            throw error
        }
    }

    func abort() throws(TransactionFault) { records = [] }
    func lastOffset(in partition: TopicPartition) -> Offset? { last[partition] }
    func close() {}
}
