public import Base
import CRdKafka

/// The properties of librdkafka that a user sets: `bootstrap.servers`, and any other except those the engine decides itself.
///
/// Names and values are checked by librdkafka when the value is made. A secret is handed to librdkafka and nowhere else:
/// neither `description` nor an error shows it.
public struct KafkaProperties: Sendable, CustomStringConvertible {
    /// A property's value, resolved from wherever it was kept.
    public struct Value: Sendable, CustomStringConvertible {
        let text: String
        public let isSecret: Bool

        public init(_ text: String, isSecret: Bool = false) {
            self.text = text
            self.isSecret = isSecret
        }

        public var description: String { isSecret ? "***" : text }
    }

    /// By name, in the order of names.
    private let entries: [(name: String, value: Value)]

    /// - Throws: `kafka.property` when there is no `bootstrap.servers`, when a property is the engine's to set, and in
    ///   librdkafka's words when it knows no such property or takes no such value.
    public init(_ values: [String: Value]) throws(EngineError) {
        entries = values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        guard let servers = values["bootstrap.servers"]?.text, !servers.isEmpty else {
            throw Self.error("'bootstrap.servers' is not set", "Name one or more brokers as HOST:PORT, separated by commas.")
        }
        for (name, _) in entries {
            if let owner = Self.owned[name] {
                throw Self.error("the property '\(name)' cannot be set", "\(owner) Take it out of the settings.")
            }
        }
        rd_kafka_conf_destroy(try configuration([]))
    }

    /// Properties that name nothing but the brokers: `HOST:PORT`, more of them separated by commas.
    public init(servers: String) throws(EngineError) { try self.init(["bootstrap.servers": Value(servers)]) }

    public var servers: String { entries.first { $0.name == "bootstrap.servers" }?.value.text ?? "" }

    public var description: String { entries.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }

    func value(of name: String) -> String? { entries.first { $0.name == name }?.value.text }

    /// What our producers compress with unless the user has chosen.
    var compression: [(name: String, value: String)] {
        let isChosen = ["compression.type", "compression.codec"].contains { value(of: $0) != nil }
        return isChosen ? [] : [("compression.type", "lz4")]
    }

    /// A configuration with these properties and the engine's own; the caller owns it.
    /// - Throws: `kafka.property`.
    func configuration(_ own: [(name: String, value: String)]) throws(EngineError) -> OpaquePointer {
        guard let configuration = rd_kafka_conf_new() else { preconditionFailure("librdkafka makes a configuration") }
        do throws(EngineError) {
            if value(of: "client.id") == nil { try Self.set("client.id", Value("pioneer"), in: configuration) }
            for (name, value) in entries { try Self.set(name, value, in: configuration) }
            for (name, value) in own { try Self.set(name, Value(value), in: configuration) }
        } catch {
            rd_kafka_conf_destroy(configuration)
            throw error
        }
        return configuration
    }

    private static func set(_ name: String, _ value: Value, in configuration: OpaquePointer) throws(EngineError) {
        let (result, said) = KafkaText.filled { text, size in rd_kafka_conf_set(configuration, name, value.text, text, size) }
        guard result != RD_KAFKA_CONF_OK else { return }
        // librdkafka quotes the value it does not take.
        let words = value.isSecret ? "the value of '\(name)' is not taken" : said
        throw error(
            result == RD_KAFKA_CONF_UNKNOWN ? "librdkafka \(KafkaVersion.text) knows no property '\(name)'" : words,
            "Names and values are those of librdkafka's CONFIGURATION.md.")
    }

    private static func error(_ message: String, _ remedy: String) -> EngineError {
        EngineError(.kafkaProperty, .user, message, remedy: remedy)
    }

    /// Who decides the properties that a user may not set.
    private static let owned: [String: String] = {
        let exactlyOnce = "Exactly-once processing depends on it."
        let reasons: [(String, [String])] = [
            (
                exactlyOnce,
                [
                    "enable.auto.commit", "auto.commit.enable", "auto.commit.interval.ms", "enable.auto.offset.store",
                    "isolation.level", "enable.idempotence", "enable.gapless.guarantee", "acks", "request.required.acks",
                    "enable.partition.eof", "auto.offset.reset", "transactional.id", "allow.auto.create.topics",
                    "delivery.report.only.error",
                ]
            ),
            ("It follows from the topology's name.", ["group.id", "group.protocol", "group.remote.assignor"]),
            ("The engine shares out the tasks by it.", ["partition.assignment.strategy"]),
            ("It is kept in the data directory.", ["group.instance.id"]),
            ("Records go to the partition of their key, as Java clients compute it.", ["partitioner"]),
            (
                "It follows from the memory that the engine may use.",
                [
                    "queued.min.messages", "queued.max.messages.kbytes", "queue.buffering.max.messages", "queue.buffering.max.kbytes",
                    "fetch.message.max.bytes", "max.partition.fetch.bytes", "message.copy.max.bytes",
                ]
            ),
            ("The end of a partition is told only after it.", ["fetch.wait.max.ms"]),
            ("The setting 'session_timeout' decides it.", ["session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms"]),
            ("It is the same as 'bootstrap.servers'.", ["metadata.broker.list"]),
        ]
        return Dictionary(uniqueKeysWithValues: reasons.flatMap { reason, names in names.map { ($0, reason) } })
    }()
}

/// Text that librdkafka writes into a buffer of the caller's.
enum KafkaText {
    private static let sizeMax = 512

    static func length(_ text: UnsafePointer<CChar>) -> Int {
        var length = 0
        while text[length] != 0 { length += 1 }
        return length
    }

    static func filled<R>(_ body: (UnsafeMutablePointer<CChar>, Int) -> R) -> (R, String) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: sizeMax) { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("a buffer of \(sizeMax) bytes has an address") }
            start.pointee = 0
            let result = body(start, sizeMax)
            return (result, String(cString: start))
        }
    }
}
