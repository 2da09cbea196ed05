import CRdKafka
import Stores

/// What librdkafka says of a transactional call that failed, and what that means for the transaction: a pure function, so
/// that a test can go through every code that is documented for these calls.
///
/// The flags are librdkafka's own judgement and go first, but for two things it cannot know:
/// 1. Who lost the task must not abort and go on: that is told by the code, whatever the flags say.
/// 2. After a commit that ran out of time librdkafka may hold a transaction for failed that the broker has committed.
///    Only a restore tells: the producer is given up.
///
/// What it flags in no way is to be treated as fatal (its documentation says so), but for faults of connections and
/// coordinators that come without a flag where a call has run out of time: there the call is repeated.
struct TransactionVerdict: Hashable {
    enum Call: CaseIterable {
        case fence, begin, send, sendOffsets, commit, abort
    }

    var code: rd_kafka_resp_err_t
    var isRetriable = false
    var requiresAbort = false
    var isFatal = false

    enum Outcome: CaseIterable {
        case unknown, mustAbort, fenced, fatal
    }

    func outcome(of call: Call) -> Outcome {
        if isFencing(in: call) { return .fenced }
        if isFatal { return .fatal }
        if requiresAbort { return isDecided(in: call) ? .mustAbort : .fatal }
        if isRetriable { return call == .begin ? .fatal : .unknown }
        switch call {
        case .send: return code == RD_KAFKA_RESP_ERR__FATAL ? .fatal : .mustAbort
        case .begin: return .fatal
        case .fence, .sendOffsets, .commit, .abort: return passes ? .unknown : .fatal
        }
    }

    /// Whether a record will never be taken, by this code of its delivery: it is too large, or the topic does not allow it.
    /// One record can spoil the batch it was sent in.
    static func refusesRecords(_ code: rd_kafka_resp_err_t) -> Bool {
        switch code {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
            RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
            true
        default: false
        }
    }

    /// Codes of who has lost the task: the producer's by a newer one (or by the coordinator, at the transaction's timeout),
    /// the member's by the group.
    private func isFencing(in call: Call) -> Bool {
        switch code {
        case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH: true
        case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
            // A transaction that they spoiled says so by any later call.
            true
        default: false
        }
    }

    /// Whether an abort that is asked for leaves nothing open. In `commit` a code of passed time may stand for an end of the
    /// transaction that the broker has carried out; in `abort` there is nothing to abort but by giving up the producer.
    private func isDecided(in call: Call) -> Bool {
        switch call {
        case .commit: !hasTimedOut
        case .abort, .fence: false
        case .begin, .send, .sendOffsets: true
        }
    }

    private var hasTimedOut: Bool {
        switch code {
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR__TRANSPORT:
            true
        default: false
        }
    }

    private var passes: Bool {
        if hasTimedOut { return true }
        switch code {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__IN_PROGRESS,
            RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
            return true
        default: return false
        }
    }
}
