import CRdKafka

/// The librdkafka this process runs on.
public enum KafkaVersion {
    /// As librdkafka says it: `2.0.2`.
    public static var text: String { String(cString: rd_kafka_version_str()) }

    /// Whether it goes on by itself with a partition whose queue was full: from 2.2 on.
    static let looksAtFullQueues = rd_kafka_version() >= 0x0202_0000
}
