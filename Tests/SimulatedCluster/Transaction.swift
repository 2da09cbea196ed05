public import Base
public import Stores

/// One transaction, from its first record until its last marker has come.
///
/// ```
///  open ──decide──▶ committing ──last marker──▶ complete
///             └───▶ aborting ──────────────────────▲
/// ```
final class Transaction {
    enum Fate { case open, committed, aborted }

    let number: Int
    let producer: String
    let openedAt: EventTime
    fileprivate(set) var fate = Fate.open
    /// Partitions that it wrote to.
    fileprivate(set) var partitions: [TopicPartition] = []
    /// What its topology's group is to stand at.
    fileprivate(set) var offsets: [TopicPartition: Offset]?
    fileprivate(set) var group: String?
    /// Where its last record of each partition went.
    fileprivate(set) var lastOffsets: [TopicPartition: Offset] = [:]
    /// Markers still on their way.
    fileprivate(set) var markersDue = 0
    /// Records that the log will never take.
    fileprivate var refused: [TransactionFault.RefusedRecord] = []
    fileprivate var sentCounts: [TopicPartition: Int] = [:]

    var isCommitted: Bool { fate == .committed }

    init(_ number: Int, producer: String, openedAt: EventTime) {
        self.number = number
        self.producer = producer
        self.openedAt = openedAt
    }
}

/// What the transaction coordinator knows of one transactional id.
struct ProducerState {
    /// Each fence makes a new one; who has an older one is fenced.
    var epoch = 0
    var current: Transaction?
}

extension SimulatedCluster {
    /// Gives the id to a new owner: ends what its owners have open.
    func fence(_ producer: String) -> Int {
        var state = producers[producer] ?? ProducerState()
        state.epoch += 1
        let last = state.current
        producers[producer] = state
        if let last {
            if last.fate == .open { decide(last, commits: false) }
            if !chances.markersFollowFence { finish(last) }
        }
        return state.epoch
    }

    /// The transaction that an owner's records go to; a new one begins once the markers of the one before are there.
    func openTransaction(of producer: String) -> Transaction {
        if let current = producers[producer]?.current {
            if current.fate == .open { return current }
            finish(current)
        }
        transactionCount += 1
        let transaction = Transaction(transactionCount, producer: producer, openedAt: now)
        producers[producer]?.current = transaction
        return transaction
    }

    func decide(_ transaction: Transaction, commits: Bool) {
        guard transaction.fate == .open else { return }
        transaction.fate = commits ? .committed : .aborted
        note("\(transaction.producer)#\(transaction.number) \(transaction.fate), to \(transaction.lastOffsets.sorted { $0.key < $1.key })")
        transaction.markersDue = transaction.partitions.count + (transaction.offsets == nil ? 0 : 1)
        for partition in transaction.partitions { mark(transaction) { $0.appendMarker(of: transaction, in: partition) } }
        if let group = transaction.group { mark(transaction) { $0.groups[group]?.settle(transaction) } }
        if commits, let broken = commitCheck?(CommittedTransaction(transaction, self)) { violate(broken) }
    }

    private func mark(_ transaction: Transaction, _ body: @escaping (SimulatedCluster) -> Void) {
        let run = { [unowned self] in
            body(self)
            transaction.markersDue -= 1
            appendCount += 1
        }
        guard chance(chances.lateMarker) else { return run() }
        after(span(upTo: .seconds(4)), run)
    }

    /// Waits until all markers of a decided transaction are there.
    private func finish(_ transaction: Transaction) {
        while transaction.markersDue > 0 { advance(by: .milliseconds(200)) }
    }

    private func appendMarker(of transaction: Transaction, in partition: TopicPartition) {
        topics[partition.topic]?.partitions[Int(partition.partition.number)].appendMarker(of: transaction)
    }

    /// Aborts a transaction that has been open for too long, and fences its owner.
    func expireTransaction(of producer: String) {
        guard let current = producers[producer]?.current, current.fate == .open,
            current.openedAt + settings.transactionTimeout < now
        else { return }
        note("\(producer)#\(current.number) has been open for too long")
        producers[producer]?.epoch += 1
        decide(current, commits: false)
    }

    func write(_ buffer: RecordBuffer, to partition: TopicPartition, in transaction: Transaction) throws(EngineError) {
        guard !buffer.isEmpty else { return }
        let base = try append(buffer, to: partition, transaction: transaction)
        transaction.lastOffsets[partition] = base + (buffer.count - 1)
        if !transaction.partitions.contains(partition) { transaction.partitions.append(partition) }
    }

    func setOffsets(_ offsets: [TopicPartition: Offset], of group: String, in transaction: Transaction) {
        transaction.offsets = (transaction.offsets ?? [:]).merging(offsets) { $1 }
        transaction.group = group
        groups[group]?.hold(transaction)
    }

    /// A client's transaction that is no task's: records of one that aborts are in the log, and no reader may see them.
    public func appendInTransaction(_ buffer: RecordBuffer, to partition: TopicPartition, commits: Bool) throws {
        transactionCount += 1
        let transaction = Transaction(transactionCount, producer: "client", openedAt: now)
        try write(buffer, to: partition, in: transaction)
        decide(transaction, commits: commits)
    }
}

/// A transaction that the coordinator has decided to commit, as a check sees it.
public struct CommittedTransaction {
    private let transaction: Transaction
    private let cluster: SimulatedCluster

    init(_ transaction: Transaction, _ cluster: SimulatedCluster) {
        self.transaction = transaction
        self.cluster = cluster
    }

    public var producer: String { transaction.producer }
    public var partitions: [TopicPartition] { transaction.partitions }
    public var offsets: [TopicPartition: Offset]? { transaction.offsets }

    /// The last record that it wrote to a partition.
    public func lastRecord(in partition: TopicPartition) throws -> RecordView? {
        try cluster.partition(partition).lastRecord(of: transaction)
    }
}

extension Transaction {
    /// Counts the records and notes those that are too large.
    func noteSizes(_ buffer: RecordBuffer, to partition: TopicPartition, bytesMax: Int) {
        let batch = buffer.batch()
        for index in 0..<batch.count {
            let view = batch[index]
            let bytes = Int(view.keyLength + view.valueLength + view.headersLength)
            guard bytes > bytesMax else { continue }
            refused.append(
                .init(partition: partition, index: (sentCounts[partition] ?? 0) + index, reason: "\(bytes) bytes, of \(bytesMax) at most"))
        }
        sentCounts[partition, default: 0] += batch.count
    }

    var refusedRecords: [TransactionFault.RefusedRecord] { refused }
}
