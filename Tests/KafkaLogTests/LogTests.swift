import Base
import KafkaBrokers
import KafkaLog
import Stores
import StoresConformance
import Testing

/// Both brokers, where they are there: what a log keeps does not depend on which one it is.
enum LogBroker: String, CaseIterable, Sendable {
    case kafka, fault

    static let here = allCases.filter { $0 == .kafka ? Brokers.hasKafka : Brokers.hasFaultBroker }
    private static let sharedFault = Result { try FaultBroker() }

    func log() throws -> KafkaLog {
        let address = try self == .kafka ? Brokers.kafka() : Self.sharedFault.get().address
        return try KafkaLog(KafkaProperties(servers: address))
    }
}

/// The cases of the stores' contract that hold for a log whose offsets have gaps, whose timestamps are milliseconds, and
/// that leaves other people's topics alone; `LogTests` states the rest for it.
private let cases = ConformanceCase.all.filter { shared.contains($0.sentence) }
private let shared: Set<String> = [
    "a topic that was made is listed, and making it again changes nothing",
    "an unknown topic or partition is named in an error",
    "an empty partition is at its end at 0, and beyond it further on",
    "a read takes no further chunk once bytesMax is reached, but always a record",
    "appending wakes those who wait, and waiting ends with its time",
    "empty buffers are passed over",
]

@Suite(.enabled(if: !LogBroker.here.isEmpty, Comment(rawValue: Brokers.skipped)))
struct LogTests {
    @Test(arguments: LogBroker.here, cases)
    func `Kafka keeps the contract of a log`(broker: LogBroker, conformance: ConformanceCase) throws {
        let log = try broker.log()
        defer { log.close() }
        try conformance.run(StoreUnderTest(PrefixedLog(log)) { _, _ in })
    }

    @Test func `All shared cases are there`() { #expect(cases.count == shared.count) }

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
    func `Records come back in order with timestamp, key, value and headers`(broker: LogBroker) throws {
        let (log, partition, _) = try fresh(broker)
        defer { log.close() }
        let headers = ByteArena()
        RecordHeaders.append("why", "because", to: headers)
        RecordHeaders.append("why", "", to: headers)
        let written = RecordBuffer()
        Array("k".utf8).withUnsafeBufferPointer { key in
            written.append(timestamp: 11_999, key: key, value: nil, headers: headers.bytes)
            written.append(timestamp: 12_000, key: nil, value: key)
            let empty = UnsafeBufferPointer(rebasing: key[0..<0])
            written.append(timestamp: 13_000, key: empty, value: empty)
        }
        #expect(try append(log, partition, written) == .appended([PartitionNumber(0): .zero]))
        for reader in [log as any EventLog, try log.reader()] {
            _ = try follow(reader, partition)
            let batch = RecordBatch(capacity: 1)
            while try reader.read(partition, from: .zero, recordsMax: 9, bytesMax: 9_999, into: batch) == .atEnd(reached: .zero) {}
            #expect(batch.count == 3)
            #expect([batch[0].timestamp, batch[1].timestamp] == [11_000, 12_000])
            #expect([text(batch[0].keyBytes), text(batch[0].valueBytes)] == ["k", nil])
            #expect([text(batch[1].keyBytes), text(batch[1].valueBytes)] == [nil, "k"])
            #expect([text(batch[2].keyBytes), text(batch[2].valueBytes)] == ["", ""])
            #expect(batch[0].headerBytes.flatMap(RecordHeaders.decode)?.map(\.value) == ["because", ""])
            #expect(batch[1].headers == nil)
        }
    }

    @Test(arguments: LogBroker.here)
    func `A read starts anywhere and keeps to recordsMax, over the borders of appends`(broker: LogBroker) throws {
        let (log, partition, _) = try fresh(broker)
        defer { log.close() }
        for step in 0..<6 { _ = try append(log, partition, buffer((0...step).map { (nil, "\(step).\($0)") })) }
        let all = try readAll(log, partition)
        #expect(all.count == 21 && all.last?.hasSuffix(":5.5") == true)
        let reader = try log.reader()
        #expect(try follow(reader, partition) == all)
        for recordsMax in [1, 2, 7, 21] {
            #expect(try readAll(log, partition, recordsMax: recordsMax) == all)
            #expect(try follow(reader, partition, recordsMax: recordsMax) == all)
        }
        for start in [0, 1, 5, 11, 20, 26] as [Int64] {
            let expected = all.filter { Int64($0.prefix { $0 != ":" }) ?? 0 >= start }
            #expect(try readAll(log, partition, from: start) == expected)
            #expect(try follow(reader, partition, from: start) == expected)
        }
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
