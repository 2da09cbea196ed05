import Base
import KafkaBrokers
import KafkaLog
import OwnThreads
import Stores
import StoresConformance
import Testing

/// The contract of a log, and what Kafka adds to it.
@Suite(.serialized, .ownThreads, .enabled(if: !LogBroker.here.isEmpty, "\(Brokers.skipped)"))
struct LogTests {
    @Test(arguments: LogBroker.logCases.shown)
    func `Kafka keeps the contract of a log`(_ test: LogBroker.Shown<LogCase>) throws {
        let log = try test.broker.log()
        defer { log.close() }
        try test.contract.run(LogUnderTest(PrefixedLog(log), test.broker.logAbilities))
    }

    @Test(.disabled(if: !LogBroker.logCases.passedOver.isEmpty, "\(LogBroker.logCases.passedOver.joined(separator: "; "))"))
    func `Each broker shows the whole contract of a log`() { #expect(LogBroker.logCases.passedOver.isEmpty) }

    /// A log and two partitions of a new topic.
    private func fresh(_ broker: LogBroker) throws -> (KafkaLog, TopicPartition, TopicPartition) {
        let log = try broker.log()
        let name = topic(Brokers.unique("events"))
        try log.createTopic(TopicDescription(name: name, partitionCount: 2, retention: .forever))
        return (log, TopicPartition(name, PartitionNumber(0)), TopicPartition(name, PartitionNumber(1)))
    }

    /// All that a reader gets up to the end, as `offset:value`.
    private func follow(
        _ reader: any EventLog, _ partition: TopicPartition, from start: Int64 = 0, recordsMax: Int = 1_000
    ) throws -> [String] {
        let end = try reader.range(of: partition).end
        var next = Offset(start), found: [String] = []
        let batch = RecordBatch()
        let watch = Stopwatch()
        while next < end {
            try check(watch.elapsedSeconds < 20, "\(next) of \(end) was reached in time")
            let seen = reader.appendCount
            switch try reader.read(partition, from: next, recordsMax: recordsMax, bytesMax: 1 << 20, into: batch) {
            case .records(let after):
                for index in 0..<batch.count { found.append("\(batch[index].offset):\(text(batch[index].valueBytes) ?? "-")") }
                next = after
            case .atEnd(let reached):
                if reached == next { reader.waitForAppend(since: seen, timeout: .milliseconds(50)) }
                next = reached
            case let other: throw ConformanceFailure(description: "\(other) at \(next)")
            }
        }
        return found
    }

    @Test(arguments: LogBroker.here)
    func `A batch keeps its records while others are read, and when the reader is gone`(broker: LogBroker) throws {
        let (log, partition, _) = try fresh(broker)
        _ = try append(log, partition, buffer("first", "second"))
        for _ in 0..<5 { _ = try append(log, partition, buffer(String(repeating: "y", count: 3_000))) }
        let one = RecordBatch(), two = RecordBatch()
        do {
            let reader = try log.reader()
            while try reader.read(partition, from: .zero, recordsMax: 2, bytesMax: 9_999, into: one) == .atEnd(reached: .zero) {}
            _ = try follow(reader, partition, from: 2)
            _ = try reader.read(partition, from: Offset(2), recordsMax: 9, bytesMax: 9_999, into: two)
        }
        log.close()
        #expect(values(one) == ["first", "second"])
    }

    @Test(arguments: LogBroker.here)
    func `A reader tells the offset of the end, and that an offset is beyond it`(broker: LogBroker) throws {
        let (log, partition, other) = try fresh(broker)
        defer { log.close() }
        _ = try append(log, partition, buffer("a", "b"))
        let reader = try log.reader(), batch = RecordBatch()
        let end = try log.range(of: partition).end
        #expect(end == Offset(3), "two records and a marker")
        _ = try follow(reader, partition)
        #expect(try reader.read(partition, from: Offset(2), recordsMax: 9, bytesMax: 9, into: batch) == .atEnd(reached: end))
        #expect(try reader.read(partition, from: end, recordsMax: 9, bytesMax: 9, into: batch) == .atEnd(reached: end))
        let watch = Stopwatch()
        while try reader.read(other, from: Offset(7), recordsMax: 9, bytesMax: 9, into: batch) != .beyondEnd(end: .zero) {
            try #require(watch.elapsedSeconds < 20)
        }
    }

    @Test(arguments: LogBroker.here)
    func `An append to several partitions is there as a whole, or not at all`(broker: LogBroker) throws {
        let (log, one, two) = try fresh(broker)
        defer { log.close() }
        let both = AppendRequest(
            topic: one.topic, producer: nil,
            records: [(one.partition, buffer("a")), (two.partition, buffer("b", "c")), (one.partition, buffer("d"))])
        #expect(try log.append(both) == .appended([one.partition: .zero, two.partition: .zero]))
        #expect(try readAll(log, one) == ["0:a", "1:d"])
        #expect(try readAll(log, two) == ["0:b", "1:c"])
        let huge = String(repeating: "x", count: 2 << 20)
        let half = AppendRequest(topic: one.topic, producer: nil, records: [(one.partition, buffer("e")), (two.partition, buffer(huge))])
        try checkThrows("kafka.record_refused") { _ = try log.append(half) }
        #expect(try readAll(log, one) == ["0:a", "1:d"])
        guard case .appended(let bases) = try append(log, one, buffer("f")) else { throw ConformanceFailure(description: "not appended") }
        #expect(try readAll(log, one).last == "\(bases[one.partition]?.number ?? -1):f")
    }

    @Test(arguments: LogBroker.here)
    func `A producer's repeated append appends nothing, in another process neither`(broker: LogBroker) throws {
        let (log, partition, _) = try fresh(broker)
        let second = try broker.log()
        defer {
            log.close()
            second.close()
        }
        let id = Brokers.unique("p")
        func send(_ log: KafkaLog, _ sequence: Int64, _ value: String) throws -> AppendOutcome {
            try append(log, partition, buffer(value), producer: .init(id: id, sequence: sequence))
        }
        #expect(try log.lastSequence(of: id, topic: partition.topic) == nil)
        #expect(try send(log, 40, "a") == .appended([partition.partition: .zero]))
        #expect(try send(log, 40, "a") == .duplicate(lastSequence: 40))
        #expect(try send(second, 40, "a") == .duplicate(lastSequence: 40))
        guard case .appended = try send(second, 41, "b") else { throw ConformanceFailure(description: "not appended") }
        // The first process is fenced by now, and finds out.
        #expect(try send(log, 41, "b") == .duplicate(lastSequence: 41))
        #expect(try send(log, 43, "d") == .outOfSequence(expected: 42))
        guard case .appended = try send(log, 42, "c") else { throw ConformanceFailure(description: "not appended") }
        #expect(try second.lastSequence(of: id, topic: partition.topic) == 42)
        #expect(try readAll(log, partition).map { $0.drop { $0 != ":" } } == [":a", ":b", ":c"])
    }

    @Test(arguments: LogBroker.here)
    func `Appends of many threads share transactions and keep their order`(broker: LogBroker) throws {
        let (log, partition, _) = try fresh(broker)
        defer { log.close() }
        let prefix = Brokers.unique("w")
        onThreads(count: 4) { thread in
            for round in 0..<10 {
                _ = try? append(
                    log, partition, buffer([(key: "\(thread)", value: "\(thread).\(round)")]),
                    producer: .init(id: "\(prefix)\(thread % 2)-\(thread)", sequence: Int64(round)))
            }
        }
        let found = try readAll(log, partition).map { $0.drop { $0 != ":" }.dropFirst() }
        #expect(found.count == 40)
        for thread in 0..<4 {
            #expect(found.filter { $0.hasPrefix("\(thread).") } == (0..<10).map { "\(thread).\($0)" })
        }
    }
}
