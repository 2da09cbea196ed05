public import Base
import Telemetry

/// Collects this machine's figures and appends them to a topic of the engine (`pioneer agent host`).
///
///     sample ─▶ measurements ─▶ spool (disk) ─▶ append ─▶ engine
///
/// Sampling never waits for the engine: while that is away the spool grows, up to its limit.
public struct HostAgent: Sendable {
    public struct Configuration: Sendable {
        /// The engine's address: `http://127.0.0.1:8000`.
        public var engine: String
        /// A topic of the schema `resource-metric`.
        public var topic: TopicName
        /// The machine's name in `resource_id`. Nil: its own.
        public var host: String?
        /// From sample to sample.
        public var interval: TimeSpan = .seconds(10)
        public var spoolFolder: String
        public var spoolLimits = SpoolLimits()
        /// How many process names to report in each sample.
        public var busiestProcesses = 5
        /// How long to wait before refused records are offered again.
        public var refusedWait: TimeSpan = .seconds(5)
        public var append = AppendClient.Configuration()
        /// Where the kernel's figures are found; others when a container watches its host.
        public var procFolder = "/proc"
        public var sysFolder = "/sys"

        public init(engine: String, topic: TopicName, spoolFolder: String) {
            self.engine = engine
            self.topic = topic
            self.spoolFolder = spoolFolder
        }
    }

    /// Shorter, and the sampling itself would be what is measured.
    public static let intervalMin = TimeSpan.milliseconds(100)

    private let configuration: Configuration
    private let clock: any WallClock
    private let random: SeededRandom

    public init(_ configuration: Configuration, clock: any WallClock, random: SeededRandom) {
        self.configuration = configuration
        self.clock = clock
        self.random = random
    }

    /// Collects and sends until the task is cancelled, and returns then, at once: what is not sent yet is in the spool
    /// and goes out at the next start. Throws when it cannot begin (`agent.interval`, `append.address`, `spool.…`) or
    /// the spool's disk fails while sending.
    public func run() async throws {
        guard configuration.interval >= Self.intervalMin else {
            throw EngineError(
                .agentInterval, .user, "an interval of \(configuration.interval) is too short",
                remedy: "\(Self.intervalMin) or more; 10s is usual.")
        }
        let host = configuration.host ?? HostReader.hostName()
        let client = try AppendClient(engine: configuration.engine, configuration: configuration.append, random: random)
        let spool = try Spool(folder: configuration.spoolFolder, limits: configuration.spoolLimits, clock: clock)
        let sender = SpoolSender(
            spool: spool, client: client, topic: configuration.topic, producerName: Self.producerName(of: host),
            refusedWait: configuration.refusedWait)
        Telemetry.emit(AgentStarted(host: host, producer: sender.producer, engine: client.engine, waitingBytes: spool.bytes))
        let (wakeups, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        waker.yield()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await sample(host, into: spool) { waker.yield() } }
                group.addTask { try await sender.run(wakeups: wakeups) }
                // Whichever ends first ends the other.
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
            // Being asked to stop is how a run ends well.
        }
        Telemetry.emit(AgentStopped(nextSequence: spool.nextSequence))
    }

    /// A producer's name has printable ASCII characters, 128 at most with the spool's identity; a host's may have others.
    static func producerName(of host: String) -> String {
        let bytes = host.utf8.prefix(100).map { (33...126).contains($0) ? $0 : UInt8(ascii: "-") }
        return "host:" + String(decoding: bytes, as: UTF8.self)
    }

    /// Takes a sample every interval, counted from the first, so that the rhythm does not drift.
    private func sample(_ host: String, into spool: Spool, then wake: () -> Void) async throws {
        let reader = HostReader(proc: configuration.procFolder, sys: configuration.sysFolder)
        let interval = Duration.microseconds(configuration.interval.microseconds)
        let rhythm = ContinuousClock()
        var due = rhythm.now
        var earlier: HostSnapshot?
        while true {
            let stopwatch = Stopwatch()
            let later = reader.snapshot()
            let sample = HostSample(
                earlier: earlier, later: later, units: HostReader.units, host: host, observedAt: now())
            keep(sample.measurements(busiestProcesses: configuration.busiestProcesses), of: host, in: spool, stopwatch)
            wake()
            earlier = later
            repeat { due += interval } while due < rhythm.now
            try await rhythm.sleep(until: due)
        }
    }

    /// In whole milliseconds, as the schema has its times.
    private func now() -> EventTime {
        let microseconds = clock.now().microseconds
        return EventTime(microseconds: microseconds - microseconds % 1_000)
    }

    /// Puts a sample into the spool. A sample that cannot be written is lost and said to be; the next one may be kept.
    private func keep(_ measurements: [Measurement], of host: String, in spool: Spool, _ stopwatch: Stopwatch) {
        guard !measurements.isEmpty else { return }
        do {
            let appended = try spool.append(measurements.ndjson)
            Telemetry.emit(
                SampleTaken(
                    measurements: measurements.count, sequence: appended.sequence, nanoseconds: stopwatch.elapsedNanoseconds))
            guard appended.dropped > 0 else { return }
            Telemetry.emit(SpoolDropped(batches: appended.dropped, limit: configuration.spoolLimits.bytesMax))
            let gap = Measurement(
                Self.gapMetric, Double(appended.dropped), unit: "{batch}", of: "host:\(host)", at: now())
            _ = try spool.append([gap].ndjson)
        } catch {
            Telemetry.emit(SampleLost(why: "\(error)"))
        }
    }

    /// Stands in the topic where samples are missing: how many the full spool dropped.
    public static let gapMetric = "pioneer.agent.batches.dropped"
}

extension ErrorCode {
    public static let agentInterval = ErrorCode("agent.interval")
}
