import Base

/// Looks, while an append goes on, at what the topologies that read the topic make of it, and says once a kind when more
/// than one in a hundred of their records is late or too far ahead.
final class TimelinessWatch {
    private let client: EngineClient
    private let topic: TopicFacts
    private let isSorted: Bool
    private let say: ([String]) -> Void
    private let scanner: EventTimeScanner?
    private let outOfOrder: TimeSpan
    private var before: [String: TopologyCounts]?
    private var said: Set<TopologyTimeliness.Kind> = []
    private var lastLook = Stopwatch()
    private var times = TimeRange()
    private var appended = 0

    /// What the topologies read since the append began, as of the last look.
    private(set) var found: [TopologyTimeliness] = []

    private static let interval = 0.5
    /// At the end: topologies that are further behind are not waited for.
    private static let settlingSeconds = 5.0
    private static let settlingInterval = TimeSpan.milliseconds(50)
    /// An append of fewer records is not waited for: of so few nothing is said.
    private static let countMin = 20

    init(_ client: EngineClient, _ topic: TopicFacts, isSorted: Bool, say: @escaping ([String]) -> Void) {
        self.client = client
        self.topic = topic
        self.isSorted = isSorted
        self.say = say
        scanner = topic.readings.first { $0.eventTimeField != nil }.map { EventTimeScanner($0) }
        outOfOrder = topic.readings.map(\.outOfOrder).max() ?? .zero
    }

    /// To be called before the first record is appended.
    func begin() async throws { before = TopologyCounts.read(try await client.value(RequestPath(["health"])), topic: topic.name) }

    func note(_ batch: LineBatch) {
        appended += batch.lines
        scanner?.scan(batch) { _, time in if let time { times.add(time, outOfOrder: outOfOrder) } }
    }

    /// Looks if the last look is some time ago. What keeps the engine from answering is the append's to say.
    func look() async {
        guard lastLook.elapsedSeconds >= Self.interval else { return }
        _ = await lookNow()
    }

    /// Waits until what was appended is read, but not for long.
    func settle() async throws {
        guard appended >= Self.countMin, let ends = try? await TopicFacts.ask(client, name()).ends else { return }
        let waiting = Stopwatch()
        while waiting.elapsedSeconds < Self.settlingSeconds {
            let now = await lookNow()
            if topic.readings.allSatisfy({ now[$0.topology]?.hasRead(ends) ?? true }) { return }
            try await Task.sleep(for: .microseconds(Self.settlingInterval.microseconds))
        }
    }

    private func name() throws -> TopicName { try TopicName.checked(topic.name) }

    private func lookNow() async -> [String: TopologyCounts] {
        defer { lastLook = Stopwatch() }
        guard let before, let health = try? await client.value(RequestPath(["health"])),
            let now = TopologyCounts.read(health, topic: topic.name)
        else { return [:] }
        found = Set(topic.readings.map(\.topology)).sorted().compactMap { topology in
            now[topology].map { TopologyTimeliness(topology, $0.since(before[topology] ?? TopologyCounts())) }
        }
        for kind in [TopologyTimeliness.Kind.late, .ahead] where !said.contains(kind) { warn(kind, before) }
        return now
    }

    private func warn(_ kind: TopologyTimeliness.Kind, _ before: [String: TopologyCounts]) {
        let worth = found.filter { $0.isWorthSaying(kind) }.sorted { $0.count(kind) > $1.count(kind) }
        guard let worst = worth.first else { return }
        said.insert(kind)
        let warning = TimelinessWarning(
            kind: kind, topologies: worth, topic: topic, times: times, watermarkBefore: before[worst.topology]?.watermark ?? .earliest,
            isSorted: isSorted)
        say(warning.lines)
    }
}
