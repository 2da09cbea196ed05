import Base
import Telemetry

struct KafkaAwaited: InternalEvent {
    static let name = "kafka_awaited"
    static let level = EventLevel.warning
    var servers: String
    var error: EngineError
    var retryIn: TimeSpan
    var message: String { "Kafka cannot be used yet; tried again in \(retryIn), until it can or Ctrl-C." }
    var fields: [EventField] {
        [EventField("servers", servers), EventField("code", error.code.text), EventField("error", error.message)]
    }
}

struct KafkaConnected: InternalEvent {
    static let name = "kafka_connected"
    static let level = EventLevel.info
    var servers: String
    var cluster: String
    var instance: String
    var message: String { "The log is Kafka's; engines that run the same topologies share the work." }
    var fields: [EventField] {
        [EventField("servers", servers), EventField("cluster", cluster), EventField("instance", instance)]
    }
}
