import ArgumentParser
import Base
import Columns

/// `pioneer config`
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show all settings: what each is, where that comes from, and what it means.",
        usage: "pioneer config [<setting> ...] [<options>]",
        discussion: """
            A setting comes from a flag, else from a variable of the environment, else from the file, else it has its \
            default. The file is the one that --config names, else \(SettingsFile.variable), else \(SettingsFile.pathDefault) \
            if there is one. A key or variable that is no setting, or a value that cannot be, is an error, with its line.

            Give the flags that another command is to have, and see what becomes of them.

            EXAMPLES
              pioneer config
              pioneer config listen agent.every
              pioneer config --config deploy/pioneer.yaml --listen 8080
              PIONEER_WORKERS=2 pioneer config --json | jq '.settings[].value'
              pioneer config --example > settings.yaml

            EXIT STATUS
              0   every setting can be used
              2   something is unknown, or cannot be; each is said
            """)

    @Argument(help: ArgumentHelp("Settings to show; all unless given.", valueName: "setting"))
    var names: [String] = []

    @Flag(help: "Print an example of the file, with every setting at its default.")
    var example = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var options: EngineOptions
    @OptionGroup var schemas: SchemasOption
    @OptionGroup var engine: EngineSettingOptions
    @OptionGroup var agent: AgentSettingOptions

    func run() async throws {
        if example {
            StandardStreams.print(lines: SettingsReference.exampleFile)
            return
        }
        let all = Settings.all.map(\.name)
        for name in names where !all.contains(name) {
            throw EngineError(
                .configUnknown, .user, "there is no setting '\(name)'",
                remedy: (nearestName(to: name, among: all).map { "Did you mean '\($0)'? " } ?? "") + "'pioneer config' shows all.")
        }
        var given = options.given
        given.add(Settings.schemas, schemas.schemas)
        engine.add(to: &given)
        agent.add(to: &given)
        let report = SettingsReport(try await .resolve(given), names: names)
        StandardStreams.print(lines: json ? [report.json.description] : report.lines(.standardOutput))
    }
}
