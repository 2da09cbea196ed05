import Base
import CRdKafka
import KafkaBrokers
import OwnThreads
import Stores
import Testing

@testable import KafkaLog

/// On librdkafka's own mock cluster of three brokers: coordinators that move and brokers that are away.
@Suite(.serialized, .ownThreads) struct MockClusterTests {
    private let mock: MockCluster
    private let rig: TaskRig
    private let cluster: KafkaCluster
    private let member: ServedMember

    init() throws {
        let mock = try MockCluster(brokers: 3)
        self.mock = mock
        let rig = try TaskRig(mock.address) { topics, partitions in mock.create(topics, partitions: partitions) }
        self.rig = rig
        cluster = try rig.cluster { $0.callTimeout = .seconds(2) }
        mock.setCoordinator(of: "pioneer.\(rig.topology)", kind: "group", to: 3)
        mock.setCoordinator(of: KafkaCluster.transactionalID(of: rig.task(0)), kind: "transaction", to: 1)
        member = try rig.join(cluster)
    }

    private func producer() throws -> any TaskTransactions { try cluster.transactions(of: rig.task(0), member.membership) }

    private func epoch(_ producer: any TaskTransactions, _ value: String, at offset: Int64, before commit: () -> Void = {}) throws {
        try producer.begin()
        try producer.send(rig.buffer([value]), to: rig.output(0))
        try producer.persist { () throws(TransactionFault) in try producer.send(offsets: [rig.input(0): Offset(offset)]) }
        commit()
        try producer.persist { () throws(TransactionFault) in try producer.commit() }
    }

    @Test func `A coordinator that moves between the steps of a transaction is followed`() throws {
        let producer = try producer(), id = KafkaCluster.transactionalID(of: rig.task(0))
        defer { producer.close() }
        try producer.persist { () throws(TransactionFault) in try producer.fence() }
        try epoch(producer, "a", at: 1) { mock.setCoordinator(of: id, kind: "transaction", to: 2) }
        mock.setCoordinator(of: "pioneer.\(rig.topology)", kind: "group", to: 1)
        try epoch(producer, "b", at: 2) { mock.setCoordinator(of: id, kind: "transaction", to: 3) }
        #expect(try rig.values() == ["a", "b"])
        member.leave()
    }

    @Test func `A coordinator that is down leaves a commit unknown, and it succeeds when the broker is back`() throws {
        let producer = try producer()
        defer { producer.close() }
        try producer.persist { () throws(TransactionFault) in try producer.fence() }
        try producer.begin()
        try producer.send(rig.buffer(["a"]), to: rig.output(0))
        try producer.persist { () throws(TransactionFault) in try producer.send(offsets: [rig.input(0): Offset(1)]) }
        if let producer = producer as? KafkaTransactions { rd_kafka_flush(producer.handle.pointer, 5_000) }
        mock.setDown(1, true)
        #expect(faultKind { () throws(TransactionFault) in try producer.commit() } == .unknown)
        mock.setDown(1, false)
        try producer.persist { () throws(TransactionFault) in try producer.commit() }
        #expect(try rig.values() == ["a"])
        member.leave()
    }

    @Test func `A start that meets a coordinator which loads is waited out`() throws {
        mock.answer(RD_KAFKAP_InitProducerId, with: [
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        ])
        let producer = try producer()
        defer { producer.close() }
        try producer.persist { () throws(TransactionFault) in try producer.fence() }
        try epoch(producer, "a", at: 1)
        #expect(try rig.values() == ["a"])
        member.leave()
    }

    private let RD_KAFKAP_InitProducerId: Int16 = 22
}

/// librdkafka's mock cluster, which lives in a client of its own.
private final class MockCluster {
    let address: String
    private let host: KafkaHandle
    private let cluster: OpaquePointer

    init(brokers: Int32) throws {
        host = try KafkaHandle(.producer, name: "mock", KafkaProperties(servers: "127.0.0.1:1"), own: [])
        cluster = try #require(rd_kafka_mock_cluster_new(host.pointer, brokers))
        address = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    deinit { rd_kafka_mock_cluster_destroy(cluster) }

    func create(_ topics: [TopicName], partitions: Int) {
        for topic in topics { rd_kafka_mock_topic_create(cluster, topic.text, Int32(partitions), 1) }
    }

    func setCoordinator(of key: String, kind: String, to broker: Int32) {
        rd_kafka_mock_coordinator_set(cluster, kind, key, broker)
    }

    func setDown(_ broker: Int32, _ isDown: Bool) {
        if isDown { rd_kafka_mock_broker_set_down(cluster, broker) } else { rd_kafka_mock_broker_set_up(cluster, broker) }
    }

    /// The next requests of a kind are answered with these errors.
    func answer(_ api: Int16, with codes: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster, api, codes.count, codes)
    }
}
