import ArgumentParser
import Base
import Foundation
import Planner
import PostgresViews
import Runtime
import Stores

/// `pioneer bench FILE`
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a topology on this machine.",
        discussion: """
            Makes events for the topology's first source, the same ones each time, and measures in one run: a plain scan of \
            their bytes (the reference), decoding, all operators, and the whole engine with log, state, a commit every \
            second, retention and views.

            With --kafka the engine runs on those brokers, in a process of its own: how fast it catches up with a filled \
            topic beside a plain librdkafka loop, its memory, the time from an event to the committed row, and how long it \
            is away after a kill -9. Its topics must not be there yet, and stay afterwards.

            With --postgres it is the upserts of views that are measured, without a topology: 12 columns, half of the rows new, \
            into one table and into partitions, beside a plain COPY of the same rows. Its tables, in the schema \
            'pioneer_bench', go at the end.

            EXAMPLES
              pioneer bench topologies/usage.yaml
              pioneer bench topologies/usage.yaml --seconds 10 --warmup 5 --json
              pioneer bench topologies/usage.yaml --partitions 2 --workers 2
              pioneer bench topologies/usage.yaml --events metrics.jsonl
              pioneer bench deploy/bench.yaml --kafka localhost:9092 --count 8000000
              pioneer bench --postgres postgresql://localhost/pioneer --seconds 10
            """)

    @Argument(help: "The topology file; not with --postgres.")
    var file: String?
    @OptionGroup var topologies: TopologyOptions
    @Option(help: ArgumentHelp(
        "JSON lines to take instead of made events: again and again, in order, moved on in time.", valueName: "file"))
    var events: String?
    @Option(help: "Keys that events take turns with: machines, for the shipped topologies.")
    var keys = 10_000
    @Option(help: "Event time between two events of a key and text.")
    var every = TimeSpan.seconds(10)
    @Option(help: "Bytes of an event's JSON.")
    var bytes = 150
    @Option(help: "Seconds that the whole engine is measured for, after the warm-up.")
    var seconds = 30.0
    @Option(help: "Seconds of load before that, so that compaction and retention are at work.")
    var warmup = 60.0
    @Option(help: "Partitions of the topics.")
    var partitions = 1
    @Option(help: "Threads that run tasks.")
    var workers = 1
    @Option(help: "Bytes of the log kept per partition.")
    var retentionBytes = ByteCount(1 << 30)
    @Option(help: "Working directory; a temporary one, removed at the end, unless given.")
    var data: String?
    @Option(help: ArgumentHelp("Measure on Kafka; see above.", valueName: "host:port"))
    var kafka: String?
    @Option(help: ArgumentHelp("Measure upserts on PostgreSQL; see above.", valueName: "url"))
    var postgres: String?
    @Option(help: "With --kafka: events that the topic is filled with.")
    var count = 8_000_000
    @Option(help: "With --kafka: events a second of the steady load.")
    var rate = 50_000
    @Option(help: "With --kafka: memory that the engine may use, as in 'run'.")
    var memoryMax: String?
    @Option(help: ArgumentHelp("With --kafka: a control group that engines are put in.", valueName: "directory"))
    var cgroup: String?
    @Flag(help: "With --kafka: a second process stands by, and takes over.")
    var standby = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        for (name, value) in [
            ("--keys", keys), ("--bytes", bytes), ("--partitions", partitions), ("--workers", workers), ("--count", count),
            ("--rate", rate),
        ]
        where value < 1 {
            throw ValidationError("\(name) cannot be '\(value)'\nAllowed: 1 or more.")
        }
        guard (file == nil) == (postgres != nil) else {
            throw ValidationError(
                file == nil ? "there is no topology to measure\nName its file; --postgres alone takes none."
                    : "--postgres takes no topology\nLeave the file out.")
        }
        guard seconds > 0 else { throw ValidationError("--seconds cannot be '\(seconds)'\nAllowed: more than 0.") }
        guard warmup >= 0 else { throw ValidationError("--warmup cannot be '\(warmup)'\nAllowed: 0 or more.") }
    }

    /// Ctrl-C ends it without figures, and leaves no files.
    func run() async throws {
        let schemas = try await topologies.schemasDirectory()
        try await untilStopSignal {
            if let postgres {
                let report = try measureUpserts(on: postgres)
                return try print(report, lines: report.lines)
            }
            guard let file, let plan = try PlanLoading.plans(files: [file], schemas: schemas).first else { throw ExitStatus.findings }
            if let kafka {
                let report = try measure(plan, file, on: kafka, schemas: schemas)
                try print(report, lines: report.lines)
            } else {
                let report = try measure(plan)
                try print(report, lines: report.lines)
            }
        }
    }

    private func print(_ report: some Encodable, lines: [String]) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            StandardStreams.print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            StandardStreams.print(lines: lines)
        }
    }

    /// The same events for the whole engine and for the measurements on one core.
    private func makeGenerators(_ plan: Plan) throws -> (full: EventGenerator, onePartition: EventGenerator) {
        var made = EventGenerator.Settings()
        made.keys = keys
        made.every = every
        made.bytes = bytes
        guard let source = plan.sources.first else { throw ExitStatus.findings }
        let lines = try events.map(Self.lines)
        func generator(_ partitionCount: Int) throws -> EventGenerator {
            guard let lines else { return EventGenerator(source, settings: made, partitionCount: partitionCount) }
            return try EventGenerator(source, lines: lines, settings: made, partitionCount: partitionCount)
        }
        let full = try generator(partitions)
        // The same memory serves both where it can: it counts in the peak that is measured.
        return (full, partitions == 1 ? full : try generator(1))
    }

    private static func lines(_ path: String) throws -> [[UInt8]] {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return data.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        } catch {
            throw EngineError(
                .benchEvents, .user,
                "--events: '\(path)' " + (FilePath.exists(path) ? "cannot be read: \(error.localizedDescription)" : "is not there"),
                remedy: "Name a file of JSON lines that this user may read.")
        }
    }

    private func measureUpserts(on url: String) throws -> PostgresBenchReport {
        let progress = ProgressLine()
        defer { progress.clear() }
        let views = try PostgresViews(PostgresSettings(url: url, schema: "pioneer_bench", applicationName: "pioneer bench"))
        defer { views.close() }
        return try UpsertBench(views: views, seconds: seconds).run { progress.show($0) }
    }

    private func measure(_ plan: Plan) throws -> BenchReport {
        let progress = ProgressLine()
        let generators = try makeGenerators(plan)
        var settings = EngineSettings()
        settings.partitionCount = partitions
        settings.workerCount = workers
        settings.retention = Retention(bytesMax: retentionBytes.bytes)
        let directory = data ?? NSTemporaryDirectory() + "/pioneer-bench-\(UUID().uuidString)"
        defer { if data == nil { try? FileManager.default.removeItem(atPath: directory) } }
        // The whole engine first: the peak of resident memory is then its own.
        let full = try FullBench(
            plan: plan, generator: generators.full, engineSettings: settings, directory: directory, warmupSeconds: warmup,
            seconds: seconds
        ).run { progress.show($0) }
        progress.show("decode and operators")
        let phases = try BenchPhases(plan: plan, generator: generators.onePartition).run(seconds: min(10, seconds))
        progress.clear()
        return BenchReport(
            topology: plan.topology, eventBytes: Int(phases.eventBytes.rounded()), keys: keys, partitions: partitions, workers: workers,
            bytesPerSecondScan: phases.bytesPerSecondScan, eventsPerSecondDecode: phases.eventsPerSecondDecode,
            eventsPerSecondOperators: phases.eventsPerSecondOperators, eventsPerSecondFull: full.eventsPerSecond,
            processorsBusyFull: full.processorsBusy, secondsFull: full.seconds,
            commitMillisecondsP50: Double(quantile(0.5, of: full.commitNanoseconds)) / 1e6,
            commitMillisecondsP99: Double(quantile(0.99, of: full.commitNanoseconds)) / 1e6,
            residentBytesPeak: full.residentBytesPeak, diskBytes: full.diskBytes, late: full.counters.lateTotal,
            deadLetters: full.counters.deadLetters)
    }
}
