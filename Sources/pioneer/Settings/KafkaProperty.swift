import Base
import KafkaLog
import TopologyFile

/// A property of librdkafka as the file of settings gives it: as it is, or where it is kept.
///
/// ```yaml
/// kafka:
///   bootstrap.servers: broker-1:9093,broker-2:9093
///   security.protocol: sasl_ssl
///   sasl.username: pioneer
///   sasl.password: { env: KAFKA_PASSWORD }
///   ssl.key.password: { file: /run/secrets/key-password }
/// ```
struct KafkaProperty: Equatable, Sendable {
    static let servers = "bootstrap.servers"

    var source: SecretSource
    /// Of the key.
    var place: SourceLocation

    /// Of names and parts of names: those whose values librdkafka's documentation calls secret.
    private static let secretParts = ["password", "secret", "key.pem", "sasl.oauthbearer.config", "jaas"]

    static func isSecret(_ name: String) -> Bool { secretParts.contains { name.contains($0) } }

    /// Takes an entry below `kafka:`; what is wrong with it is added to `faults`.
    static func read(_ entry: YAMLEntry, into properties: inout [String: KafkaProperty], faults: inout [EngineError]) {
        func fault(_ message: String) {
            faults.append(
                EngineError(
                    .configBadValue, .user, "\(entry.location): \(message)",
                    remedy: "Under 'kafka:' stand librdkafka's properties, as 'name: value', 'name: { env: VARIABLE }' or "
                        + "'name: { file: PATH }'."))
        }
        var path = entry.path.dropFirst()
        var make = SecretSource.plain
        switch path.last {
        case "env" where path.count > 1: make = SecretSource.variable
        case "file" where path.count > 1: make = SecretSource.file
        default: break
        }
        if make("") != .plain("") { path = path.dropLast() }
        let name = path.joined(separator: ".")
        guard case .text(let text) = entry.value else {
            if case .other(let kind) = entry.value { fault("'kafka: \(name)' is \(kind)") }
            return
        }
        let property = KafkaProperty(source: make(text), place: entry.location)
        if name == servers, property.source != .plain(text) { return fault("'\(servers)' is no secret, and stands in the file itself") }
        guard properties.updateValue(property, forKey: name) == nil else { return fault("'kafka: \(name)' is given twice") }
    }

    /// As `pioneer config` shows it: never a secret.
    func shown(name: String) -> String {
        switch source {
        case .plain(let text): Self.isSecret(name) ? SettingsReport.redacted : text
        case .variable(let variable): "$\(variable)"
        case .file(let path): "the text of \(path)"
        }
    }

    /// Throws `config.bad_value` where what it names is not there.
    func value(name: String, environment: [String: String]) throws -> KafkaProperties.Value {
        let text = try source.text(of: "kafka: \(name)", at: place, environment: environment)
        return KafkaProperties.Value(text, isSecret: source == .plain(text) ? Self.isSecret(name) : true)
    }
}
