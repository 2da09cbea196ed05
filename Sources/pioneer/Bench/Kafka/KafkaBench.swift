import Base
import Foundation
import KafkaLog
import Planner
import Runtime
import Stores

extension ErrorCode {
    /// The bench would write to a topic that somebody has.
    static let benchTopicExists = ErrorCode("bench.topic_exists")
}

/// The engine on Kafka, measured from outside: it runs in a process of its own, and everything about it is read from the
/// brokers and from the kernel.
///
/// 1. Fill the source's topic.
/// 2. The reference: a plain librdkafka loop over it.
/// 3. The engine over the same events, committing exactly once; its rate between its first and its last full commit.
/// 4. A steady load: from the event that closes a window to its committed rows.
/// 5. `kill -9` under that load, the same again: until the first new commit, and the first new row.
/// 6. With a standby: `kill -9` again, for good; the same of the standby.
struct KafkaBench {
    struct Settings {
        var events = 8_000_000
        var rate = 50_000
        var partitions = 1
        var seconds = 30.0
        var withStandby = false
        /// The directory of a control group that engines are put in; nil: none.
        var cgroup: String?
        /// Further arguments of `pioneer run`: the topology's file, schemas, memory, workers.
        var arguments: [String] = []
    }

    let plan: Plan
    let properties: KafkaProperties
    let generator: EventGenerator
    /// The same events a step of event time further for each round: windows close often under the steady load.
    let steady: (EventTime) -> EventGenerator
    let settings: Settings
    let directory: String

    private var source: PlannedSource { plan.sources[0] }

    func run(progress: (String) -> Void) throws -> KafkaBenchReport {
        let log = try KafkaLog(properties)
        defer { log.close() }
        try checkTopics(log)
        try log.createTopic(
            TopicDescription(name: source.topic, partitionCount: settings.partitions, retention: .forever))
        let load = KafkaLoad(log: log, topic: source.topic, partitions: settings.partitions)
        var generator = generator
        try load.fill(&generator, count: settings.events) { progress("events sent: \(Figures.count($0))") }
        var report = KafkaBenchReport(
            topology: plan.topology, eventBytes: Int(generator.eventBytes.rounded()), events: settings.events,
            partitions: settings.partitions)
        progress("plain librdkafka loop")
        report.eventsPerSecondRaw = try RawConsume.run(properties, topic: source.topic, partitions: settings.partitions).recordsPerSecond
        let engine = try engine(settings.arguments, "one")
        try catchUp(engine, log, &report, progress)
        try underLoad(engine, log, load, from: generator.time, &report, progress)
        return report
    }

    private func engine(_ arguments: [String], _ name: String) throws -> EngineChild {
        try EngineChild(arguments, data: "\(directory)/\(name)", cgroup: settings.cgroup)
    }

    /// Made events must not get among real ones.
    private func checkTopics(_ log: KafkaLog) throws {
        for topic in plan.sources.map(\.topic) + plan.outputs.map(\.topic) where try log.topic(topic) != nil {
            throw EngineError(
                .benchTopicExists, .user, "the topic '\(topic)' is there already, and the bench writes made events",
                remedy: """
                    Measure on brokers of their own. After an earlier run delete the topics of the file, \
                    '_pioneer.\(plan.topology).*', and the group 'pioneer.\(plan.topology)'.
                    """)
        }
    }

    // MARK: 3. Catching up

    private func catchUp(
        _ engine: EngineChild, _ log: KafkaLog, _ report: inout KafkaBenchReport, _ progress: (String) -> Void
    ) throws {
        let cluster = KafkaCluster(properties, KafkaCluster.Settings(instance: nil))
        let inputs = (0..<settings.partitions).map { TopicPartition(source.topic, PartitionNumber($0)) }
        let ends = try inputs.map { try log.range(of: $0).end.number }
        let start = Stopwatch()
        var samples: [(seconds: Double, records: Int64, cpu: Double)] = []
        while true {
            try Task.checkCancellation()
            try engine.check()
            let offsets = try cluster.committedOffsets(of: plan.topology, inputs)
            let done = offsets.values.reduce(0) { $0 + $1.number }
            if done > samples.last?.records ?? 0 {
                samples.append((start.elapsedSeconds, done, engine.cpuSeconds))
                progress("committed \(Figures.count(Int(done))) of \(Figures.count(settings.events)) events")
            }
            // Markers of the filling's transactions lie behind the last record.
            if zip(inputs, ends).allSatisfy({ (offsets[$0]?.number ?? 0) >= $1 - 2 }) { break }
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(10))
        }
        report.secondsToFirstCommit = samples.first?.seconds ?? 0
        // The last commit may be of a part of an interval: it counts only where there are no others.
        let counted = samples.count > 3 ? Array(samples.dropLast()) : samples
        if let first = counted.first, let last = counted.last, last.seconds > first.seconds {
            report.eventsPerSecondEngine = Double(last.records - first.records) / (last.seconds - first.seconds)
            report.processorsBusy = (last.cpu - first.cpu) / (last.seconds - first.seconds)
            let part = counted.first { $0.records >= last.records / 4 * 3 } ?? first
            if last.seconds > part.seconds {
                report.eventsPerSecondAtEnd = Double(last.records - part.records) / (last.seconds - part.seconds)
            }
        }
        report.residentBytesPeak = engine.residentBytesPeak
    }

    // MARK: 4. to 6. A steady load

    private func underLoad(
        _ engine: EngineChild, _ log: KafkaLog, _ load: KafkaLoad, from time: EventTime, _ report: inout KafkaBenchReport,
        _ progress: (String) -> Void
    ) throws {
        let steady = SteadyLoad(load, steady(time), rate: settings.rate)
        steady.start()
        do {
            try measureLatency(engine, log, steady, &report, progress)
            progress("kill -9, and the same again")
            engine.kill()
            let again = try self.engine(settings.arguments + standby, "one")
            report.recovery = try Return(log, plan, settings.partitions).watch(again)
            if settings.withStandby { report.takeOver = try takeOver(beside: again, log, &report, progress) }
        } catch {
            try steady.stop()
            throw error
        }
        try steady.stop()
    }

    private func measureLatency(
        _ engine: EngineChild, _ log: KafkaLog, _ load: SteadyLoad, _ report: inout KafkaBenchReport, _ progress: (String) -> Void
    ) throws {
        let followers = try plan.outputs.compactMap { try OutputFollower(log, plan, $0, outOfOrder: source.outOfOrder) }
        if let follower = followers.first {
            progress("steady load of \(Figures.count(settings.rate)) events/s for \(Int(settings.seconds)) s")
            let watch = Stopwatch()
            let latencies = try follower.follow(load) { watch.elapsedSeconds > settings.seconds || Task.isCancelled }
            report.latencyRows = latencies.count
            report.latencyMillisecondsP50 = Double(quantile(0.5, of: latencies)) / 1e6
            report.latencyMillisecondsP99 = Double(quantile(0.99, of: latencies)) / 1e6
        }
        try engine.check()
        report.residentBytesPeak = max(report.residentBytesPeak, engine.residentBytesPeak)
        report.stateBytes = Self.bytes(of: directory + "/one/state")
    }

    private var standby: [String] { settings.withStandby ? ["--standby", "true"] : [] }

    private func takeOver(
        beside first: EngineChild, _ log: KafkaLog, _ report: inout KafkaBenchReport, _ progress: (String) -> Void
    ) throws -> Return.Seconds {
        let second = try engine(settings.arguments + standby, "two")
        let since = Stopwatch()
        let instance = try String(contentsOfFile: directory + "/one/instance", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        var firstOwns = true
        // The group may give the task to either; the first has the state already, the second copies it.
        while since.elapsedSeconds < Self.standbySeconds || (firstOwns && !second.hasLogged("standby_caught_up")) {
            progress("a second process copies the state: \(Int(since.elapsedSeconds)) s")
            try Task.checkCancellation()
            try second.check()
            firstOwns = try owner(of: PartitionNumber(0), log) == instance
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(200))
        }
        report.secondsToCopy = since.elapsedSeconds
        progress("kill -9, for good")
        let watch = try Return(log, plan, settings.partitions)
        (firstOwns ? first : second).kill()
        return try watch.watch(firstOwns ? second : first)
    }

    /// The process that committed the task's last epoch, as the journal has it.
    private func owner(of number: PartitionNumber, _ log: KafkaLog) throws -> String? {
        let journal = TopicPartition(.journal(of: plan.topology), number)
        let batch = RecordBatch()
        var next = try log.range(of: journal).first
        var last: String?
        while case .records(let after) = try log.read(journal, from: next, recordsMax: 1_000, bytesMax: 1 << 20, into: batch) {
            let headers = batch[batch.count - 1].headerBytes.flatMap(RecordHeaders.decode) ?? []
            last = headers.first { $0.name == JournalHeader.instance }?.value
            next = after
        }
        return last
    }

    /// What the group gets to take the second process in.
    private static let standbySeconds = 15.0

    private static func bytes(of directory: String) -> Int {
        let files = FileManager.default.enumerator(atPath: directory)
        var sum = 0
        while let name = files?.nextObject() as? String {
            var information = stat()
            if stat(directory + "/" + name, &information) == 0 { sum += Int(information.st_blocks) * 512 }
        }
        return sum
    }
}
