import Base
import CRdKafka
import KafkaBrokers
import OwnThreads
import Stores
import Testing

@testable import KafkaLog

/// What any Kafka shows.
@Suite(.serialized, .ownThreads, .enabled(if: Brokers.hasKafka, "\(Brokers.skipped)")) struct TransactionsTests {
    private let rig: TaskRig
    private let cluster: KafkaCluster
    private let member: ServedMember

    init() throws {
        rig = try TaskRig(Brokers.kafka())
        cluster = try rig.cluster()
        member = try rig.join(cluster)
    }

    private func producer(_ number: Int = 0) throws -> any TaskTransactions {
        try cluster.transactions(of: rig.task(number), member.membership)
    }

    @Test func `Committed transactions are read, and aborted ones are not`() throws {
        defer { member.leave() }
        let producer = try producer()
        defer { producer.close() }
        try producer.open()
        try producer.send(rig.buffer(["a", "b"]), to: rig.output(0))
        try producer.send(rig.buffer(["c"]), to: rig.output(1))
        try producer.commit()
        try producer.begin()
        try producer.send(rig.buffer(["dropped"]), to: rig.output(0))
        try producer.abort()
        try producer.begin()
        try producer.send(rig.buffer(["d"]), to: rig.output(0))
        try producer.commit()
        #expect(try rig.values(0) == ["a", "b", "d"])
        #expect(try rig.values(1) == ["c"])
    }

    @Test func `The last offset of a commit is the last record's`() throws {
        defer { member.leave() }
        let producer = try producer()
        defer { producer.close() }
        try producer.open()
        #expect(producer.lastOffset(in: rig.output(0)) == nil)
        try producer.send(rig.buffer(["a", "b"]), to: rig.output(0))
        try producer.send(rig.buffer(["c"]), to: rig.output(0))
        try producer.commit()
        #expect(producer.lastOffset(in: rig.output(0)) == Offset(2))
        let end = try cluster.uncommittedEnd(of: rig.output(0))
        try producer.begin()
        #expect(producer.lastOffset(in: rig.output(0)) == nil)
        try producer.send(rig.buffer(["d"]), to: rig.output(0))
        try producer.commit()
        #expect(producer.lastOffset(in: rig.output(0)) == end)
    }

    @Test func `A second producer of the task fences the first and drops what it left open`() throws {
        defer { member.leave() }
        let first = try producer(), second = try producer()
        defer {
            first.close()
            second.close()
        }
        try first.open()
        try first.send(rig.buffer(["zombie"]), to: rig.output(0))
        try second.open()
        try second.send(rig.buffer(["owner"]), to: rig.output(0))
        #expect(faultKind { () throws(TransactionFault) in try first.commit() } == .fenced)
        try second.commit()
        #expect(try rig.values() == ["owner"])
    }

    @Test func `Offsets are the group's once their transaction has committed, and not before`() throws {
        defer { member.leave() }
        let producer = try producer()
        defer { producer.close() }
        #expect(try cluster.committedOffsets(of: rig.topology, [rig.input(0), rig.input(1)]) == [:])
        try producer.open()
        try producer.send(offsets: [rig.input(0): Offset(7)])
        try producer.abort()
        #expect(try cluster.committedOffsets(of: rig.topology, [rig.input(0)]) == [:])
        try producer.begin()
        try producer.send(offsets: [rig.input(0): Offset(5), rig.input(1): Offset(9)])
        try producer.commit()
        #expect(
            try cluster.committedOffsets(of: rig.topology, [rig.input(0), rig.input(1)])
                == [rig.input(0): Offset(5), rig.input(1): Offset(9)])
    }

    @Test func `Who is no member any more commits no offsets`() throws {
        let producer = try producer()
        defer { producer.close() }
        try producer.open()
        member.leave()
        #expect(faultKind { () throws(TransactionFault) in try producer.send(offsets: [rig.input(0): Offset(7)]) } == .fenced)
        #expect(member.seen.changes.last == .revoked([PartitionNumber(0), PartitionNumber(1)]))
    }

    @Test func `The uncommitted end counts what is open`() throws {
        defer { member.leave() }
        let producer = try producer()
        defer { producer.close() }
        try producer.open()
        try producer.send(rig.buffer(["a", "b"]), to: rig.output(0))
        try producer.commit()
        let end = try cluster.uncommittedEnd(of: rig.output(0))
        #expect(end == Offset(3), "two records and the marker")
        try producer.begin()
        try producer.send(rig.buffer(["open"]), to: rig.output(0))
        try producer.send(offsets: [rig.input(0): Offset(1)])
        if let producer = producer as? KafkaTransactions { rd_kafka_flush(producer.handle.pointer, 5_000) }
        #expect(try cluster.uncommittedEnd(of: rig.output(0)) == end + 1)
        #expect(try rig.values() == ["a", "b"])
        try producer.abort()
    }

    @Test func `Keys, tombstones, empty values, headers and times arrive as they were sent`() throws {
        defer { member.leave() }
        let producer = try producer()
        defer { producer.close() }
        let buffer = RecordBuffer(), headers = ByteArena()
        RecordHeaders.append("code", "a.b", to: headers)
        RecordHeaders.append("code", "", to: headers)
        let key: [UInt8] = [0, 255], empty: [UInt8] = []
        key.withUnsafeBufferPointer { key in
            buffer.append(timestamp: 1_767_225_600_123_456, key: key, value: nil, headers: headers.bytes)
            empty.withUnsafeBufferPointer { buffer.append(timestamp: 1_767_225_600_000_999, key: nil, value: $0) }
        }
        try producer.open()
        try producer.send(buffer, to: rig.output(0))
        try producer.commit()
        let records = try RawKafka.records(rig.output(0), at: rig.address)
        #expect(
            records == [
                .init(key: key, value: nil, timestampMs: 1_767_225_600_123, headers: [.init("code", "a.b"), .init("code", "")]),
                .init(key: nil, value: [], timestampMs: 1_767_225_600_000, headers: []),
            ])
    }

    @Test func `A record that librdkafka does not take is refused by its index, the others with it`() throws {
        defer { member.leave() }
        let producer = try producer()
        defer { producer.close() }
        try producer.open()
        let large = String(repeating: "x", count: 2 << 20)
        try producer.send(rig.buffer(["a", "b"]), to: rig.output(0))
        let kind = faultKind { () throws(TransactionFault) in try producer.send(rig.buffer(["c", large, "d"]), to: rig.output(0)) }
        guard case .refused(let refused) = kind else {
            Issue.record("\(String(describing: kind))")
            return
        }
        #expect(refused.map(\.index) == [3] && refused.allSatisfy { $0.partition == rig.output(0) })
        try producer.abort()
        #expect(try rig.values() == [])
    }

    @Test func `More than librdkafka queues at a time arrives in order`() throws {
        defer { member.leave() }
        let small = try rig.cluster { $0.inFlightBytesMax = 64 << 10 }
        let producer = try small.transactions(of: rig.task(0), member.membership)
        defer { producer.close() }
        try producer.open()
        let values = (0..<20_000).map { "value number \($0)" }
        try producer.send(rig.buffer(values), to: rig.output(0))
        try producer.commit()
        #expect(try rig.values() == values)
    }
}
