public import Base

/// A log that several processes share, with transactions and groups: what is needed beside `EventLog` to own tasks there.
/// Kafka is one; tests have a simulated one.
///
/// The group of a topology is `pioneer.<topology>`. Methods may be called from any thread.
public protocol TaskCluster: Sendable {
    /// Has this process take part in the topology's group, which shares out the task numbers `0..<taskCount`.
    func join(topology: String, taskCount: Int) throws -> any TaskMembership

    /// A producer of transactions for one task that `membership` has assigned to this process. Nothing is fenced yet.
    func transactions(of task: TaskID, _ membership: any TaskMembership) throws -> any TaskTransactions

    /// The offsets that the topology's group has committed; inputs without one are absent. Waits for transactions that
    /// hold one of them open, and throws `log.offsets_unstable` (transient) when they take too long.
    func committedOffsets(of topology: String, _ inputs: [TopicPartition]) throws -> [TopicPartition: Offset]

    /// One past the last record of a partition, those of open transactions included.
    func uncommittedEnd(of partition: TopicPartition) throws -> Offset
}

/// What a group has decided about the tasks of this process.
public enum MembershipChange: Hashable, Sendable {
    /// These are this process's from now on.
    case assigned([PartitionNumber])
    /// These go to another process once the change is acknowledged: what is open may still be committed.
    case revoked([PartitionNumber])
    /// These are another's already: what is open must be dropped.
    case lost([PartitionNumber])
}

/// A process's membership in the group of one topology.
public protocol TaskMembership: AnyObject, Sendable {
    /// Keeps the membership alive for up to `timeout`. `handle` is called on this thread for each change, which is
    /// acknowledged to the group when it returns: a revoke with it. One thread calls it, again and again: while nobody
    /// does, the group takes the process for dead in the end.
    func serve(timeout: TimeSpan, _ handle: (MembershipChange) -> Void) throws

    /// Leaves the group, as far as its kind of membership allows; `handle` is told what is revoked first.
    func close(_ handle: (MembershipChange) -> Void)
}

/// The transactions of one task, one after another. The task's thread owns it.
///
/// ```
///  fence ──▶ begin ──▶ send … ──▶ send(offsets) ──▶ commit ──▶ begin …
///                        │             │              │
///                        └──── abort ◀─┴──────────────┘
/// ```
public protocol TaskTransactions: AnyObject {
    /// Ends the transactions of earlier owners of the task and keeps them from beginning another. Before this returns
    /// nothing of the task may be read; afterwards all that they ever committed is decided.
    func fence() throws(TransactionFault)

    func begin() throws(TransactionFault)

    /// Sends records; the bytes may be used until the transaction has ended. That the log refuses one may come out only
    /// later, by `commit` at the latest.
    func send(_ records: RecordBuffer, to partition: TopicPartition) throws(TransactionFault)

    /// Makes the topology's group stand at these offsets, together with the transaction. The membership's generation goes
    /// along: who is no member any more is fenced.
    func send(offsets: [TopicPartition: Offset]) throws(TransactionFault)

    func commit() throws(TransactionFault)

    func abort() throws(TransactionFault)

    /// Where the last record went that the latest transaction sent to the partition; known once `commit` has returned.
    /// Nil: the log has not said. It saves the owner of a changelog asking for the partition's end after each commit.
    func lastOffset(in partition: TopicPartition) -> Offset?

    /// Gives up the connection; an open transaction is left to the next owner's `fence`, or to its timeout.
    func close()
}

/// Why a call of `TaskTransactions` did not do what it should.
public struct TransactionFault: Error, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Whether it happened is not known: call the same function again until it is.
        case unknown
        /// The transaction cannot commit any more; `abort` it.
        case mustAbort
        /// The log will never take these records: `abort`, and leave them out.
        case refused([RefusedRecord])
        /// Another owner has the task, or this process is no member of the group any more.
        case fenced
        /// The producer is of no use any more: close it, and restore the task with a new one.
        case fatal
    }

    /// The `index`-th record sent to a partition in this transaction, counted from 0 over all its buffers.
    public struct RefusedRecord: Hashable, Sendable {
        public var partition: TopicPartition
        public var index: Int
        public var reason: String
        public init(partition: TopicPartition, index: Int, reason: String) {
            self.partition = partition
            self.index = index
            self.reason = reason
        }
    }

    public var kind: Kind
    /// What the log said.
    public var error: EngineError

    public init(_ kind: Kind, _ error: EngineError) {
        self.kind = kind
        self.error = error
    }
}
