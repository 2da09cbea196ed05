import Base
import CRdKafka
import Stores

/// Hands records of a buffer to librdkafka, one after another, without a copy of their values and without allocating:
/// the arguments of its call are filled in place.
struct RecordProducing {
    private let transactions: KafkaTransactions
    private let slot: Int
    private let doing: String
    private var arguments: [rd_kafka_vu_t]
    private var refused: [TransactionFault.RefusedRecord] = []

    /// The order of arguments; headers come last and are left out where there are none.
    private enum Place {
        static let topic = 0, partition = 1, flags = 2, value = 3, key = 4, tag = 5, timestamp = 6, headers = 7
    }

    init(_ transactions: KafkaTransactions, slot: Int) {
        self.transactions = transactions
        self.slot = slot
        let target = transactions.targets[slot]
        doing = "a record could not be sent to \(target.partition)"
        arguments = [
            RD_KAFKA_VTYPE_RKT, RD_KAFKA_VTYPE_PARTITION, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_VTYPE_VALUE, RD_KAFKA_VTYPE_KEY,
            RD_KAFKA_VTYPE_OPAQUE, RD_KAFKA_VTYPE_TIMESTAMP, RD_KAFKA_VTYPE_HEADERS,
        ].map { type in
            var argument = rd_kafka_vu_t()
            argument.vtype = type
            return argument
        }
        arguments[Place.topic].u.rkt = target.topic
        arguments[Place.partition].u.i32 = target.partition.partition.number
        arguments[Place.flags].u.i = 0
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
        arguments[Place.value].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: head.value), size: head.valueLength)
        arguments[Place.key].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: head.key), size: head.keyLength)
        arguments[Place.tag].u.ptr = UnsafeMutableRawPointer(bitPattern: tag.word)
        arguments[Place.timestamp].u.i64 = head.timestampMs
        let headers = head.headers.map(KafkaHeaders.list)
        arguments[Place.headers].u.headers = headers
        let count = headers == nil ? Place.headers : Place.headers + 1
        while let error = rd_kafka_produceva(transactions.handle.pointer, arguments, count) {
            let code = rd_kafka_error_code(error)
            if code == RD_KAFKA_RESP_ERR__QUEUE_FULL {
                rd_kafka_error_destroy(error)
                // Reports of what has arrived make room.
                rd_kafka_poll(transactions.handle.pointer, Self.fullPollMs)
                continue
            }
            if let headers { rd_kafka_headers_destroy(headers) }
            guard TransactionVerdict.refusesRecords(code) else { throw try failed(taking: error) }
            refused.append(
                .init(
                    partition: transactions.targets[slot].partition, index: tag.index,
                    reason: String(cString: rd_kafka_error_string(error))))
            rd_kafka_error_destroy(error)
            return
        }
    }

    /// How long to wait for room in the queue before looking again.
    private static let fullPollMs: Int32 = 1

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
