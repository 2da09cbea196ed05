import Base
import CRdKafka
import KafkaBrokers
@testable import KafkaLog
import Glibc
import OwnThreads
import Testing

@Suite(.serialized, .ownThreads) struct BrokerTests {
    private func clusterID(_ address: String) throws -> String? {
        let handle = try KafkaHandle(.consumer, name: "test", KafkaProperties(servers: address), own: [])
        guard let text = rd_kafka_clusterid(handle.pointer, 10_000) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    @Test(.enabled(if: Brokers.hasKafka, Comment(rawValue: Brokers.skipped)))
    func `A client reaches Kafka`() throws {
        #expect(try clusterID(Brokers.kafka()) != nil)
    }

    @Test(.enabled(if: Brokers.hasFaultBroker, Comment(rawValue: Brokers.skippedFaults)))
    func `A client reaches the fault broker, which does as it is told`() throws {
        let broker = try FaultBroker()
        #expect(try clusterID(broker.address) != nil)
        #expect(try broker.tell("stats").hasPrefix("{"))
        #expect(throws: BrokerTrouble.self) { try broker.tell("nonsense") }
    }

    @Test func `Why nobody answers is told`() throws {
        let handle = try KafkaHandle(.consumer, name: "test", KafkaProperties(servers: "127.0.0.1:1"), own: [])
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle.pointer, 1, nil, &metadata, 1_000)
        let error = handle.error(code, "the topics could not be listed")
        #expect(error.code == .kafkaUnreachable && error.isTransient)
        #expect(error.message.contains("Connection refused"))
    }
}
