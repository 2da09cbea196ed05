import Base
import Foundation
import KafkaLog

/// What the settings say about Kafka.
struct KafkaSettings {
    enum Membership: String, CaseIterable, Sendable {
        case `static`, dynamic
    }

    var properties: KafkaProperties
    /// Nil: the brokers' default.
    var replication: Int?
    var sessionTimeout: TimeSpan
    var membership: Membership
    var isStandby: Bool

    /// Nil: the engine has its own log. Throws `config.bad_value` and `kafka.property`.
    init?(_ settings: ResolvedSettings, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        guard let servers = settings.value(Settings.kafka) else {
            guard let file = settings.file, let (name, property) = file.kafkaProperties.min(by: { $0.key < $1.key }) else { return nil }
            throw EngineError(
                .configBadValue, .user, "\(property.place): 'kafka: \(name)' is set, but no brokers are",
                remedy: "Add '\(KafkaProperty.servers): HOST:PORT' under 'kafka:' in '\(file.path)', or give --kafka HOST:PORT.")
        }
        var values: [String: KafkaProperties.Value] = [:]
        for (name, property) in settings.file?.kafkaProperties ?? [:] {
            values[name] = try property.value(name: name, environment: environment)
        }
        // A flag or a variable goes before the file.
        values[KafkaProperty.servers] = KafkaProperties.Value(servers)
        properties = try KafkaProperties(values)
        replication = settings.value(Settings.kafkaReplication)
        sessionTimeout = settings[Settings.sessionTimeout]
        membership = settings[Settings.membership]
        isStandby = settings[Settings.standby]
    }
}
