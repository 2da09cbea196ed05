public import Base
public import Stores

/// The transactions of one task, as one process makes them.
public final class SimulatedTransactions: TaskTransactions {
    private enum State { case unfenced, idle, open, mustAbort, closed }

    private let process: SimulatedProcess
    private let cluster: SimulatedCluster
    private let task: TaskID
    private let membership: SimulatedMembership
    private let producer: String
    private let group: String
    private var state = State.unfenced
    private var epoch = 0
    private var isFatal = false
    /// Sent and not in the log yet.
    private var unsent: [(partition: TopicPartition, buffer: RecordBuffer)] = []
    /// The call whose outcome its caller does not know, and that has been carried out: its repeat is not carried out again.
    private var unknown: (call: SeamCall, partition: TopicPartition?, count: Int)?
    private var begun: Transaction?

    init(_ task: TaskID, _ membership: SimulatedMembership, _ process: SimulatedProcess) {
        self.process = process
        cluster = process.cluster
        self.task = task
        self.membership = membership
        producer = "pioneer.\(task.topology).\(task.partition)"
        group = SimulatedGroup.name(of: task.topology)
    }

    /// Makes a call, with the faults that a producer can meet.
    private func call<R>(
        _ seam: SeamCall, _ what: @autoclosure () -> String = "", midway: () -> Void = {},
        _ body: () throws(TransactionFault) -> R
    ) throws(TransactionFault) -> R {
        try require(state != .closed, "closed transactions are not used")
        return try process.call(
            seam, "\(task) \(what())", failure: { fault(of: $0) }, midway: midway
        ) { () throws(TransactionFault) -> R in
            if isFatal { throw fault(.fatal, "the producer has failed before") }
            if seam != .fence {
                try require(state != .unfenced, "who has not fenced writes nothing")
                guard cluster.producers[producer]?.epoch == epoch else { throw fault(.fenced, "another owner has \(producer)") }
            }
            return try body()
        }
    }

    private func fault(of failure: CallFailure) -> TransactionFault {
        switch failure {
        case .crashed: return TransactionFault(.fatal, process.engineError(of: failure))
        case .unanswered: return TransactionFault(.unknown, process.engineError(of: failure))
        case .mustAbort:
            // Where nothing is open there is nothing to abort, and what has committed never has to.
            guard state == .open, begun?.fate != .committed else { return fault(of: .unanswered) }
            state = .mustAbort
            return TransactionFault(.mustAbort, process.engineError(of: failure))
        case .fatal:
            isFatal = true
            return TransactionFault(.fatal, process.engineError(of: failure))
        }
    }

    private func fault(_ kind: TransactionFault.Kind, _ message: String) -> TransactionFault {
        TransactionFault(kind, EngineError(.simulatedFault, .environment, message, remedy: "Do as the fault's kind says."))
    }

    /// What no correct caller does; a real client answers with a fatal error, or worse.
    private func require(_ condition: Bool, _ rule: String) throws(TransactionFault) {
        if condition { return }
        cluster.violate("\(process.name) breaks a rule with \(task): \(rule)")
        throw fault(.fatal, rule)
    }

    private func checkNotAborting() throws(TransactionFault) {
        if state == .mustAbort { throw fault(.mustAbort, "the transaction cannot commit any more") }
    }

    /// A task whose revoke was acknowledged is another process's.
    private func checkOwned(_ what: String) {
        if membership.hasAcknowledgedRevoke(of: task.partition) {
            cluster.violate("\(process.name) \(what) for \(task) after it acknowledged that the task is another's")
        }
    }

    public func fence() throws(TransactionFault) {
        try call(.fence) { () throws(TransactionFault) in
            checkOwned("fences")
            epoch = cluster.fence(producer)
            state = .idle
            cluster.note("\(process.name) owns \(producer) as epoch \(epoch)")
        }
    }

    public func begin() throws(TransactionFault) {
        try call(.begin) { () throws(TransactionFault) in
            try require(state == .idle, "one transaction ends before the next begins")
            checkOwned("begins a transaction")
            state = .open
            begun = nil
            unknown = nil
        }
    }

    /// The transaction at the coordinator: it is there from the first record or offset on.
    private func transaction() -> Transaction {
        if let begun { return begun }
        let transaction = cluster.openTransaction(of: producer)
        begun = transaction
        return transaction
    }

    public func send(_ records: RecordBuffer, to partition: TopicPartition) throws(TransactionFault) {
        let isRepeat = unknown.map { $0 == (.sendRecords, partition, records.count) } ?? false
        try call(.sendRecords, "\(records.count) to \(partition)") { () throws(TransactionFault) in
            try checkNotAborting()
            try require(state == .open, "records are sent in a transaction")
            guard !isRepeat else { return }
            unknown = (.sendRecords, partition, records.count)
            checkOwned("writes")
            do throws(EngineError) { _ = try cluster.partition(partition) } catch { throw TransactionFault(.fatal, error) }
            transaction().noteSizes(records, to: partition, bytesMax: cluster.settings.recordBytesMax)
            unsent.append((partition, records))
            if !cluster.chance(cluster.chances.lateRecords) { try flush() }
        }
        unknown = nil
    }

    private func flush() throws(TransactionFault) {
        guard transaction().refusedRecords.isEmpty else { return }
        for (partition, buffer) in unsent {
            do throws(EngineError) { try cluster.write(buffer, to: partition, in: transaction()) } catch {
                throw TransactionFault(.fatal, error)
            }
        }
        unsent.removeAll()
    }

    public func send(offsets: [TopicPartition: Offset]) throws(TransactionFault) {
        try call(.sendOffsets) { () throws(TransactionFault) in
            try checkNotAborting()
            try require(state == .open, "offsets are sent in a transaction")
            checkOwned("commits offsets")
            guard !cluster.settings.checksGeneration || membership.isCurrent else {
                throw fault(.fenced, "\(process.name) is no member of \(group) in its generation any more")
            }
            cluster.setOffsets(offsets, of: group, in: transaction())
        }
    }

    public func commit() throws(TransactionFault) {
        try call(.commit, midway: { try? flush() }) { () throws(TransactionFault) in
            try checkNotAborting()
            // A commit that was carried out says so again until the next transaction begins.
            if let begun, state == .open || state == .idle, begun.fate == .committed {
                state = .idle
                return
            }
            try require(state == .open, "what commits is open")
            checkOwned("commits")
            let refused = transaction().refusedRecords
            guard refused.isEmpty else {
                state = .mustAbort
                throw fault(.refused(refused), "\(refused[0].reason)")
            }
            try flush()
            cluster.decide(transaction(), commits: true)
            // Its state stays open for the caller until it knows.
        }
        state = .idle
    }

    public func abort() throws(TransactionFault) {
        try call(.abort) { () throws(TransactionFault) in
            unsent.removeAll()
            if let begun, begun.fate == .committed {
                cluster.violate("\(process.name) aborts a transaction of \(task) that has committed")
            } else if let begun {
                cluster.decide(begun, commits: false)
            }
        }
        state = .idle
        begun = nil
    }

    public func lastOffset(in partition: TopicPartition) -> Offset? {
        guard let begun, begun.isCommitted, !cluster.chance(cluster.chances.lateRecords / 2) else { return nil }
        return begun.lastOffsets[partition]
    }

    public func close() { state = .closed }
}
