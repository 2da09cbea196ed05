public import Base
public import Stores

extension ErrorCode {
    public static let kafkaSequence = ErrorCode("kafka.sequence")
}

extension KafkaLog {
    public func append(_ request: AppendRequest) throws -> AppendOutcome {
        for (partition, _) in request.records { try checkExists(TopicPartition(request.topic, partition)) }
        try checkExists(TopicPartition(request.topic, PartitionNumber(0)))
        if let producer = request.producer, producer.sequence < 0 {
            throw EngineError(
                .kafkaSequence, .user, "producer '\(producer.id)' sends the sequence number \(producer.sequence)",
                remedy: "On Kafka they are kept as offsets: begin at 0 or later.")
        }
        if request.producer == nil, request.records.allSatisfy({ $0.buffer.isEmpty }) { return .appended([:]) }
        let admin = admin
        let outcome = try shards.append(request) { (producer, topic) throws(EngineError) in
            try admin.committedOffset(of: AppendProducer.group(of: producer), TopicPartition(topic, PartitionNumber(0)))
        }
        appends.note()
        return outcome
    }

    /// Kept as the committed offset of the producer's own consumer group, and as long as the brokers keep offsets of groups
    /// without members (`offsets.retention.minutes`, a week by itself).
    public func lastSequence(of producer: String, topic: TopicName) throws -> Int64? {
        let first = TopicPartition(topic, PartitionNumber(0))
        try checkExists(first)
        return try admin.committedOffset(of: AppendProducer.group(of: producer), first)
    }
}
