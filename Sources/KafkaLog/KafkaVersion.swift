import CRdKafka

/// The librdkafka this process runs on.
public enum KafkaVersion {
    /// As librdkafka says it: `2.0.2`.
    public static var text: String { String(cString: rd_kafka_version_str()) }
}
