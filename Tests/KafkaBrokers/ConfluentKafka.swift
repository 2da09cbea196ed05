import Foundation

/// confluent-kafka for Python, a client that is not ours, with a librdkafka of its own: `PIONEER_TEST_KAFKA_PYTHON`, or the
/// Python that the broker of the tests came with.
public enum ConfluentKafka {
    public static let skipped = "no confluent-kafka here: install it for Python, and name that with PIONEER_TEST_KAFKA_PYTHON"

    public static let python: String? = Brokers.program("PIONEER_TEST_KAFKA_PYTHON", ".build/tools/kafka/bin/python").flatMap { python in
        (try? ForeignProcess.output(of: python, ["-c", "import confluent_kafka"], input: "")).map { _ in python }
    }

    private static func run(_ script: String, _ arguments: [String], input: String = "") throws -> String {
        try ForeignProcess.output(of: python ?? "", ["-c", script] + arguments, input: input)
    }

    /// Writes `key|value` lines to the partitions of their keys, as Java clients compute them; each once.
    public static func produce(_ lines: [String], to topic: String, at address: String) throws {
        _ = try run(producing, [address, topic], input: lines.joined(separator: "\n") + "\n")
    }

    /// A topic's committed values, by partition and offset.
    /// - Parameter committed: false reads what is open or aborted too.
    public static func values(_ topic: String, committed: Bool = true, at address: String) throws -> [String] {
        try run(consuming, [address, topic, committed ? "read_committed" : "read_uncommitted"]).split(separator: "\n").map(String.init)
    }

    private static let producing = """
        import sys
        from confluent_kafka import Producer
        address, topic = sys.argv[1:]
        failures = []
        producer = Producer({"bootstrap.servers": address, "partitioner": "murmur2_random", "enable.idempotence": True})
        for line in sys.stdin:
            key, value = line.rstrip("\\n").split("|", 1)
            producer.produce(topic, value, key, on_delivery=lambda error, _: error and failures.append(error))
        left = producer.flush(30)
        sys.exit(str(failures[:3] or left) if failures or left else 0)
        """

    private static let consuming = """
        import sys
        from confluent_kafka import Consumer, KafkaError, TopicPartition, OFFSET_BEGINNING
        address, topic, isolation = sys.argv[1:]
        consumer = Consumer({"bootstrap.servers": address, "group.id": "foreign", "isolation.level": isolation,
                             "enable.auto.commit": False, "enable.partition.eof": True})
        partitions = list(consumer.list_topics(topic, 30).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        found, ended = [], set()
        while len(ended) < len(partitions):
            message = consumer.poll(30)
            if message is None: sys.exit("the end was not reached")
            if not message.error(): found.append((message.partition(), message.offset(), message.value()))
            elif message.error().code() == KafkaError._PARTITION_EOF: ended.add(message.partition())
            else: sys.exit(str(message.error()))
        for _, _, value in sorted(found): print(value.decode())
        """
}
