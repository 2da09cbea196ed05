import Base
import Foundation
import KafkaBrokers
import KafkaLog
import Stores
import StoresConformance
import Testing

/// kcat, a client that is not ours: it reads what we append, and we read what it writes.
@Suite(
    .enabled(if: Brokers.hasKafka, Comment(rawValue: Brokers.skipped)),
    .enabled(if: Kcat.path != nil, "\(Kcat.skipped)"))
struct ForeignClientTests {
    private func fresh(partitionCount: Int) throws -> (KafkaLog, TopicName) {
        let log = try KafkaLog(KafkaProperties(servers: Brokers.kafka()))
        let name = topic(Brokers.unique("foreign"))
        try log.createTopic(TopicDescription(name: name, partitionCount: partitionCount, retention: .forever))
        return (log, name)
    }

    @Test func `A read-committed client of others reads what we append, headers included`() throws {
        let (log, name) = try fresh(partitionCount: 1)
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
            at: Brokers.kafka())
        #expect(read == "0 1767225600123 k 1 why=because\n1 1767225600124 k -1 \n")
    }

    @Test func `Keys that others partition as Java clients do are where we compute, and read the same`() throws {
        let count = 7
        let (log, name) = try fresh(partitionCount: count)
        defer { log.close() }
        let keys = (0..<60).map { "key-\($0 * 7919)-\(String(repeating: "é", count: $0 % 5))" }
        let lines = keys.map { "\($0)|value of \($0)\n" }.joined()
        _ = try Kcat.run(["-P", "-t", name.text, "-K", "|", "-X", "partitioner=murmur2_random"], at: Brokers.kafka(), input: lines)
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
}
