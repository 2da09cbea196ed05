import Base
import Configuration
import Foundation
import Synchronization

/// Several things that are wrong at once, each with its remedy.
struct EngineErrors: Error {
    var errors: [EngineError]
}

/// What was given on the command line: flags by the setting's name, and the file.
struct GivenSettings: Sendable {
    var file: String?
    private(set) var flags: [String: String] = [:]

    mutating func add<Value>(_ setting: Setting<Value>, _ text: String?) { add(named: setting.declaration.name, text) }

    mutating func add(named name: String, _ text: String?) { flags[name] = text }
}

/// The value of every setting, and where it comes from.
///
/// 1. Unknown variables and unknown keys of the file are errors.
/// 2. Flags, variables, the file and the defaults are providers of swift-configuration, in this order; the first that has
///    a value wins. Every value is read as text, so that a setting's own form decides about it wherever it comes from.
/// 3. Values are held against the forms. All errors are thrown together.
struct ResolvedSettings: Sendable {
    enum Origin: Equatable, Sendable {
        case flag(String), variable(String), file(SourceLocation), standard

        /// As messages and `pioneer config` name it.
        var description: String {
            switch self {
            case .flag(let name), .variable(let name): name
            case .file(let place): "\(place.file):\(place.line)"
            case .standard: "default"
            }
        }

        /// Smaller wins.
        var rank: Int {
            switch self {
            case .flag: 0
            case .variable: 1
            case .file: 2
            case .standard: 3
            }
        }
    }

    struct Entry: Sendable {
        var declaration: SettingDeclaration
        /// Nil: nobody gave one, and there is no default.
        var text: String?
        var origin: Origin
        var isSecret: Bool
    }

    let file: SettingsFile?
    /// In the order of `Settings.all`.
    let entries: [Entry]
    /// Variables PIONEER_… that only tests read.
    let passedOver: [String]

    /// Throws `EngineErrors` with `config.unknown_setting`, `config.bad_value` and `config.file`.
    static func resolve(
        _ given: GivenSettings, environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> ResolvedSettings {
        var faults = SettingVariables.unknown(in: environment)
        do {
            let file = try SettingsFile.load(flag: given.file, environment: environment, faults: &faults)
            let entries = entries(given, SettingVariables.ours(in: environment), file)
            faults += entries.compactMap(Self.fault)
            guard faults.isEmpty else { throw EngineErrors(errors: faults) }
            let passedOver = SettingVariables.ours(in: environment).keys.filter(SettingVariables.isForTests).sorted()
            return ResolvedSettings(file: file, entries: entries, passedOver: passedOver)
        } catch let error as EngineError {
            throw EngineErrors(errors: faults + [error])
        }
    }

    /// Nil where nobody gave one and there is no default.
    func value<Value>(_ setting: Setting<Value>) -> Value? { entry(setting).text.flatMap(setting.read) }

    /// - Precondition: the setting has a default.
    subscript<Value>(_ setting: Setting<Value>) -> Value {
        guard let value = value(setting) else { preconditionFailure("the setting '\(setting.declaration.name)' has no default") }
        return value
    }

    func origin<Value>(_ setting: Setting<Value>) -> Origin { entry(setting).origin }

    private func entry<Value>(_ setting: Setting<Value>) -> Entry {
        guard let entry = entries.first(where: { $0.declaration.name == setting.declaration.name }) else {
            preconditionFailure("the setting '\(setting.declaration.name)' is not listed in Settings.all")
        }
        return entry
    }

    private static func entries(
        _ given: GivenSettings, _ variables: [String: String], _ file: SettingsFile?
    ) -> [Entry] {
        let origins = OriginReporter()
        let reader = ConfigReader(providers: providers(given, variables, file), accessReporter: origins)
        return Settings.all.map { setting in
            let text = reader.string(forKey: setting.key, isSecret: setting.isSecret)
            let (provider, isSecret) = origins.last
            let origin: Origin =
                switch provider {
                case 0: .flag(setting.flag)
                case 1: .variable(setting.variable)
                case 2: file?.values[setting.name].map { .file($0.place) } ?? .standard
                default: .standard
                }
            return Entry(declaration: setting, text: text, origin: origin, isSecret: isSecret || setting.isSecret)
        }
    }

    /// Highest first: flags, variables, the file, the defaults.
    private static func providers(
        _ given: GivenSettings, _ variables: [String: String], _ file: SettingsFile?
    ) -> [any ConfigProvider] {
        func memory(_ name: String, _ text: (SettingDeclaration) -> String?) -> InMemoryProvider {
            InMemoryProvider(
                name: name,
                values: Dictionary(
                    uniqueKeysWithValues: Settings.all.compactMap { setting in
                        text(setting).map { (setting.absoluteKey, ConfigValue(.string($0), isSecret: setting.isSecret)) }
                    }))
        }
        let secrets = Set(Settings.all.filter(\.isSecret).map(\.variable))
        let environment = EnvironmentVariablesProvider(environmentVariables: variables, secretsSpecifier: .specific(secrets))
        return [
            memory("flags") { given.flags[$0.name] }, environment.prefixKeys(with: "pioneer"),
            memory("file") { file?.values[$0.name]?.text }, memory("defaults", \.standard),
        ]
    }

    private static func fault(_ entry: Entry) -> EngineError? {
        guard let text = entry.text, !entry.declaration.accepts(text) else { return nil }
        let setting = entry.declaration
        let shown = entry.isSecret ? "what it is" : "'\(text)'"
        let what =
            switch entry.origin {
            case .file(let place): "\(place): '\(setting.name)' cannot be \(shown)"
            default: "\(entry.origin.description) cannot be \(shown)"
            }
        return EngineError(
            .configBadValue, .user, what, remedy: "Allowed: \(setting.allowed). \(setting.whenAbsentSentence)")
    }
}

/// Notes which provider answered the last question.
private final class OriginReporter: AccessReporter {
    private let state = Mutex<(provider: Int, isSecret: Bool)>((3, false))

    var last: (provider: Int, isSecret: Bool) { state.withLock { $0 } }

    func report(_ event: AccessEvent) {
        let answered = event.providerResults.firstIndex { (try? $0.result.get())?.value != nil }
        let isSecret = (try? event.result.get())?.isSecret ?? false
        state.withLock { $0 = (answered ?? 3, isSecret) }
    }
}
