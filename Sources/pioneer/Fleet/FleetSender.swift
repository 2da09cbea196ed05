import Agents
import Base
import Columns

/// The topics that a fleet's events go to.
struct FleetTopics: Sendable {
    var metrics: TopicName
    var machines: TopicName
    var prices: TopicName

    /// Throws `fleet.topic_not_read` where the engine does not know one that is wanted.
    func check(wanted: FleetEvents?, _ client: EngineClient) async throws {
        let answer = try await client.value(.api("topics"))
        guard let known = TopicList(answer) else { throw EngineAnswer.notUnderstood(Array(answer.description.utf8), from: client.address) }
        for (events, topic) in [(FleetEvents.metrics, metrics), (.machines, machines), (.prices, prices)] {
            guard wanted == nil || wanted == events else { continue }
            if known.topics.contains(where: { $0.name == topic.text }) { continue }
            throw EngineError(
                .fleetTopic, .user, "no topology of the engine at \(client.address.url) reads the topic '\(topic)'",
                remedy: "Run the engine with 'pioneer run topologies/fleet.yaml', or append what is read with --only.")
        }
    }
}

/// Appends a fleet's events, and asks how far they are.
struct FleetSender: Sendable {
    private let client: AppendClient
    /// How long a request is tried again before the command gives up.
    private static let patience = TimeSpan.seconds(60)

    init(_ engine: String) throws {
        var configuration = AppendClient.Configuration()
        configuration.giveUpAfter = Self.patience
        configuration.attemptTimeout = .seconds(30)
        // The seed only spreads retries.
        client = try AppendClient(engine: engine, configuration: configuration, random: SeededRandom(seed: Stopwatch.nanoseconds()))
    }

    func lastSequence(of producer: String, topic: TopicName) async throws -> Int64? {
        try await client.lastSequence(of: producer, topic: topic)
    }

    func send(_ lines: [UInt8], to topic: TopicName, producer: String, number: Int64) async throws {
        let outcome = try await client.append(topic: topic, producer: producer, sequence: number, body: lines)
        guard case .outOfSequence(let expected) = outcome else { return }
        throw EngineError(
            .appendConflict, .user, "the engine waits for batch \(expected) of this fleet, not for \(number)",
            remedy: "Another 'pioneer fleet' with the same seed and start may be running; let it end and give the command again.")
    }
}
