public import Base

extension ErrorCode {
    /// A topic of the engine's own takes smaller messages than the engine may send.
    public static let kafkaTopicSize = ErrorCode("kafka.topic_size")
}

// Which records are too large is decided by the size that our producers send (`recordBytesMax`), before anything is sent. So
// topics that an epoch cannot do without have to take as much: that is seen to when the engine starts, and not by the first
// large record.

extension KafkaLog {
    static let messageBytesProperty = "message.max.bytes"
    /// What librdkafka sends at most unless it is told otherwise; brokers take a little more unless they are.
    static let messageBytesStandard = 1_000_000
    private static let topicSetting = "max.message.bytes"

    /// Bytes of the largest batch of records that a producer sends.
    static func messageBytesMax(_ properties: KafkaProperties) -> Int {
        properties.value(of: messageBytesProperty).flatMap { Int($0) } ?? messageBytesStandard
    }

    /// The setting that a new topic needs to take what is sent; none where the brokers' own will do.
    func sizeConfiguration(_ topic: TopicName) -> [(name: String, value: String)] {
        let sent = Self.messageBytesMax(properties)
        return topic.isInternal && sent > Self.messageBytesStandard ? [(Self.topicSetting, "\(sent)")] : []
    }

    /// Throws `kafka.topic_size` for a topic of the engine's own that takes less than is sent. A broker that does not tell is
    /// believed to take it.
    func checkMessageSize(_ topic: TopicName) throws(EngineError) {
        guard topic.isInternal, let setting = try admin.configurations(of: [topic])[topic]?[Self.topicSetting],
            let taken = Int(setting.value)
        else { return }
        let sent = Self.messageBytesMax(properties)
        guard taken < sent else { return }
        throw EngineError(
            .kafkaTopicSize, .user, "topic '\(topic)' takes messages of at most \(taken) bytes, and the engine sends up to \(sent)",
            remedy: "Let the topic take them: kafka-configs --alter --entity-type topics --entity-name \(topic) --add-config "
                + "\(Self.topicSetting)=\(sent); or set '\(Self.messageBytesProperty): \(taken)' under 'kafka:' in the file of settings.")
    }
}
