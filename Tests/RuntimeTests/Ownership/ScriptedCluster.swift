import Base
import Stores

/// A shared log in memory whose transactions do what a script says.
///
/// Fault model: each call of a transaction may fail as the next fault of its script says: nobody knows whether it happened,
/// the transaction must abort, the owner is fenced, the producer is of no use. Records beyond a size are refused when the
/// transaction commits. What is committed is there at once, as a whole; only the group's offsets may come late.
final class ScriptedCluster: TaskCluster, TaskMembership, @unchecked Sendable {
    enum Call: Hashable, CaseIterable {
        case fence, begin, send, sendOffsets, commit, abort
    }

    enum Fault: Hashable {
        case unknown(happened: Bool)
        case mustAbort, fenced
        case fatal(happened: Bool)
    }

    let log = InMemoryStore(id: LogID("shared"))
    /// What is read from.
    let reading: FetchingLog
    /// By call, what its next calls meet; nil: nothing.
    var script: [Call: [Fault?]] = [:]
    private(set) var calls: [Call] = []
    var group: [TopicPartition: Offset] = [:]
    /// How often the group is asked before offsets committed from now on are told.
    var offsetsLate = 0
    private var lateOffsets: [TopicPartition: Offset] = [:]
    /// Bytes of a value that the topic takes.
    var valueBytesMax: [TopicName: Int] = [:]
    var tellsOffsets = true
    fileprivate var owner: ScriptedTransactions?

    init(topics: [TopicName], partitions: Int = 1) throws {
        reading = FetchingLog(log)
        for name in topics { try log.createTopic(TopicDescription(name: name, partitionCount: partitions, retention: .forever)) }
    }

    func join(topology: String, taskCount: Int) throws -> any TaskMembership { self }
    func serve(timeout: TimeSpan, _ handle: (MembershipChange) -> Void) throws {}
    func close(_ handle: (MembershipChange) -> Void) {}

    func transactions(of task: TaskID, _ membership: any TaskMembership) throws -> any TaskTransactions { ScriptedTransactions(self) }

    func committedOffsets(of topology: String, _ inputs: [TopicPartition]) throws -> [TopicPartition: Offset] {
        offsetsLate -= 1
        if offsetsLate <= 0 {
            group.merge(lateOffsets) { $1 }
            lateOffsets = [:]
        }
        return group.filter { inputs.contains($0.key) }
    }

    func uncommittedEnd(of partition: TopicPartition) throws -> Offset { try reading.end(of: partition) }

    fileprivate func next(_ call: Call) -> Fault? {
        calls.append(call)
        guard script[call]?.isEmpty == false else { return nil }
        return script[call]?.removeFirst()
    }

    fileprivate func take(_ sends: [(TopicPartition, RecordBuffer)], _ offsets: [TopicPartition: Offset]) throws {
        for (partition, buffer) in sends where !buffer.isEmpty {
            _ = try log.append(AppendRequest(topic: partition.topic, producer: nil, records: [(partition.partition, buffer)]))
        }
        if offsetsLate > 0 { lateOffsets.merge(offsets) { $1 } } else { group.merge(offsets) { $1 } }
    }

    fileprivate func refused(_ sends: [(TopicPartition, RecordBuffer)]) -> [TransactionFault.RefusedRecord] {
        var found: [TransactionFault.RefusedRecord] = []
        var counts: [TopicPartition: Int] = [:]
        for (partition, buffer) in sends {
            let batch = RecordBatch()
            _ = RecordBuffer.decode(UnsafeRawBufferPointer(buffer.bytes.bytes), baseOffset: 0, from: 0, limit: .max, into: batch)
            for index in 0..<batch.count where batch[index].valueLength > valueBytesMax[partition.topic] ?? .max {
                found.append(.init(partition: partition, index: counts[partition, default: 0] + index, reason: "it is too large"))
            }
            counts[partition, default: 0] += buffer.count
        }
        return found
    }
}

/// Buffers are read at the commit, as a log may that sends in the background.
private final class ScriptedTransactions: TaskTransactions {
    private enum Life {
        case idle, open, poisoned, committed
    }

    private let cluster: ScriptedCluster
    private var life = Life.idle
    private var isUseless = false
    private var sends: [(TopicPartition, RecordBuffer)] = []
    private var offsets: [TopicPartition: Offset] = [:]

    init(_ cluster: ScriptedCluster) { self.cluster = cluster }

    func fence() throws(TransactionFault) { try call(.fence) { cluster.owner = self } }

    func begin() throws(TransactionFault) {
        try call(.begin) {
            guard life != .open else { return }
            life = .open
            sends = []
            offsets = [:]
        }
    }

    func send(_ records: RecordBuffer, to partition: TopicPartition) throws(TransactionFault) {
        try call(.send) { sends.append((partition, records)) }
    }

    func send(offsets: [TopicPartition: Offset]) throws(TransactionFault) {
        try call(.sendOffsets) { self.offsets.merge(offsets) { $1 } }
    }

    func commit() throws(TransactionFault) {
        if life == .open {
            let refused = cluster.refused(sends)
            if !refused.isEmpty {
                _ = cluster.next(.commit)
                life = .poisoned
                throw fault(.refused(refused))
            }
        }
        try call(.commit) {
            guard life == .open else { return }
            do { try cluster.take(sends, offsets) } catch { preconditionFailure("the topics of a test are there: \(error)") }
            life = .committed
        }
    }

    func abort() throws(TransactionFault) {
        if life == .poisoned { life = .open }
        try call(.abort) { life = .idle }
    }

    func lastOffset(in partition: TopicPartition) -> Offset? {
        guard cluster.tellsOffsets, let end = try? cluster.log.range(of: partition).end else { return nil }
        return Offset(end.number - 1)
    }

    func close() {}

    private func call(_ call: ScriptedCluster.Call, _ body: () -> Void) throws(TransactionFault) {
        let next = cluster.next(call)
        if isUseless { throw fault(.fatal) }
        if call != .fence, cluster.owner !== self { throw fault(.fenced) }
        if life == .poisoned { throw fault(.mustAbort) }
        switch next {
        case nil: body()
        case .unknown(let happened):
            if happened { body() }
            throw fault(.unknown)
        // What has committed does not abort any more.
        case .mustAbort where call == .commit && life == .committed: break
        case .mustAbort:
            if life == .open { life = .poisoned }
            throw fault(.mustAbort)
        case .fenced:
            cluster.owner = nil
            throw fault(.fenced)
        case .fatal(let happened):
            if happened { body() }
            isUseless = true
            throw fault(.fatal)
        }
    }

    private func fault(_ kind: TransactionFault.Kind) -> TransactionFault {
        TransactionFault(kind, EngineError(ErrorCode("test.scripted"), .environment, "the script has it fail", isTransient: true))
    }
}
