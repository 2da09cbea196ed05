public import Base
import CRdKafka

/// A plain loop over librdkafka that reads a topic from its beginning and does nothing with the records: the reference that
/// the engine's rate is compared with. Committed records only, as the engine reads them.
public enum RawConsume {
    public struct Result: Sendable {
        public var records = 0
        public var bytes = 0
        /// From the first record to the last.
        public var seconds = 0.0
        public var recordsPerSecond: Double { seconds > 0 ? Double(records) / seconds : 0 }
    }

    private static let batchMax = 4_096
    private static let waitMilliseconds: Int32 = 100
    /// What librdkafka takes unless told otherwise.
    private static let queueBytes = 64 << 20

    /// - Parameter partitions: how many the topic has.
    /// - Throws: `kafka.…` when the topic cannot be read; `CancellationError`.
    public static func run(_ properties: KafkaProperties, topic: TopicName, partitions: Int) throws -> Result {
        let handle = try KafkaHandle(
            .consumer, name: "reference", properties, own: KafkaReader.properties(aheadBytes: queueBytes))
        let all = (0..<partitions).map { TopicPartition(topic, PartitionNumber($0)) }
        let list = PartitionList(Dictionary(uniqueKeysWithValues: all.map { ($0, Offset.zero) }))
        try list.with { try handle.check(rd_kafka_assign(handle.pointer, $0), "topic '\(topic)' cannot be read") }
        guard let queue = rd_kafka_queue_get_consumer(handle.pointer) else { preconditionFailure("a consumer has a queue") }
        defer {
            rd_kafka_queue_destroy(queue)
            handle.close()
        }
        let messages = UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>.allocate(capacity: batchMax)
        defer { messages.deallocate() }
        var result = Result(), ended = 0
        var watch: Stopwatch?
        var failure: rd_kafka_resp_err_t?
        while ended < partitions {
            try Task.checkCancellation()
            let count = rd_kafka_consume_batch_queue(queue, waitMilliseconds, messages, batchMax)
            if count > 0, watch == nil { watch = Stopwatch() }
            for index in 0..<max(0, count) {
                guard let message = messages[index] else { continue }
                defer { rd_kafka_message_destroy(message) }
                switch message.pointee.err {
                case RD_KAFKA_RESP_ERR_NO_ERROR:
                    result.records += 1
                    result.bytes += message.pointee.len
                case RD_KAFKA_RESP_ERR__PARTITION_EOF: ended += 1
                // All messages go back before the client may end.
                case let code: failure = code
                }
            }
            if let failure { throw handle.error(failure, "topic '\(topic)' cannot be read") }
        }
        result.seconds = watch?.elapsedSeconds ?? 0
        return result
    }
}
