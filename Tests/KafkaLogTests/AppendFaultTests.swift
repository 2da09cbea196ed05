import Base
import KafkaBrokers
import KafkaLog
import OwnThreads
import Stores
import StoresConformance
import Testing

/// Appends while the broker misbehaves. Each test has a broker of its own.
@Suite(.serialized, .ownThreads, .enabled(if: Brokers.hasFaultBroker, Comment(rawValue: Brokers.skippedFaults)))
struct AppendFaultTests {
    private func fresh() throws -> (FaultBroker, KafkaLog) {
        let broker = try FaultBroker()
        let log = try KafkaLog(KafkaProperties(servers: broker.address))
        try log.createTopic(TopicDescription(name: eventsTopic, partitionCount: 2, retention: .forever))
        return (broker, log)
    }

    private func send(_ log: KafkaLog, _ sequence: Int64, _ value: String) throws -> AppendOutcome {
        try append(log, events, buffer(value), producer: .init(id: "p", sequence: sequence))
    }

    @Test(arguments: ["drop-response EndTxn", "drop-request EndTxn", "drop-response Produce", "drop-request TxnOffsetCommit",
        "drop-response TxnOffsetCommit", "drop-request AddPartitionsToTxn", "error EndTxn 51 2"])
    func `An append whose answer was lost, or whose request was, is there once`(fault: String) throws {
        let (broker, log) = try fresh()
        defer { log.close() }
        guard case .appended = try send(log, 1, "a") else { throw ConformanceFailure(description: "not appended") }
        try broker.tell(fault)
        guard case .appended(let bases) = try send(log, 2, "b") else { throw ConformanceFailure(description: "not appended") }
        #expect(try send(log, 2, "b") == .duplicate(lastSequence: 2))
        let found = try readAll(log, events)
        #expect(found.map { $0.drop { $0 != ":" } } == [":a", ":b"])
        #expect(found.last == "\(bases[events.partition]?.number ?? -1):b")
    }

    @Test func `A repetition meets the first attempt's late markers and appends nothing`() throws {
        let (broker, log) = try fresh()
        let second = try KafkaLog(KafkaProperties(servers: broker.address))
        defer {
            log.close()
            second.close()
        }
        try broker.tell("delay-markers 1500")
        guard case .appended = try send(log, 7, "a") else { throw ConformanceFailure(description: "not appended") }
        #expect(try send(second, 7, "a") == .duplicate(lastSequence: 7))
        #expect(try second.lastSequence(of: "p", topic: eventsTopic) == 7)
        let batch = RecordBatch()
        let watch = Stopwatch()
        while try log.range(of: events).end == .zero { try #require(watch.elapsedSeconds < 20) }
        #expect(try log.read(events, from: .zero, recordsMax: 9, bytesMax: 999, into: batch) == .records(next: Offset(1)))
    }

    @Test func `An append meets what the broker will never take, and others in its way are not held up`() throws {
        let (broker, log) = try fresh()
        defer { log.close() }
        try broker.tell("error Produce 10")
        try checkThrows("kafka.record_refused") { _ = try send(log, 1, "large") }
        guard case .appended = try send(log, 1, "a") else { throw ConformanceFailure(description: "not appended") }
        #expect(try readAll(log, events).map { $0.drop { $0 != ":" } } == [":a"])
    }

    @Test func `A cut connection is made again under a reader, which goes on where it was`() throws {
        let (broker, log) = try fresh()
        defer { log.close() }
        let reader = try log.reader(), batch = RecordBatch()
        var next = Offset.zero, found: [String] = []
        for round in 0..<4 {
            _ = try append(log, events, buffer("\(round).0", "\(round).1"))
            if round % 2 == 1 { try broker.tell("disconnect-all") }
            let watch = Stopwatch()
            while found.count < (round + 1) * 2 {
                try #require(watch.elapsedSeconds < 20)
                let seen = reader.appendCount
                switch try reader.read(events, from: next, recordsMax: 9, bytesMax: 999, into: batch) {
                case .records(let after):
                    found += values(batch)
                    next = after
                case .atEnd(let reached):
                    next = reached
                    reader.waitForAppend(since: seen, timeout: .milliseconds(50))
                case let other: throw ConformanceFailure(description: "\(other)")
                }
            }
        }
        #expect(found == (0..<4).flatMap { ["\($0).0", "\($0).1"] })
    }
}
