import Base
import TopologyFile

/// The file of settings: which one is taken, what it gives to each of them, and where.
///
/// swift-configuration's YAML provider knows neither lines nor which keys there are. So the file is read here, where every
/// key must be a setting's and its line is kept for messages; what it gives becomes a provider like the others.
struct SettingsFile: Sendable {
    static let pathDefault = "./pioneer.yaml"
    static let flag = "--config"
    static let variable = "PIONEER_CONFIG"

    /// How the file came to be taken.
    enum Choice: Equatable, Sendable {
        case flag, variable, found

        var description: String {
            switch self {
            case .flag: "by \(SettingsFile.flag)"
            case .variable: "by $\(SettingsFile.variable)"
            case .found: "because it is there"
            }
        }
    }

    let path: String
    let choice: Choice
    /// By the setting's name.
    let values: [String: Given]
    /// What stands under `kafka:`, by the property's name.
    let kafkaProperties: [String: KafkaProperty]

    struct Given: Sendable {
        var text: String
        /// Of the key.
        var place: SourceLocation
    }

    /// The flag's file, else the variable's, else `./pioneer.yaml` if there is one; nil: none. What is wrong in it is
    /// added to `faults`. Throws `config.file` where it cannot be read at all.
    static func load(flag: String?, environment: [String: String], faults: inout [EngineError]) throws -> SettingsFile? {
        let named = environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        let choice: Choice = flag != nil ? .flag : named != nil ? .variable : .found
        let path = flag ?? named ?? pathDefault
        if choice == .found, !FilePath.exists(path) { return nil }
        switch TextFile.read(path: path) {
        case .success(let text): return SettingsFile(path: path, choice: choice, text: text, environment: environment, faults: &faults)
        case .failure(let fault):
            let finding = fault.finding
            throw EngineError(
                .configFile, .user, "the file of settings, taken \(choice.description), cannot be used: \(finding.message)",
                remedy: "Name a YAML file with \(Self.flag) or \(Self.variable), or none. 'pioneer config --example' prints one.")
        }
    }

    /// - Parameter environment: where secrets may be kept.
    init(path: String, choice: Choice, text: String, environment: [String: String] = [:], faults: inout [EngineError]) {
        let (entries, findings) = YAMLEntries.read(text, file: path)
        for finding in findings {
            faults.append(EngineError(.configFile, .user, "\(finding.location): \(finding.message)", remedy: finding.remedy))
        }
        var values: [String: Given] = [:]
        var kafka: [String: KafkaProperty] = [:]
        for entry in entries {
            if entry.path[0] == Settings.kafka.declaration.name, entry.path.count > 1 {
                KafkaProperty.read(entry, into: &kafka, faults: &faults)
                continue
            }
            if let secret = SecretEntry(entry) {
                if let text = secret.text(environment: environment, faults: &faults) {
                    values[secret.setting] = Given(text: text, place: entry.location)
                }
                continue
            }
            let name = entry.path.joined(separator: ".")
            guard let setting = Settings.all.first(where: { $0.name == name }) else {
                faults.append(Self.unknown(name, entry))
                continue
            }
            switch entry.value {
            case .text(let text): values[name] = Given(text: text, place: entry.location)
            case .other(let kind):
                faults.append(
                    EngineError(
                        .configBadValue, .user, "\(entry.location): '\(name)' is \(kind)",
                        remedy: "Allowed: \(setting.allowed). \(setting.whenAbsentSentence)"))
            }
        }
        if let servers = kafka[KafkaProperty.servers], case .plain(let text) = servers.source {
            values[Settings.kafka.declaration.name] = Given(text: text, place: servers.place)
        }
        self.path = path
        self.choice = choice
        self.values = values
        kafkaProperties = kafka
    }

    private static func unknown(_ name: String, _ entry: YAMLEntry) -> EngineError {
        let names = Settings.all.map(\.name)
        // Where several keys lead to it, as in 'agent: {evry: 2s}', the whole is compared.
        let nearest = nearestName(to: name, among: names) ?? nearestName(to: name.replacing("-", with: "_"), among: names)
            ?? names.first { $0 == name.replacing("-", with: "_") }
            ?? Settings.all.first { $0.flag == "--" + name }?.name
        return EngineError(
            .configUnknown, .user, "\(entry.location): unknown setting '\(name)'",
            remedy: (nearest.map { "Did you mean '\($0)'? " } ?? "") + "'pioneer config' shows all settings.")
    }
}

extension ErrorCode {
    /// A key of the file, or a variable PIONEER_…, that is no setting.
    static let configUnknown = ErrorCode("config.unknown_setting")
    /// A value that the setting cannot have.
    static let configBadValue = ErrorCode("config.bad_value")
    /// The file of settings cannot be read.
    static let configFile = ErrorCode("config.file")
}
