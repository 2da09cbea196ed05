import Base
import CRdKafka
import Stores

/// Hands records of a buffer to librdkafka, one after another, without a copy of their values.
struct RecordProducing {
    private let transactions: KafkaTransactions
    private let slot: Int
    private let doing: String
    private var arguments: RecordArguments
    private var refused: [TransactionFault.RefusedRecord] = []

    init(_ transactions: KafkaTransactions, slot: Int) {
        self.transactions = transactions
        self.slot = slot
        let target = transactions.targets[slot]
        doing = "a record could not be sent to \(target.partition)"
        arguments = RecordArguments(topic: target.topic, partition: target.partition.partition, copiesValues: false)
    }

    /// Sends all records, or those whose index is in `only`.
    /// - Throws: `.refused` after the last record with all that librdkafka itself does not take.
    mutating func produce(
        _ records: RecordBuffer, firstIndex: Int, only: Set<Int>? = nil
    ) throws(TransactionFault) {
        let encoded = UnsafeRawBufferPointer(records.bytes.bytes)
        var at = 0
        for number in 0..<records.count {
            let head = RecordHead(encoded, at: at)
            let index = firstIndex + number
            if only?.contains(index) ?? true {
                let tag = RecordTag(slot: slot, index: index, isLastOfBuffer: number == records.count - 1)
                try produce(head, tag)
            }
            at = head.end
        }
        if let first = refused.first {
            let error = KafkaErrors.error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, doing, said: first.reason)
            throw TransactionFault(.refused(refused), error)
        }
    }

    private mutating func produce(_ head: RecordHead, _ tag: RecordTag) throws(TransactionFault) {
        let word = UnsafeMutableRawPointer(bitPattern: tag.word)
        guard let error = arguments.produce(head, tag: word, by: transactions.handle.pointer) else { return }
        guard TransactionVerdict.refusesRecords(rd_kafka_error_code(error)) else { throw try failed(taking: error) }
        refused.append(
            .init(
                partition: transactions.targets[slot].partition, index: tag.index,
                reason: String(cString: rd_kafka_error_string(error))))
        rd_kafka_error_destroy(error)
    }

    /// The transaction may have failed in the background: librdkafka then only says here that it takes no records. It tells
    /// the reason when asked to begin another.
    private func failed(taking error: OpaquePointer) throws(TransactionFault) -> TransactionFault {
        guard rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__STATE, let reason = rd_kafka_begin_transaction(transactions.handle.pointer)
        else {
            try transactions.check(.send, error, doing)
            preconditionFailure("an error is thrown")
        }
        rd_kafka_error_destroy(error)
        try transactions.check(.send, reason, doing)
        preconditionFailure("an error is thrown")
    }
}
