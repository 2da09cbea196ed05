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

    @Option(help: ArgumentHelp("From sample to sample.", valueName: "span"))
    var every: TimeSpan = .seconds(10)

    @Option(
        help: ArgumentHelp("A folder for what the engine does not have yet. Default: agent-spool in the data directory.", valueName: "dir"))
    var spool: String?

    @Option(help: ArgumentHelp("This machine's name in 'resource_id'. Default: its host name.", valueName: "name"))
    var resourceId: String?

    @Option(help: ArgumentHelp("How many of the busiest processes to report; 0: none.", valueName: "n"))
    var processes = 5

    @Option(help: ArgumentHelp("The topic, of the schema resource-metric.", valueName: "topic"))
    var topic = "cloud.metrics"

    @Flag(help: "Also say what is usually passed over in silence.")
    var verbose = false

    func validate() throws {
        guard (0...1_000).contains(processes) else { throw ValidationError("--processes takes 0 to 1000.") }
    }

    func run() async throws {
        let address = try engine.locate()
        let folder = spool ?? DataDirectoryPath.chosen(option: engine.data) + "/agent-spool"
        var configuration = HostAgent.Configuration(engine: address.url, topic: try TopicName.checked(topic), spoolFolder: folder)
        configuration.host = resourceId
        configuration.interval = every
        configuration.busiestProcesses = processes
        let clock = SystemClock()
        Telemetry.start(level: verbose ? .debug : .info, format: .suitingStandardError, clock: clock)
        let random = SeededRandom(seed: Stopwatch.nanoseconds() ^ UInt64(bitPattern: clock.now().microseconds))
        let agent = HostAgent(configuration, clock: clock, random: random)
        try await untilStopSignal { try await agent.run() }
    }
}
