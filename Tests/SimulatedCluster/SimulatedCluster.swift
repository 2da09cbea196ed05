public import Base
public import Stores

/// A log that several processes share, in memory, with Kafka's transactions and groups, in virtual time. One seed fixes
/// everything that happens to it: a run is repeated by its seed. It is made to be obviously right, not to be fast.
///
/// Fault model. What may break, as `Chances` have it, in any call of a seam that a process makes:
/// - The request is lost (nothing happened) or the answer is (it happened): either way the outcome is unknown. Connections
///   are cut for a while: every call of the process is lost.
/// - A call takes long, or the whole process stands still (SIGSTOP, a long pause) while the others go on and its tasks move;
///   then it goes on where it stopped, as if nothing had been.
/// - The process crashes before, after or in the midst of the call: `SimulatedCrash`, or a fatal fault where only that can be
///   thrown; every later call of the process throws it too. Whoever drives the simulation drops the process's memory.
/// - A transaction must abort, or its producer is of no use any more. Records that were sent may reach the log at once or
///   when the transaction commits. Transactions that stay open too long are aborted, and their producer is fenced.
/// - Markers, which make a decided transaction visible, come late, those of each partition and of the group's offsets apart,
///   and with `markersFollowFence` even after the task's next owner has fenced: later than Kafka would.
/// - Members who are not heard of are evicted from their group in virtual time; static members that come back take their
///   place over and fence who had it.
/// - Compacted topics lose overwritten records, and in time tombstones, at any moment; offsets then have gaps. Markers
///   occupy offsets.
///
/// What never breaks: committed records stay in order until compaction, retention or `deleteRecords` may remove them. What a
/// transaction wrote, its group offsets included, becomes visible as a whole or never, though not at one moment. An order
/// decided is never undecided. (`loseTail` breaks that by order of a test, as an unclean election of a leader does.)
///
/// One thread owns the simulation, with all its processes and disks.
public final class SimulatedCluster: @unchecked Sendable {
    public struct Settings: Sendable {
        public var sessionTimeout = TimeSpan.seconds(6)
        /// How long a rebalance waits for members that are alive and do not rejoin.
        public var rebalanceTimeout = TimeSpan.seconds(30)
        public var transactionTimeout = TimeSpan.seconds(20)
        /// How long tombstones of compacted topics are kept after the cleaning that removed what they hide.
        public var tombstonesKept = TimeSpan.seconds(120)
        public var recordBytesMax = 1 << 20
        /// Kafka's records carry milliseconds.
        public var hasMillisecondTimestamps = true
        /// Whether offsets in a transaction are refused when the group has moved on.
        public var checksGeneration = true

        public init() {}
    }

    public let id: LogID
    public let settings: Settings
    public var chances = Chances.none
    /// One mishap by order instead of by chance: of the call after that many others of its kind, while chance is at work.
    public var ordered: (call: SeamCall, mishap: Mishap, callsBefore: Int)?
    public internal(set) var random: SeededRandom
    public internal(set) var now: EventTime

    /// Runs what else there is until a time, while a process waits or stands still; moves the time itself if not set.
    public var runOthers: ((_ waiting: SimulatedProcess, _ until: EventTime) -> Void)?
    /// What happened, a line each; nil: nobody wants to know.
    public var trace: [String]?
    /// Looks at each transaction of a task as it is being committed: says what is wrong with it, or nil.
    public var commitCheck: ((CommittedTransaction) -> String?)?
    /// What no process may ever do: broken rules of the protocol, in the order they were found.
    public internal(set) var violations: [String] = []

    var topics: [TopicName: (description: TopicDescription, partitions: [PartitionLog])] = [:]
    var lastSequences: [TopicName: [String: Int64]] = [:]
    var producers: [String: ProducerState] = [:]
    var groups: [String: SimulatedGroup] = [:]
    var processes: [SimulatedProcess] = []
    var appendCount: UInt64 = 0
    var transactionCount = 0
    var memberCount = 0
    private var timers: [(at: EventTime, number: Int, run: () -> Void)] = []
    private var timerCount = 0

    public init(seed: UInt64, settings: Settings = Settings(), id: LogID = LogID("simulated"), start: EventTime = .init(seconds: 0)) {
        self.settings = settings
        self.id = id
        random = SeededRandom(seed: seed)
        now = start
    }

    /// A process that lives on its own until it crashes. A restarted one is a new one.
    /// - Parameter instance: names it over restarts, for static membership; nil: its membership is dynamic.
    public func makeProcess(_ name: String, instance: String? = nil) -> SimulatedProcess {
        let process = SimulatedProcess(name, instance: instance, cluster: self)
        processes.append(process)
        return process
    }

    /// Adds a line to the trace.
    public func note(_ what: @autoclosure () -> String) {
        guard trace != nil else { return }
        trace?.append("\(now.microseconds / 1_000) ms  \(what())")
    }

    func violate(_ what: String) {
        note("VIOLATION: \(what)")
        violations.append(what)
    }

    // MARK: Time

    func after(_ span: TimeSpan, _ run: @escaping () -> Void) {
        timerCount += 1
        timers.append((now + span, timerCount, run))
    }

    /// Moves the time and lets happen what is due, in order.
    public func advance(to time: EventTime) {
        while let next = timers.indices.filter({ timers[$0].at <= time }).min(by: {
            (timers[$0].at, timers[$0].number) < (timers[$1].at, timers[$1].number)
        }) {
            let timer = timers.remove(at: next)
            pass(to: timer.at)
            timer.run()
        }
        pass(to: time)
    }

    public func advance(by span: TimeSpan) { advance(to: now + span) }

    private func pass(to time: EventTime) {
        now = max(now, time)
        for name in groups.keys.sorted() { groups[name]?.passTime() }
        for name in producers.keys.sorted() { expireTransaction(of: name) }
    }

    /// Lets every decided transaction become visible now.
    public func settle() {
        while let timer = timers.min(by: { ($0.at, $0.number) < ($1.at, $1.number) }) { advance(to: timer.at) }
    }

    /// Time passes for a process that waits; others may run meanwhile.
    func wait(_ process: SimulatedProcess, _ span: TimeSpan) {
        let until = now + span
        if let runOthers { runOthers(process, until) }
        if now < until { advance(to: until) }
    }

    // MARK: Chance

    func chance(_ probability: Double) -> Bool { probability > 0 && random.unit() < probability }

    func span(upTo most: TimeSpan) -> TimeSpan { TimeSpan(microseconds: Int64(random.below(Int(most.microseconds) + 1))) }

    // MARK: Partitions

    func partition(_ name: TopicPartition) throws(EngineError) -> PartitionLog {
        guard let topic = topics[name.topic] else { throw LogErrors.unknownTopic(name.topic, among: topics.keys.sorted()) }
        let index = Int(name.partition.number)
        guard topic.partitions.indices.contains(index) else {
            throw LogErrors.unknownPartition(name, count: topic.partitions.count)
        }
        return topic.partitions[index]
    }

    /// Removes what a cleaner may remove of every compacted partition, up to a place that chance picks.
    public func compact() {
        for name in topics.keys.sorted() {
            guard let topic = topics[name], topic.description.retention.isCompacted else { continue }
            for log in topic.partitions {
                let bound = log.first + Int64(random.below(Int(log.lastStable - log.first) + 1))
                log.compact(before: bound, now: now, tombstonesKept: settings.tombstonesKept, removesMarkers: chance(0.5))
            }
            note("compacted \(name)")
        }
    }

    /// Loses the end of a partition, committed or not: what an unclean election of a leader does. Only a test orders it.
    public func loseTail(of partition: TopicPartition, from offset: Offset) throws {
        try self.partition(partition).truncate(to: offset.number)
        note("lost \(partition) from \(offset)")
    }
}
