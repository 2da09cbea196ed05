import Base
import Testing

@testable import Agents

private let topic = TopicName("cloud.metrics")!

func quickAppends(giveUpAfter: TimeSpan? = nil) -> AppendClient.Configuration {
    var configuration = AppendClient.Configuration()
    configuration.backoff = Backoff(first: .milliseconds(1), longest: .milliseconds(5))
    configuration.attemptTimeout = .seconds(2)
    configuration.giveUpAfter = giveUpAfter
    return configuration
}

private func client(_ engine: FakeEngine, giveUpAfter: TimeSpan? = nil) throws -> AppendClient {
    try AppendClient(engine: engine.address, configuration: quickAppends(giveUpAfter: giveUpAfter), random: SeededRandom(seed: 1))
}

@Test func `an append survives broken connections and server errors and is taken once`() async throws {
    let engine = FakeEngine(script: [.dropBefore, .status(503, ""), .dropAfter, .status(500, "oops"), .status(429, "{}")])
    defer { engine.stop() }
    let client = try client(engine)
    #expect(try await client.append(topic: topic, producer: "p", sequence: 1, body: Array("a\nb\n".utf8)) == .appended)
    #expect(engine.lines == ["a", "b"])
    // Connections that break may be tried again below us as well.
    #expect(engine.requests >= 6)
}

@Test func `an engine that expects another number says which`() async throws {
    let engine = FakeEngine()
    defer { engine.stop() }
    let client = try client(engine)
    #expect(try await client.lastSequence(of: "host:a/b", topic: topic) == nil)
    #expect(try await client.append(topic: topic, producer: "host:a/b", sequence: 7, body: Array("a\n".utf8)) == .appended)
    #expect(try await client.append(topic: topic, producer: "host:a/b", sequence: 9, body: Array("b\n".utf8)) == .outOfSequence(expected: 8))
    #expect(try await client.append(topic: topic, producer: "host:a/b", sequence: 7, body: Array("a\n".utf8)) == .appended)
    #expect(try await client.lastSequence(of: "host:a/b", topic: topic) == 7)
    #expect(engine.lines == ["a"])
}

@Test func `a refusal is an error with the engine's own words, and is not tried again`() async throws {
    let body = #"{"error":{"code":"log.unknown_topic","message":"there is no topic 'x'","remedy":"Deploy a topology."}}"#
    let engine = FakeEngine(script: [.status(404, body)])
    defer { engine.stop() }
    let client = try client(engine)
    let error = await #expect(throws: EngineError.self) {
        try await client.append(topic: topic, producer: "p", sequence: 1, body: [])
    }
    #expect(error?.code == .appendRefused)
    #expect(error?.message.contains("there is no topic 'x' (log.unknown_topic)") == true)
    #expect(error?.remedy == "Deploy a topology.")
    #expect(engine.requests == 1)
}

@Test func `giving up names the address and the last reason`() async throws {
    let engine = FakeEngine(script: Array(repeating: .status(503, ""), count: 10_000))
    defer { engine.stop() }
    let client = try client(engine, giveUpAfter: .milliseconds(50))
    let error = await #expect(throws: EngineError.self) {
        try await client.append(topic: topic, producer: "p", sequence: 1, body: [])
    }
    #expect(error?.code == .appendUnreachable)
    #expect(error?.isTransient == true)
    #expect(error?.message.contains("HTTP 503") == true)
}

@Test func `what is no address is refused at once`() {
    for text in ["", "localhost:8000", "ftp://x", "http://", "http:///x", "http://a b", "http://a?b"] {
        let error = #expect(throws: EngineError.self) { try AppendClient(engine: text, random: SeededRandom(seed: 1)) }
        #expect(error?.code == .appendAddress)
    }
}

@Test func `answers are sorted into taken, resync, try again and refused`() {
    #expect(AttemptOutcome(status: 200, body: []) == .settled(.accepted))
    #expect(AttemptOutcome(status: 201, body: []) == .settled(.accepted))
    #expect(AttemptOutcome(status: 502, body: Array("<html>".utf8)) == .tryAgain(why: "HTTP 502"))
    #expect(AttemptOutcome(status: 409, body: Array(#"{"error":{"expected":12}}"#.utf8)) == .settled(.outOfSequence(expected: 12)))
    #expect(AttemptOutcome(status: 409, body: []) == .settled(.refused(code: nil, message: "HTTP 409", remedy: nil)))
    #expect(AttemptOutcome(status: 413, body: []) == .settled(.refused(code: nil, message: "HTTP 413", remedy: nil)))
}

@Test func `waits grow, stay within their bound, differ by seed and start again after a success`() {
    var backoff = Backoff(first: .milliseconds(100), longest: .seconds(5))
    var random = SeededRandom(seed: 3)
    for attempt in 0..<100 {
        let wait = backoff.next(&random)
        #expect(wait >= .zero && wait <= min(.seconds(5), .milliseconds(100 << Int64(min(attempt, 20)))))
    }
    backoff.reset()
    #expect(backoff.next(&random) <= .milliseconds(100))
}

@Test func `an engine that is not there is reported within the time given`() async throws {
    let gone = FakeEngine()
    gone.stop()
    let client = try client(gone, giveUpAfter: .milliseconds(30))
    let error = await #expect(throws: EngineError.self) { try await client.lastSequence(of: "p", topic: topic) }
    #expect(error?.code == .appendUnreachable)
}
