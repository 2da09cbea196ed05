import Base
import CRdKafka
import KafkaBrokers
import OwnThreads
import Stores
import StoresConformance
import Testing

@testable import KafkaLog

/// Clients that are not ours read what we write, and we read what they write.
@Suite(.serialized, .ownThreads, .enabled(if: !LogBroker.here.isEmpty, "\(Brokers.skipped)"))
struct ForeignClientTests {
    enum Client: String, CaseIterable, CustomStringConvertible {
        case kcat, confluentKafka = "confluent-kafka"

        var description: String { rawValue }

        /// Nil: it is there.
        var skipped: String? {
            switch self {
            case .kcat: Kcat.path == nil ? Kcat.skipped : nil
            case .confluentKafka: ConfluentKafka.python == nil ? ConfluentKafka.skipped : nil
            }
        }

        static let here = allCases.filter { $0.skipped == nil }
        static let absent = allCases.compactMap(\.skipped)

        func produce(_ lines: [String], to topic: TopicName, at address: String) throws {
            switch self {
            case .kcat: try Kcat.produce(lines, to: topic.text, at: address)
            case .confluentKafka: try ConfluentKafka.produce(lines, to: topic.text, at: address)
            }
        }

        func values(_ topic: TopicName, committed: Bool = true, at address: String) throws -> [String] {
            switch self {
            case .kcat: try Kcat.values(topic.text, committed: committed, at: address)
            case .confluentKafka: try ConfluentKafka.values(topic.text, committed: committed, at: address)
            }
        }
    }

    @Test(.disabled(if: !Client.absent.isEmpty, "\(Client.absent.joined(separator: "; "))"))
    func `Clients of others are there`() { #expect(Client.absent.isEmpty) }

    private func fresh(_ broker: LogBroker, partitionCount: Int) throws -> (KafkaLog, TopicName) {
        let log = try broker.log()
        let name = topic(Brokers.unique("foreign"))
        try log.createTopic(TopicDescription(name: name, partitionCount: partitionCount, retention: .forever))
        return (log, name)
    }

    @Test(.enabled(if: Kcat.path != nil, "\(Kcat.skipped)"), arguments: LogBroker.here)
    func `A read-committed client of others reads what we append, headers included`(broker: LogBroker) throws {
        let (log, name) = try fresh(broker, partitionCount: 1)
        defer { log.close() }
        let headers = ByteArena(), written = RecordBuffer()
        RecordHeaders.append("why", "because", to: headers)
        Array("k".utf8).withUnsafeBufferPointer { key in
            Array("v".utf8).withUnsafeBufferPointer { value in
                written.append(timestamp: 1_767_225_600_123_456, key: key, value: value, headers: headers.bytes)
                written.append(timestamp: 1_767_225_600_124_000, key: key, value: nil)
            }
        }
        _ = try append(log, TopicPartition(name, PartitionNumber(0)), written)
        let read = try Kcat.run(
            ["-C", "-t", name.text, "-e", "-q", "-X", "isolation.level=read_committed", "-o", "beginning", "-f", "%o %T %k %S %h\\n"],
            at: broker.properties().servers)
        #expect(read == "0 1767225600123 k 1 why=because\n1 1767225600124 k -1 \n")
    }

    @Test(arguments: LogBroker.here, Client.here)
    func `Keys that others partition as Java clients do are where we compute, and read the same`(
        broker: LogBroker, client: Client
    ) throws {
        let count = 7
        let (log, name) = try fresh(broker, partitionCount: count)
        defer { log.close() }
        let keys = (0..<60).map { "key-\($0 * 7919)-\(String(repeating: "é", count: $0 % 5))" }
        try client.produce(keys.map { "\($0)|value of \($0)" }, to: name, at: broker.properties().servers)
        var found = 0
        for number in 0..<count {
            let partition = TopicPartition(name, PartitionNumber(number)), batch = RecordBatch()
            var next = Offset.zero
            while case .records(let after) = try log.read(partition, from: next, recordsMax: 99, bytesMax: 1 << 20, into: batch) {
                for index in 0..<batch.count {
                    let key = try #require(batch[index].keyBytes)
                    #expect(Hashing.partition(of: key, among: count).number == Int32(number))
                    #expect(text(batch[index].valueBytes) == text(key).map { "value of \($0)" })
                    found += 1
                }
                next = after
            }
        }
        #expect(found == keys.count)
    }

    @Test(arguments: LogBroker.here, Client.here)
    func `A read-committed client of others reads our transactions whole, and nothing of aborted and open ones`(
        broker: LogBroker, client: Client
    ) throws {
        let rig = try TaskRig(broker.properties().servers)
        let cluster = try rig.cluster()
        let member = try rig.join(cluster)
        let producer = try cluster.transactions(of: rig.task(0), member.membership)
        defer {
            producer.close()
            member.leave()
        }
        try producer.persist { () throws(TransactionFault) in try producer.fence() }
        func transaction(_ values: [String]) throws {
            try producer.begin()
            for number in 0..<2 { try producer.send(rig.buffer(values.map { "\($0) in \(number)" }), to: rig.output(number)) }
            try producer.persist { () throws(TransactionFault) in try producer.send(offsets: [rig.input(0): Offset(1)]) }
            if let producer = producer as? KafkaTransactions { rd_kafka_flush(producer.handle.pointer, 5_000) }
        }
        try transaction(["a", "b"])
        try producer.persist { () throws(TransactionFault) in try producer.commit() }
        try transaction(["aborted"])
        try producer.persist { () throws(TransactionFault) in try producer.abort() }
        try transaction(["c"])
        try producer.persist { () throws(TransactionFault) in try producer.commit() }
        try transaction(["open"])
        let committed = ["a in 0", "a in 1", "b in 0", "b in 1", "c in 0", "c in 1"]
        #expect(try client.values(rig.output, at: rig.address).sorted() == committed)
        // They do lie in the topic.
        let further = ["aborted in 0", "aborted in 1", "open in 0", "open in 1"]
        #expect(try client.values(rig.output, committed: false, at: rig.address).sorted() == (committed + further).sorted())
        try producer.persist { () throws(TransactionFault) in try producer.abort() }
    }
}
