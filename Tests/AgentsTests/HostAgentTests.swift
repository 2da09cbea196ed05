import Base
import Testing

@testable import Agents

private let topic = TopicName("cloud.metrics")!
private let clock = ManualClock(EventTime(seconds: 1_767_571_200))

/// A sender over a spool of one-line batches `1`, `2`, ….
private func sender(_ spool: Spool, to engine: FakeEngine) throws -> SpoolSender {
    let client = try AppendClient(engine: engine.address, configuration: quickAppends(), random: SeededRandom(seed: 1))
    return SpoolSender(spool: spool, client: client, topic: topic, producerName: "host:h", refusedWait: .milliseconds(5))
}

private func fill(_ spool: Spool, _ numbers: ClosedRange<Int>) throws {
    for number in numbers { _ = try spool.append(Array("\(number)\n".utf8)) }
}

/// Sends what is in the spool and returns when all of it is acknowledged.
private func sendAll(_ sender: SpoolSender) async throws {
    let (wakeups, waker) = AsyncStream.makeStream(of: Void.self)
    waker.yield()
    waker.finish()
    try await sender.run(wakeups: wakeups)
    #expect(try sender.spool.oldest() == nil)
}

@Test func `every batch arrives once and in order, whatever breaks on the way`() async throws {
    var random = SeededRandom(seed: 11)
    let faults = (0..<60).map { _ -> FakeEngine.Fault in
        [.dropBefore, .dropAfter, .status(500, ""), .status(503, ""), .status(404, "{}")][random.below(5)]
    }
    let engine = FakeEngine(script: faults)
    defer { engine.stop() }
    let folder = TemporaryFolder()
    let spool = try Spool(folder: folder.path, clock: clock)
    try fill(spool, 1...30)
    try await sendAll(try sender(spool, to: engine))
    #expect(engine.lines == (1...30).map(String.init))
}

@Test func `a restart asks the engine what it has and repeats nothing`() async throws {
    let engine = FakeEngine()
    defer { engine.stop() }
    let folder = TemporaryFolder()
    do {
        let spool = try Spool(folder: folder.path, clock: clock)
        try fill(spool, 1...5)
        try await sendAll(try sender(spool, to: engine))
    }
    let spool = try Spool(folder: folder.path, clock: clock)
    #expect(try spool.oldest()?.sequence == 1, "what was acknowledged is not written down")
    try fill(spool, 6...8)
    try await sendAll(try sender(spool, to: engine))
    #expect(engine.lines == (1...8).map(String.init))
}

@Test func `an engine that lost its end is sent it again`() async throws {
    let engine = FakeEngine()
    defer { engine.stop() }
    let folder = TemporaryFolder()
    let spool = try Spool(folder: folder.path, clock: clock)
    try fill(spool, 1...5)
    let sender = try sender(spool, to: engine)
    try await sendAll(sender)
    engine.forget(after: 3)
    try fill(spool, 6...6)
    let (wakeups, waker) = AsyncStream.makeStream(of: Void.self)
    waker.yield()
    waker.finish()
    // The question at the start would only tell that three are there; the refusal of the sixth brings back the rest.
    try await sender.run(wakeups: wakeups)
    #expect(engine.lines == ["1", "2", "3", "4", "5", "4", "5", "6"])
}

@Test func `batches dropped by a full spool make a new sequence, and what is left arrives`() async throws {
    let engine = FakeEngine()
    defer { engine.stop() }
    let folder = TemporaryFolder()
    let spool = try Spool(folder: folder.path, limits: SpoolLimits(bytesMax: 8_192, segmentBytesMax: 4_096), clock: clock)
    try fill(spool, 1...2)
    try await sendAll(try sender(spool, to: engine))
    var dropped = 0
    for number in 3...1_000 { dropped += try spool.append(Array("\(number)\n".utf8)).dropped }
    try await sendAll(try sender(spool, to: engine))
    #expect(dropped > 0)
    #expect(engine.lines == (Array(1...2) + Array(dropped + 3...1_000)).map(String.init))
    #expect(engine.producers.count == 2)
}

@Test func `resynchronising skips, sends again, or begins anew`() {
    #expect(SpoolSender.resync(sent: 5, expected: 9, canRewind: false) == .skip)
    #expect(SpoolSender.resync(sent: 5, expected: 3, canRewind: true) == .rewind)
    #expect(SpoolSender.resync(sent: 5, expected: 3, canRewind: false) == .renew)
    #expect(SpoolSender.resync(sent: 5, expected: 5, canRewind: true) == .renew)
}

@Test func `the agent samples while the engine is away and sends when it is back`() async throws {
    let engine = FakeEngine(script: Array(repeating: .dropBefore, count: 20))
    defer { engine.stop() }
    let folder = TemporaryFolder()
    var configuration = HostAgent.Configuration(engine: engine.address, topic: topic, spoolFolder: folder.path + "")
    configuration.host = "web-1"
    configuration.interval = HostAgent.intervalMin
    configuration.append = quickAppends()
    let agent = HostAgent(configuration, clock: SystemClock(), random: SeededRandom(seed: 5))
    let running = Task { try await agent.run() }
    for _ in 0..<400 where !engine.lines.contains(where: { $0.contains("system.cpu.utilization") }) {
        try await Task.sleep(for: .milliseconds(25))
    }
    running.cancel()
    try await running.value
    let lines = engine.lines
    #expect(lines.contains { $0.contains(#""resource_id":"host:web-1""#) && $0.contains(#""metric":"system.cpu.utilization""#) })
    #expect(Set(lines).count == lines.count, "nothing arrived twice")
}

@Test func `an interval too short is refused`() async {
    var configuration = HostAgent.Configuration(engine: "http://127.0.0.1:1", topic: topic, spoolFolder: "/nonexistent/spool")
    configuration.interval = .milliseconds(1)
    let agent = HostAgent(configuration, clock: clock, random: SeededRandom(seed: 5))
    let error = await #expect(throws: EngineError.self) { try await agent.run() }
    #expect(error?.code == .agentInterval)
}

@Test func `a producer's name has only the characters that one may have`() {
    #expect(HostAgent.producerName(of: "web-1") == "host:web-1")
    #expect(HostAgent.producerName(of: "büro 2") == "host:b--ro-2")
    #expect(HostAgent.producerName(of: String(repeating: "x", count: 500)).utf8.count == 105)
}
