import Agents
import ArgumentParser
import Base
import Fleet
import Telemetry

/// `pioneer fleet`
struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Make a fleet of machines: past load, and then live.",
        usage: "pioneer fleet [<options>]",
        discussion: """
            Machines of three providers with names, teams, regions, prices, and six metrics each, whose load looks like \
            that of real ones. First come the machines and their prices, then the history as fast as it goes, and then what \
            the machines do now, until Ctrl-C. The same seed makes the same fleet, and the same events at the same times.

            An interrupted fleet goes on where it stopped when it is given the same options and --start; nothing is \
            appended twice. The engine has to run topologies/fleet.yaml.

            EXAMPLES
              pioneer fleet
              pioneer fleet --machines 10000 --history 7d --no-live
              pioneer fleet --start 2026-01-05T00:00:00Z --until 2026-01-12T00:00:00Z
              pioneer fleet --history 1d --every 1m --speed 600
              pioneer fleet --machines 50 --shapes idle,office --output metrics.jsonl
              pioneer fleet --only machines --output -
              pioneer fleet --statistics --compare machines.csv.gz

            EXIT STATUS
              0   the history is in; or stopped by Ctrl-C while live
              2   refused: an option, or a topic that no topology reads
              3   the engine is not reachable, or the file cannot be written
            """)

    @Option(help: ArgumentHelp("How many machines.", valueName: "n"))
    var machines = 200

    @Option(help: ArgumentHelp("What the fleet is made from.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Shapes of load, by commas: \(LoadShape.allCases.map(\.rawValue).joined(separator: ", ")). Default: all.",
            valueName: "list"),
        transform: LoadShape.list)
    var shapes = LoadShape.allCases

    @Option(help: ArgumentHelp("How far back the history begins.", valueName: "span"))
    var history = TimeSpan.days(28)

    @Option(help: ArgumentHelp("When the history begins, instead of --history.", valueName: "time"), transform: EventTime.parsed)
    var start: EventTime?

    @Option(
        help: ArgumentHelp("When the history ends, instead of now; then nothing is live.", valueName: "time"), transform: EventTime.parsed)
    var until: EventTime?

    @Option(help: ArgumentHelp("Between two samples of a machine in the history.", valueName: "span"))
    var every = TimeSpan.minutes(5)

    @Option(help: ArgumentHelp("Between two live samples of a machine.", valueName: "span"))
    var liveEvery = TimeSpan.seconds(10)

    @Option(help: ArgumentHelp("Play the history so many times as fast as it was. Default: as fast as it goes.", valueName: "factor"))
    var speed: Double?

    @Flag(name: .customLong("no-live"), help: "End when the history is in.")
    var endsWithHistory = false

    @Option(help: ArgumentHelp("Only these events: \(FleetEvents.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "events"))
    var only: FleetEvents?

    @Option(help: ArgumentHelp("Write the history as JSON lines, '-' for standard output, instead of appending it.", valueName: "file"))
    var output: String?

    @Flag(help: "Print level, spread and autocorrelation of the fleet's load.")
    var statistics = false

    @Option(help: ArgumentHelp("With --statistics: also of a CSV table of percentages, gzip or not.", valueName: "file"))
    var compare: [String] = []

    @Option(help: ArgumentHelp("The topic of the measurements.", valueName: "topic"))
    var topic = "cloud.metrics"

    @Option(help: ArgumentHelp("The topic of the machines.", valueName: "topic"))
    var machineTopic = "cloud.machines"

    @Option(help: ArgumentHelp("The topic of the prices.", valueName: "topic"))
    var priceTopic = "cloud.prices"

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        guard (1...Fleet.machinesMax).contains(machines) else {
            throw ValidationError("'--machines \(machines)' is no size of a fleet\nIt takes 1 to \(Figures.count(Fleet.machinesMax)).")
        }
        for (name, span) in [("--every", every), ("--live-every", liveEvery)]
        where span < .seconds(1) || span > .days(1) || span.microseconds % 1_000_000 != 0 {
            throw ValidationError("'\(name) \(span)' is no step\nIt takes whole seconds from 1s to 1d.")
        }
        guard history >= .zero, history <= .days(FleetPlan.historyDaysMax) else {
            throw ValidationError("'--history \(history)' is too long\nIt takes up to \(FleetPlan.historyDaysMax)d.")
        }
        if let start, let until, until <= start {
            throw ValidationError("'--until \(until)' is not after '--start \(start)'\nGive a later end, or an earlier start.")
        }
        if let speed, !(speed > 0 && speed.isFinite) {
            throw ValidationError("'--speed \(speed)' is no speed\nIt takes a factor above 0, such as 60.")
        }
        if !compare.isEmpty, !statistics { throw ValidationError("--compare is given without --statistics\nAdd --statistics.") }
    }

    func run() async throws {
        let plan = try FleetPlan(self, now: SystemClock().now())
        if statistics { return try FleetReport(plan).print(comparing: compare) }
        if let output { return try FleetFile(path: output).write(plan, only ?? .metrics) }
        try await append(plan)
    }

    private func append(_ plan: FleetPlan) async throws {
        let names = try (TopicName.checked(topic), TopicName.checked(machineTopic), TopicName.checked(priceTopic))
        let address = try await engine.locate()
        let client = EngineClient(address)
        _ = try await client.value(RequestPath(["health"]))
        Telemetry.start(level: .warning, format: .text, clock: SystemClock())
        let topics = FleetTopics(metrics: names.0, machines: names.1, prices: names.2)
        try await topics.check(wanted: only, client)
        let sender = try FleetSender(address.url)
        let state = FleetState()
        let isLive = until == nil && !endsWithHistory
        let run = FleetRun(plan: plan, topics: topics, only: only, sender: sender, state: state, isLive: isLive)
        do {
            try await untilStopSignal {
                try await run.run()
                state.finish()
            }
        } catch {
            state.line.clear()
            throw error
        }
        state.line.clear()
        guard !state.isFinished else { return }
        StandardStreams.complain("Stopped. It goes on where it stopped with:\n    " + (try command(plan)))
    }

    /// The same call, with what depended on the present written out.
    private func command(_ plan: FleetPlan) throws -> String {
        let initial = try FleetCommand.parse([])
        var words = ["pioneer fleet", "--start \(plan.start)"]
        func add(_ name: String, _ value: String, unless isDefault: Bool) { if !isDefault { words.append("\(name) \(value)") } }
        add("--machines", "\(machines)", unless: machines == initial.machines)
        add("--seed", "\(seed)", unless: seed == initial.seed)
        add("--shapes", shapes.map(\.rawValue).joined(separator: ","), unless: shapes == initial.shapes)
        add("--every", "\(every)", unless: every == initial.every)
        add("--live-every", "\(liveEvery)", unless: liveEvery == initial.liveEvery)
        add("--until", until.map { "\($0)" } ?? "", unless: until == nil)
        add("--speed", speed.map { "\($0)" } ?? "", unless: speed == nil)
        add("--only", only?.rawValue ?? "", unless: only == nil)
        add("--topic", topic, unless: topic == initial.topic)
        add("--machine-topic", machineTopic, unless: machineTopic == initial.machineTopic)
        add("--price-topic", priceTopic, unless: priceTopic == initial.priceTopic)
        add("--data", engine.directory.data ?? "", unless: engine.directory.data == nil)
        add("--config", engine.file.path ?? "", unless: engine.file.path == nil)
        add("--to", engine.to ?? "", unless: engine.to == nil)
        if endsWithHistory { words.append("--no-live") }
        return words.joined(separator: " ")
    }
}

/// The kinds of events a fleet has.
enum FleetEvents: String, CaseIterable, ExpressibleByArgument {
    case metrics, machines, prices
}

extension LoadShape {
    /// Throws with the shapes there are.
    @Sendable
    static func list(_ argument: String) throws -> [LoadShape] {
        let all = LoadShape.allCases.map(\.rawValue)
        let names = argument.split(separator: ",").map(String.init)
        guard !names.isEmpty else { throw ValidationError("it names no shape of load\nThere are \(all.joined(separator: ", ")).") }
        return try names.map { name in
            if let shape = LoadShape(rawValue: name) { return shape }
            let nearest = nearestName(to: name, among: all).map { " Did you mean '\($0)'?" } ?? ""
            throw ValidationError("'\(name)' is no shape of load\nThere are \(all.joined(separator: ", ")).\(nearest)")
        }
    }
}

extension EventTime {
    /// Throws with the form that is allowed.
    @Sendable
    static func parsed(_ argument: String) throws -> EventTime {
        guard let time = EventTime(argument) else { throw ValidationError("'\(argument)' is no time\nIt takes an \(allowedForm).") }
        return time
    }
}
