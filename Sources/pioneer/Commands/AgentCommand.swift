import Agents
import ArgumentParser
import Base
import Telemetry

/// `pioneer agent …`
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Collect events and append them to an engine.",
        discussion: """
            EXAMPLES
              pioneer agent host --every 2s
              pioneer help agent host
            """,
        subcommands: [HostCommand.self])
}

/// `pioneer agent host`
struct HostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host",
        abstract: "Collect this machine's CPU, memory, disk, network and process figures.",
        usage: "pioneer agent host [<options>]",
        discussion: """
            Measurements go to a spool on disk first and from there to the engine, each exactly once. While the engine is \
            away they wait in the spool. SIGINT and SIGTERM end the agent; the next start goes on with what is left.

            EXAMPLES
              pioneer agent host --to http://engine:8000 --spool /var/lib/agent
              pioneer agent host --every 1m --processes 0 --resource-id i-0abc

            EXIT STATUS
              0   stopped by a signal
              2   a wrong option, or the spool is in use
              3   the spool's disk failed
            """)

    @OptionGroup var engine: EngineOptions

    @OptionGroup var agent: AgentSettingOptions

    @Flag(help: "Also say what is usually passed over in silence.")
    var verbose = false

    func run() async throws {
        var given = engine.given
        agent.add(to: &given)
        let settings = try await ResolvedSettings.resolve(given)
        let address = try EngineAddress(located: settings)
        var configuration = HostAgent.Configuration(
            engine: address.url, topic: try TopicName.checked(settings[Settings.agentTopic]),
            spoolFolder: settings.value(Settings.agentSpool) ?? settings[Settings.dataDir] + "/agent-spool")
        configuration.host = settings.value(Settings.agentResourceID)
        configuration.interval = settings[Settings.agentEvery]
        configuration.busiestProcesses = settings[Settings.agentProcesses]
        let clock = SystemClock()
        Telemetry.start(level: verbose ? .debug : .info, format: .suitingStandardError, clock: clock)
        let random = SeededRandom(seed: Stopwatch.nanoseconds() ^ UInt64(bitPattern: clock.now().microseconds))
        let agent = HostAgent(configuration, clock: clock, random: random)
        try await untilStopSignal { try await agent.run() }
    }
}
