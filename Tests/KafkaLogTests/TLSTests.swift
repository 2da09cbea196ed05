import Base
import KafkaBrokers
import KafkaLog
import OwnThreads
import Stores
import StoresConformance
import Testing

/// Connections by TLS, to the fault broker behind a listener that takes nothing else.
@Suite(
    .serialized, .ownThreads,
    .enabled(if: Brokers.hasFaultBroker, "\(Brokers.skippedFaults)"),
    .enabled(if: Certificates.openssl != nil, "\(Certificates.skipped)"))
struct TLSTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates() }

    private func properties(_ broker: FaultBroker, _ further: [String: String]) throws(EngineError) -> KafkaProperties {
        try KafkaProperties(further.mapValues { .init($0) }.merging(["bootstrap.servers": .init(broker.address)]) { $1 })
    }

    /// Topics, an append, and a transaction of a task in its group.
    private func expectAllToWork(_ properties: KafkaProperties) throws {
        let log = try KafkaLog(properties)
        defer { log.close() }
        let (name, topology) = (topic(Brokers.unique("tls")), Brokers.unique("tls"))
        let partition = TopicPartition(name, PartitionNumber(0)), task = TaskID(topology: topology, partition: PartitionNumber(0))
        for name in [name, .tasks(of: topology)] {
            try log.createTopic(TopicDescription(name: name, partitionCount: 1, retention: .forever))
        }
        _ = try append(log, partition, buffer("appended"))
        let cluster = KafkaCluster(properties, KafkaCluster.Settings(instance: nil))
        let member = try ServedMember(cluster, topology, taskCount: 1)
        #expect(member.awaits { $0.owned.count == 1 })
        let producer = try cluster.transactions(of: task, member.membership)
        try producer.open()
        try producer.send(buffer("committed"), to: partition)
        try producer.send(offsets: [partition: Offset(1)])
        try producer.persist { () throws(TransactionFault) in try producer.commit() }
        producer.close()
        member.leave()
        #expect(try readAll(log, partition).map { $0.drop { $0 != ":" } } == [":appended", ":committed"])
        #expect(try cluster.committedOffsets(of: topology, [partition]) == [partition: Offset(1)])
    }

    /// What the first contact says.
    private func refusal(_ broker: FaultBroker, _ further: [String: String]) -> EngineError? {
        var settings = KafkaLog.Settings()
        settings.callTimeout = .seconds(3)
        do throws(EngineError) {
            _ = try KafkaLog(try properties(broker, further), settings)
            return nil
        } catch { return error }
    }

    @Test func `All goes by TLS, to a broker whose certificate the authority has signed`() throws {
        let broker = try FaultBroker(tls: certificates)
        try expectAllToWork(properties(broker, ["security.protocol": "ssl", "ssl.ca.location": certificates.authority]))
    }

    @Test func `A broker that wants a certificate of its clients is shown one`() throws {
        let broker = try FaultBroker(tls: certificates, requiringClients: true)
        let own = try certificates.signed("client")
        try expectAllToWork(
            properties(
                broker,
                [
                    "security.protocol": "ssl", "ssl.ca.location": certificates.authority, "ssl.certificate.location": own.certificate,
                    "ssl.key.location": own.key,
                ]))
    }

    @Test func `A broker of another authority is refused, with the reason and the remedy`() throws {
        let broker = try FaultBroker(tls: certificates), others = try Certificates()
        let error = try #require(refusal(broker, ["security.protocol": "ssl", "ssl.ca.location": others.authority]))
        #expect(error.code == .kafkaAuthentication && error.message.contains("certificate verify failed"), "\(error)")
        #expect(error.remedy?.contains("ssl.*") == true)
    }

    @Test func `Who speaks no TLS to a broker that does is told so`() throws {
        let error = try #require(refusal(try FaultBroker(tls: certificates), [:]))
        #expect(error.code == .kafkaUnreachable && error.message.contains("Disconnected"), "\(error)")
        #expect(error.remedy?.contains("security.protocol") == true)
    }

    @Test func `A file that is not there is named`() throws {
        let broker = try FaultBroker(tls: certificates)
        let error = try #require(refusal(broker, ["security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem"]))
        #expect(error.code == .kafkaProperty && error.message.contains("ssl.ca.location"), "\(error)")
    }
}
