import CRdKafka
import Testing

@testable import KafkaLog

@Suite struct TransactionVerdictTests {
    private typealias Verdict = TransactionVerdict

    private struct Row {
        var call: Verdict.Call
        var codes: [rd_kafka_resp_err_t]
        var flags: Flags
        var outcome: Verdict.Outcome
    }

    private enum Flags: CaseIterable {
        case none, retriable, abort, fatal
    }

    private func verdict(_ code: rd_kafka_resp_err_t, _ flags: Flags) -> Verdict {
        Verdict(code: code, isRetriable: flags == .retriable, requiresAbort: flags == .abort, isFatal: flags == .fatal)
    }

    /// What librdkafka documents for each call, with the flags it gives them.
    private let documented: [Row] = [
        Row(call: .fence, codes: [RD_KAFKA_RESP_ERR__TIMED_OUT], flags: .retriable, outcome: .unknown),
        Row(
            call: .fence, codes: [RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS],
            flags: .retriable, outcome: .unknown),
        Row(
            call: .fence,
            codes: [
                RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
                RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR__TRANSPORT,
            ], flags: .none, outcome: .unknown),
        Row(
            call: .fence,
            codes: [
                RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
                RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
            ], flags: .fatal, outcome: .fatal),
        Row(
            call: .fence,
            codes: [RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__NOT_CONFIGURED, RD_KAFKA_RESP_ERR__INVALID_ARG],
            flags: .none, outcome: .fatal),
        Row(call: .fence, codes: [RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED], flags: .fatal, outcome: .fenced),

        Row(
            call: .begin,
            codes: [RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__NOT_CONFIGURED, RD_KAFKA_RESP_ERR__INVALID_ARG],
            flags: .none, outcome: .fatal),
        Row(call: .begin, codes: [RD_KAFKA_RESP_ERR__FENCED], flags: .fatal, outcome: .fenced),
        Row(call: .begin, codes: [RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID], flags: .abort, outcome: .mustAbort),

        Row(
            call: .send,
            codes: [
                RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__STATE,
                RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR__INVALID_ARG,
            ], flags: .none, outcome: .mustAbort),
        Row(call: .send, codes: [RD_KAFKA_RESP_ERR__FATAL], flags: .none, outcome: .fatal),
        Row(call: .send, codes: [RD_KAFKA_RESP_ERR__FENCED], flags: .none, outcome: .fenced),

        Row(
            call: .sendOffsets,
            codes: [
                RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
            ], flags: .fatal, outcome: .fenced),
        Row(
            call: .sendOffsets,
            codes: [
                RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
            ], flags: .abort, outcome: .fenced),
        Row(
            call: .sendOffsets,
            codes: [
                RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR_UNKNOWN,
            ], flags: .abort, outcome: .mustAbort),
        Row(
            call: .sendOffsets,
            codes: [
                RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
                RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
            ], flags: .fatal, outcome: .fatal),
        Row(
            call: .sendOffsets,
            codes: [RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE],
            flags: .retriable, outcome: .unknown),
        Row(
            call: .sendOffsets,
            codes: [RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__NOT_CONFIGURED, RD_KAFKA_RESP_ERR__INVALID_ARG],
            flags: .none, outcome: .fatal),

        Row(
            call: .commit, codes: [RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS],
            flags: .retriable, outcome: .unknown),
        Row(call: .commit, codes: [RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT], flags: .abort, outcome: .fatal),
        Row(
            call: .commit,
            codes: [
                RD_KAFKA_RESP_ERR__INCONSISTENT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
                RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                RD_KAFKA_RESP_ERR_INVALID_RECORD,
            ], flags: .abort, outcome: .mustAbort),
        Row(
            call: .commit, codes: [RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR__FENCED], flags: .fatal,
            outcome: .fenced),
        Row(
            call: .commit,
            codes: [RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE],
            flags: .fatal, outcome: .fatal),
        Row(
            call: .commit,
            codes: [RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__NOT_CONFIGURED, RD_KAFKA_RESP_ERR__INVALID_ARG],
            flags: .none, outcome: .fatal),

        Row(call: .abort, codes: [RD_KAFKA_RESP_ERR__TIMED_OUT], flags: .retriable, outcome: .unknown),
        Row(
            call: .abort, codes: [RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR__FENCED], flags: .fatal,
            outcome: .fenced),
        Row(
            call: .abort,
            codes: [RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE],
            flags: .fatal, outcome: .fatal),
        Row(call: .abort, codes: [RD_KAFKA_RESP_ERR_UNKNOWN], flags: .abort, outcome: .fatal),
        Row(
            call: .abort,
            codes: [RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__NOT_CONFIGURED, RD_KAFKA_RESP_ERR__INVALID_ARG],
            flags: .none, outcome: .fatal),
    ]

    @Test func `Each documented code of each call has its outcome`() {
        for row in documented {
            for code in row.codes {
                let outcome = verdict(code, row.flags).outcome(of: row.call)
                #expect(outcome == row.outcome, "\(row.call) \(String(cString: rd_kafka_err2name(code))) \(row.flags)")
            }
        }
    }

    @Test func `No code at all lets who is fenced, out of use or undecided go on`() {
        let fencing: Set<Int32> = [
            RD_KAFKA_RESP_ERR__FENCED.rawValue, RD_KAFKA_RESP_ERR_PRODUCER_FENCED.rawValue,
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH.rawValue, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID.rawValue,
            RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION.rawValue, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID.rawValue,
        ]
        for raw in Int32(-200)..<200 {
            for call in Verdict.Call.allCases {
                for flags in Flags.allCases {
                    let outcome = verdict(rd_kafka_resp_err_t(rawValue: raw), flags).outcome(of: call)
                    if fencing.contains(raw) {
                        #expect(outcome == .fenced)
                    } else if flags == .fatal {
                        #expect(outcome == .fatal)
                    } else if flags == .abort {
                        #expect(outcome == .mustAbort || outcome == .fatal)
                        if call == .abort { #expect(outcome == .fatal, "abort would be called for ever") }
                    } else if flags == .none, call == .commit || call == .abort {
                        #expect(outcome == .fatal || outcome == .unknown, "what is not flagged is no proof of an abort")
                    }
                }
            }
        }
    }

    @Test func `A record's tag carries partition, index and whether it ends a buffer`() {
        for slot in [0, 1, 300, 65_535] {
            for index in [0, 1, 70_000, 1 << 40] {
                for isLast in [false, true] {
                    let tag = RecordTag(slot: slot, index: index, isLastOfBuffer: isLast)
                    #expect(tag.slot == slot && tag.index == index && tag.isLastOfBuffer == isLast)
                }
            }
        }
    }
}
