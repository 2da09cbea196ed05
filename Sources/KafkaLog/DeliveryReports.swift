import Base
import CRdKafka
import Stores

/// What librdkafka reports of the records of one producer: where the last ones went, and which failed. It calls back within
/// calls of the thread that owns the producer, and nowhere else.
final class DeliveryReports: @unchecked Sendable {
    struct Failure {
        var tag: RecordTag
        var code: rd_kafka_resp_err_t
        var reason: String
    }

    /// Records that did not get into the log, but for those that were only given up because another failed.
    private(set) var failures: [Failure] = []
    private var lastOffsets: [Int: Int64] = [:]

    /// Beyond these the rest of a failing epoch says nothing new. Larger than librdkafka makes a batch (10,000 records), so
    /// that a batch which fails is here as a whole.
    static let failuresMax = 50_000

    func removeAll() {
        failures.removeAll()
        lastOffsets.removeAll(keepingCapacity: true)
    }

    func lastOffset(slot: Int) -> Offset? { lastOffsets[slot].map { Offset($0) } }

    func note(_ message: UnsafePointer<rd_kafka_message_t>) {
        let tag = RecordTag(word: UInt(bitPattern: message.pointee._private))
        let code = message.pointee.err
        if code == RD_KAFKA_RESP_ERR_NO_ERROR {
            if tag.isLastOfBuffer { lastOffsets[tag.slot] = max(lastOffsets[tag.slot] ?? 0, message.pointee.offset) }
        } else if code != RD_KAFKA_RESP_ERR__PURGE_QUEUE, code != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, failures.count < Self.failuresMax {
            fail(tag, code, rd_kafka_message_errstr(message).map { String(cString: $0) })
        }
    }

    func fail(_ tag: RecordTag, _ code: rd_kafka_resp_err_t, _ reason: String?) {
        failures.append(Failure(tag: tag, code: code, reason: reason ?? String(cString: rd_kafka_err2str(code))))
    }
}

/// Which record of a transaction this is, in the one word that librdkafka carries along with each.
struct RecordTag: Hashable {
    let word: UInt
    private static let slotShift: UInt = 48

    init(word: UInt) { self.word = word }

    init(slot: Int, index: Int, isLastOfBuffer: Bool) {
        word = UInt(slot) << Self.slotShift | UInt(index) << 1 | (isLastOfBuffer ? 1 : 0)
    }

    /// The producer's number for the partition.
    var slot: Int { Int(word >> Self.slotShift) }
    /// Counted over all buffers that the transaction sent to the partition.
    var index: Int { Int(word & (1 << Self.slotShift - 1)) >> 1 }
    var isLastOfBuffer: Bool { word & 1 == 1 }
}
