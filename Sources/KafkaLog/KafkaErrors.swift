public import Base
import CRdKafka

extension ErrorCode {
    public static let kafkaProperty = ErrorCode("kafka.property")
    public static let kafkaUnreachable = ErrorCode("kafka.unreachable")
    public static let kafkaTimedOut = ErrorCode("kafka.timed_out")
    public static let kafkaAuthentication = ErrorCode("kafka.authentication")
    public static let kafkaAuthorization = ErrorCode("kafka.authorization")
    public static let kafkaUnknownTopic = ErrorCode("kafka.unknown_topic")
    public static let kafkaUnavailable = ErrorCode("kafka.unavailable")
    public static let kafkaUnsupported = ErrorCode("kafka.unsupported")
    public static let kafkaPolicy = ErrorCode("kafka.policy")
    public static let kafkaRecordRefused = ErrorCode("kafka.record_refused")
    public static let kafkaFenced = ErrorCode("kafka.fenced")
    public static let kafkaDamaged = ErrorCode("kafka.damaged")
    public static let kafkaOther = ErrorCode("kafka.error")
}

/// What librdkafka's errors mean, in the engine's words. Each message ends in librdkafka's own.
enum KafkaErrors {
    /// - Parameters:
    ///   - doing: what failed, as `"the topic 'x' could not be made"`.
    ///   - said: what librdkafka or the broker told beside the code.
    static func error(_ code: rd_kafka_resp_err_t, _ doing: String, said: String? = nil) -> EngineError {
        let kind = kind(of: code)
        let words = said.flatMap { $0.isEmpty ? nil : $0 } ?? String(cString: rd_kafka_err2str(code))
        return EngineError(
            kind.code, kind.domain, "\(doing): \(words) (\(String(cString: rd_kafka_err2name(code))))", remedy: kind.remedy,
            isTransient: kind.isTransient)
    }

    /// The same of an error object, which is destroyed.
    static func error(taking error: OpaquePointer, _ doing: String) -> EngineError {
        defer { rd_kafka_error_destroy(error) }
        var result = self.error(rd_kafka_error_code(error), doing, said: String(cString: rd_kafka_error_string(error)))
        if rd_kafka_error_is_retriable(error) != 0 { result.isTransient = true }
        return result
    }

    private struct Kind {
        var code: ErrorCode
        var domain = EngineError.Domain.environment
        var remedy: String
        var isTransient = false
    }

    private static func kind(of code: rd_kafka_resp_err_t) -> Kind {
        switch code {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__NODE_UPDATE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
            unreachable
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
            Kind(
                code: .kafkaAuthentication,
                remedy: "Check security.protocol and the ssl.* and sasl.* properties, and what the broker expects.")
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            Kind(
                code: .kafkaAuthorization,
                remedy: "Allow the user to read and write the topics, the groups 'pioneer.*' and the transactional ids 'pioneer.*'.")
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            Kind(code: .kafkaUnknownTopic, domain: .user, remedy: "Create the topic, or check its name and partition count.")
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            Kind(
                code: .kafkaTimedOut, remedy: "Check that the brokers run and can be reached; the call may be repeated.",
                isTransient: true)
        case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
            Kind(code: .kafkaUnsupported, remedy: "Use brokers that support it: Kafka 2.5 or later does.")
        case RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_INVALID_CONFIG, RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
            RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            Kind(code: .kafkaPolicy, domain: .user, remedy: "Ask for what the cluster allows, or create the topic by hand.")
        case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
            Kind(
                code: .kafkaPolicy, domain: .user,
                remedy: "Set session_timeout to what the brokers allow: from group.min.session.timeout.ms (6 s by itself) to "
                    + "group.max.session.timeout.ms (30 min).")
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
            RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
            Kind(
                code: .kafkaRecordRefused, domain: .user,
                remedy: "Send smaller records, or raise the topic's max.message.bytes and the property message.max.bytes.")
        case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
            RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
            Kind(code: .kafkaFenced, remedy: "Another process has taken over.")
        case RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
            Kind(code: .kafkaDamaged, remedy: "Check the broker's disks and the network between.")
        default:
            isTransient(code)
                ? Kind(code: .kafkaUnavailable, remedy: "It often passes; the call may be repeated.", isTransient: true)
                : Kind(code: .kafkaOther, remedy: "Look the name in brackets up in Kafka's list of errors.")
        }
    }

    private static var unreachable: Kind {
        Kind(
            code: .kafkaUnreachable,
            remedy: "Check that the brokers run, that bootstrap.servers names them, that security.protocol is what they speak there, and "
                + "that they advertise addresses that can be reached from here.", isTransient: true)
    }

    /// Faults of brokers that pass: leaders and coordinators on the move, replicas behind, a log directory being replaced.
    private static func isTransient(_ code: rd_kafka_resp_err_t) -> Bool {
        switch code {
        case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
            RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
            RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
            RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__WAIT_CACHE, RD_KAFKA_RESP_ERR__RETRY:
            true
        default: false
        }
    }
}
