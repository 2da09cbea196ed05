import Base
import Foundation
import KafkaBrokers
import KafkaLog
import Stores
import Testing

/// Engines that share the partitions of a topology on Kafka, while a foreign client writes its input. What they write must
/// be what `ShowInput` computes, each row once, whatever happens to them.
///
/// Fault model: a process ends at any instruction (SIGKILL), or stands still until its tasks are others' and then goes on
/// (SIGSTOP, SIGCONT); with a fault broker, connections are cut, answers and requests are lost, steps of transactions fail
/// or take longer than a call waits, markers are late.
final class KafkaShow {
    struct Options: CustomStringConvertible {
        var events = number("PIONEER_CRASH_EVENTS") ?? 12_000
        var kills = number("PIONEER_CRASH_KILLS") ?? 3
        var seed = UInt64(number("PIONEER_CRASH_SEED") ?? 2026)
        var partitions = 4
        var isDynamic = false
        var isStandby = false
        /// The source is rekeyed, and its topic has so many partitions, over which its records go in turn.
        var rekeyed: Int?
        /// Seconds; Kafka's own brokers take no less than 6.
        var session = 6
        /// How the engines reach the PostgreSQL that has the rows in a view, too.
        var postgres: String?
        /// Properties of librdkafka.
        var kafka: [String: String] = [:]

        var description: String { "PIONEER_CRASH_SEED=\(seed) PIONEER_CRASH_EVENTS=\(events) PIONEER_CRASH_KILLS=\(kills)" }

        private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }
    }

    let options: Options
    let address: String
    let input: ShowInput
    let directory: TemporaryDirectory
    private(set) var engines: [EngineProcess] = []
    private(set) var written = 0
    private let topology: String
    private static let stallSeconds = 90.0

    init(_ address: String, _ options: Options) throws {
        self.address = address
        self.options = options
        let name = Brokers.unique("show").replacingOccurrences(of: "-", with: "_")
        input = ShowInput(
            name, count: options.events, partitions: options.rekeyed ?? options.partitions, seed: options.seed,
            isRekeyed: options.rekeyed != nil, hasView: options.postgres != nil)
        directory = try TemporaryDirectory()
        topology = try directory.write(input.topology, to: "show.yaml")
        if let partitions = options.rekeyed {
            let log = try KafkaLog(KafkaProperties(servers: address))
            defer { log.close() }
            for (topic, partitionCount) in [(input.source, partitions), (input.table, options.partitions)] {
                guard let name = TopicName(topic) else { throw Trouble("no topic's name: \(topic)") }
                try log.createTopic(TopicDescription(name: name, partitionCount: partitionCount, retention: .forever))
            }
        }
    }

    /// Another engine, started and healthy; on a copy of one's data directory, if one is given.
    @discardableResult
    func join(copying other: EngineProcess? = nil) throws -> EngineProcess {
        var run = EngineProcess.Options()
        run.topology = topology
        run.partitions = options.partitions
        run.arguments += [
            "--kafka", address, "--session-timeout", "\(options.session)s", "--membership", options.isDynamic ? "dynamic" : "static",
            "--retention-age", "36500d", "--standby", "\(options.isStandby)",
        ]
        if let postgres = options.postgres { run.environment["PIONEER_POSTGRES"] = postgres }
        if !options.kafka.isEmpty {
            let properties = options.kafka.sorted { $0.key < $1.key }.map { "  \($0.key): \"\($0.value)\"\n" }
            run.arguments += ["--config", try directory.write("kafka:\n" + properties.joined(), to: "pioneer.yaml")]
        }
        let engine = try EngineProcess(in: directory, name: "engine-\(engines.count)", options: run)
        if let other { try FileManager.default.copyItem(atPath: other.data, toPath: engine.data) }
        engines.append(engine)
        try engine.start()
        return engine
    }

    // MARK: The input

    /// Writes the input up to this share of it.
    func write(upTo share: Double) throws {
        let end = min(input.lines.count, Int(Double(input.lines.count) * share))
        guard end > written else { return }
        try produce(Array(input.lines[written..<end]))
        written = end
    }

    /// Where the keys belong, or over a rekeyed source's partitions in turn.
    private func produce(_ lines: [String]) throws {
        guard let partitions = options.rekeyed else { return try Kcat.produce(lines, to: input.source, at: address) }
        for partition in 0..<partitions {
            let share = lines.indices.filter { $0 % partitions == partition }.map { lines[$0] }
            try Kcat.produce(share, to: input.source, at: address, further: ["-p\(partition)"])
        }
    }

    /// Writes what is left, and what closes all minutes.
    func finish() throws {
        try write(upTo: 1)
        try produce(input.closing)
    }

    // MARK: What came of it

    /// Numbers of the tasks that run in the process, as it says; none where it does not answer.
    func tasks(of engine: EngineProcess) -> [Int] {
        status(of: engine).filter { $0["phase"] as? String == "running" }.compactMap { $0["partition"] as? Int }.sorted()
    }

    /// Of the tasks that others run, how far the engine's copies are behind, by partition.
    func copyLags(of engine: EngineProcess) -> [Int: Int] {
        let lags = status(of: engine).compactMap { task -> (Int, Int)? in
            guard let number = task["partition"] as? Int, let copy = task["copy"] as? [String: Any] else { return nil }
            return (copy["lag_records"] as? Int).map { (number, $0) }
        }
        return Dictionary(uniqueKeysWithValues: lags)
    }

    /// What an engine's status says of each task; nothing while it does not answer.
    private func status(of engine: EngineProcess) -> [[String: Any]] {
        guard let answer = try? HTTPExchange(port: engine.port, target: "/api/v1/status", timeout: 5).answer(),
            let object = try? answer.object(), let topologies = object["topologies"] as? [[String: Any]]
        else { return [] }
        return topologies.first?["tasks"] as? [[String: Any]] ?? []
    }

    /// The committed output as our reader sees it, and waits for no more than there is.
    func committed() throws -> [String] {
        let log = try KafkaLog(KafkaProperties(servers: address))
        defer { log.close() }
        guard let topic = TopicName(input.output) else { throw Trouble("no topic's name: \(input.output)") }
        let reader = try log.reader(), batch = RecordBatch()
        var rows: [String] = []
        for number in 0..<options.partitions {
            let partition = TopicPartition(topic, PartitionNumber(number))
            let range = try reader.range(of: partition)
            var next = range.first
            let deadline = Deadline(seconds: Self.stallSeconds)
            while next < range.end {
                guard !deadline.isOver else { throw Trouble("\(partition) was read to \(next) of \(range.end)") }
                switch try reader.read(partition, from: next, recordsMax: 1_000, bytesMax: 1 << 20, into: batch) {
                case .records(let after):
                    for index in 0..<batch.count {
                        guard let value = batch[index].valueBytes else { throw Trouble("a tombstone at \(next)") }
                        rows.append(try ShowInput.row(String(decoding: value, as: UTF8.self)))
                    }
                    next = after
                case .atEnd(let reached): if reached > next { next = reached } else { pause(milliseconds: 20) }
                case let other: throw Trouble("\(partition) at \(next): \(other)")
                }
            }
        }
        return rows.sorted()
    }

    /// Waits until all rows that are due are there; a minute and a half without one more is too long.
    func settle() throws {
        var last = -1, deadline = Deadline(seconds: Self.stallSeconds)
        while true {
            let rows = try committed()
            if rows.count >= input.rows.count { return }
            if rows.count != last { (last, deadline) = (rows.count, Deadline(seconds: Self.stallSeconds)) }
            guard !deadline.isOver else {
                throw Trouble("\(rows.count) of \(input.rows.count) rows, and no more; repeat it with \(options)" + tails)
            }
            pause(milliseconds: 200)
        }
    }

    /// Stops all engines and compares what is committed with what is computed: by our reader and by a foreign one.
    func expectReference() throws {
        for engine in engines where engine.isRunning { #expect(try engine.stop() == .exited(0), "\(engine.tail)") }
        expectSame(try committed(), "our reader")
        expectSame(try Kcat.values(input.output, at: address).map(ShowInput.row).sorted(), "kcat")
    }

    private func expectSame(_ found: [String], _ reader: String) {
        guard found != input.rows else { return }
        var counts: [String: Int] = [:]
        for row in found { counts[row, default: 0] += 1 }
        for row in input.rows { counts[row, default: 0] -= 1 }
        let more = counts.filter { $0.value > 0 }.keys.sorted(), missing = counts.filter { $0.value < 0 }.keys.sorted()
        let words = """
            \(reader) sees \(found.count) rows where \(input.rows.count) are computed; repeat it with \(options)
              \(more.count) too many: \(more.prefix(5))
              \(missing.count) missing: \(missing.prefix(5))
            """
        Issue.record("\(words + tails)")
    }

    var tails: String { engines.map(\.tail).joined() }
}
