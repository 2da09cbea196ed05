import CRdKafka
import Stores

/// Finding the records that a broker will never take.
///
/// Brokers of the versions that librdkafka 2.0.2 talks to refuse a whole batch for one record in it. So where more than one
/// record failed that way:
/// 1. The transaction is aborted; it could not commit any more anyway.
/// 2. What failed is sent again by itself, in transactions that are aborted: all of it, then halves of what fails again,
///    down to single records.
/// 3. Who fails alone is refused.
///
/// The sent buffers are the caller's until it has ended the transaction, so the records are still there. It takes a few
/// round trips for each record that is refused, and it is rare: our own limit stops most records before they are sent.
extension KafkaTransactions {
    /// Nil when no record was refused.
    func refusal() throws(TransactionFault) -> TransactionFault? {
        let failed = reports.failures.filter { TransactionVerdict.refusesRecords($0.code) }
        guard let first = failed.first else { return nil }
        let refused = failed.count == 1 ? failed : try refusedAlone(failed.map(\.tag))
        let error = handle.error(
            first.code, "task \(task): \(refused.count) record\(refused.count == 1 ? " is" : "s are") refused", said: first.reason)
        guard !refused.isEmpty else { return TransactionFault(.mustAbort, error) }
        return TransactionFault(
            .refused(
                refused.map { .init(partition: targets[$0.tag.slot].partition, index: $0.tag.index, reason: $0.reason) }
                    .sorted { ($0.partition, $0.index) < ($1.partition, $1.index) }), error)
    }

    /// Sends suspects again, ever fewer at a time. No transaction is open afterwards.
    private func refusedAlone(_ suspects: [RecordTag]) throws(TransactionFault) -> [DeliveryReports.Failure] {
        let buffers = sent
        isProbing = true
        defer { isProbing = false }
        try endProbe()
        var refused: [DeliveryReports.Failure] = []
        var groups = [suspects]
        while let group = groups.popLast() {
            let failures = try probe(group, of: buffers)
            if failures.count == group.count, group.count == 1 {
                refused += failures
            } else if failures.count == group.count {
                groups += [Array(group[..<(group.count / 2)]), Array(group[(group.count / 2)...])]
            } else if !failures.isEmpty {
                // The rest was in other batches: it has arrived, or was given up with this one.
                let tags = Set(failures.map(\.tag))
                groups += [group.filter { !tags.contains($0) }, failures.map(\.tag)]
            }
        }
        end()
        return refused
    }

    /// Which of these records fail when nothing else is sent with them.
    private func probe(_ group: [RecordTag], of buffers: [Sent]) throws(TransactionFault) -> [DeliveryReports.Failure] {
        reports.removeAll()
        let doing = "records could not be sent again by themselves"
        try check(.begin, rd_kafka_begin_transaction(handle.pointer), doing)
        for buffer in buffers {
            let indexes = Set(group.lazy.filter { $0.slot == buffer.slot }.map(\.index))
            guard indexes.contains(where: { $0 >= buffer.firstIndex && $0 < buffer.firstIndex + buffer.buffer.count }) else { continue }
            do throws(TransactionFault) {
                var producing = RecordProducing(self, slot: buffer.slot)
                try producing.produce(buffer.buffer, firstIndex: buffer.firstIndex, only: indexes)
            } catch {
                // The first of them have failed already; the others have another turn.
                guard case .mustAbort = error.kind, !reports.failures.isEmpty else { throw error }
                break
            }
        }
        rd_kafka_flush(handle.pointer, KafkaCluster.milliseconds(settings.transactionTimeout))
        let failures = reports.failures.filter { TransactionVerdict.refusesRecords($0.code) }
        try endProbe()
        return failures
    }

    /// After so many the producer is given up: the next one of the task ends what is open.
    private static let abortCallsMax = 3

    private func endProbe() throws(TransactionFault) {
        var calls = 0
        while let error = rd_kafka_abort_transaction(handle.pointer, callTimeoutMs) {
            var fault = fault(.abort, taking: error, "the transaction could not be aborted")
            calls += 1
            if calls == Self.abortCallsMax, case .unknown = fault.kind { fault.kind = .fatal }
            guard case .unknown = fault.kind else { throw fault }
        }
    }
}
