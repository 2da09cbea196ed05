import ArgumentParser
import Configuration

/// What is known of a setting without its type: everything that help, messages, `pioneer config` and the reference say.
struct SettingDeclaration: Sendable {
    /// Its key in the file, and its name everywhere: `commit_interval`, `agent.every`.
    var name: String
    /// `--commit-interval`
    var flag: String
    /// What stands for the value in help texts.
    var valueName: String
    /// The default as it would be written; nil where there is none, and then `otherwise` says what holds.
    var standard: String?
    var otherwise: String
    /// Completes "Allowed: ".
    var allowed: String
    var help: String
    /// The commands that use it.
    var commands: [String]
    var isSecret: Bool
    /// Whether a text is a value of it.
    var accepts: @Sendable (String) -> Bool

    /// `PIONEER_COMMIT_INTERVAL`: as swift-configuration makes it of the key.
    var variable: String { Self.variablePrefix + name.uppercased().replacing(".", with: "_") }
    static let variablePrefix = "PIONEER_"

    var key: ConfigKey { ConfigKey(name.split(separator: ".").map(String.init)) }
    var absoluteKey: AbsoluteConfigKey { AbsoluteConfigKey(name.split(separator: ".").map(String.init)) }

    /// What holds when nobody says anything.
    var whenAbsent: String { standard ?? otherwise }

    var whenAbsentSentence: String { standard.map { "The default: \($0)." } ?? "Without it: \(otherwise)." }

    var argumentHelp: ArgumentHelp { ArgumentHelp("\(help) (default: \(whenAbsent))", valueName: valueName) }
}

/// A setting that flags, variables and the file may give, declared once, in `Settings`.
struct Setting<Value: Sendable>: Sendable {
    let declaration: SettingDeclaration
    let read: @Sendable (String) -> Value?

    /// - Parameters:
    ///   - standard: the default, as a user would write it.
    ///   - otherwise: what holds without a default, in a few words.
    init(
        _ name: String, flag: String, valueName: String, standard: String? = nil, otherwise: String = "", form: ValueForm<Value>,
        help: String, commands: [String], isSecret: Bool = false
    ) {
        read = form.read
        declaration = SettingDeclaration(
            name: name, flag: flag, valueName: valueName, standard: standard, otherwise: otherwise, allowed: form.allowed, help: help,
            commands: commands, isSecret: isSecret, accepts: { form.read($0) != nil })
    }

    var argumentHelp: ArgumentHelp { declaration.argumentHelp }
}
