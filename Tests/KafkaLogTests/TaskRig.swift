import Base
import CRdKafka
import Foundation
import KafkaBrokers
import Stores
import Testing

@testable import KafkaLog

/// A topology's topics on a broker, and processes that take part in its group.
final class TaskRig {
    let address: String
    let topology: String
    let taskCount: Int
    let input: TopicName
    let output: TopicName

    /// - Parameter create: makes topics where the broker does not by request.
    init(_ address: String, taskCount: Int = 2, create: (([TopicName], Int) -> Void)? = nil) throws {
        self.address = address
        self.taskCount = taskCount
        topology = Brokers.unique("rig")
        input = try #require(TopicName("\(topology)-in"))
        output = try #require(TopicName("\(topology)-out"))
        let topics = [TopicName.tasks(of: topology), input, output]
        if let create { create(topics, taskCount) } else { try RawKafka.createTopics(topics, partitions: taskCount, at: address) }
    }

    func cluster(
        instance: String? = nil, properties: [String: String] = [:], _ change: (inout KafkaCluster.Settings) -> Void = { _ in }
    ) throws -> KafkaCluster {
        var settings = KafkaCluster.Settings(instance: instance)
        settings.sessionTimeout = .seconds(6)
        settings.rebalanceTimeout = .seconds(8)
        settings.transactionTimeout = .seconds(60)
        settings.callTimeout = .seconds(5)
        change(&settings)
        let all = properties.merging(["bootstrap.servers": address]) { own, _ in own }
        return KafkaCluster(try KafkaProperties(all.mapValues { KafkaProperties.Value($0) }), settings)
    }

    func task(_ number: Int) -> TaskID { TaskID(topology: topology, partition: PartitionNumber(number)) }
    func input(_ number: Int) -> TopicPartition { TopicPartition(input, PartitionNumber(number)) }
    func output(_ number: Int) -> TopicPartition { TopicPartition(output, PartitionNumber(number)) }

    /// Joins and waits for as many tasks.
    func join(_ cluster: KafkaCluster, expecting count: Int? = nil) throws -> ServedMember {
        let member = try ServedMember(cluster, topology, taskCount: taskCount), count = count ?? taskCount
        #expect(member.awaits { $0.owned.count == count }, "\(member.seen)")
        return member
    }

    func buffer(_ values: [String], key: String? = nil) -> RecordBuffer {
        let buffer = RecordBuffer()
        for value in values {
            var value = value, key = key
            value.withUTF8 { bytes in
                if key == nil { return buffer.append(timestamp: 1_000_000, key: nil, value: bytes) }
                key?.withUTF8 { buffer.append(timestamp: 1_000_000, key: $0, value: bytes) }
            }
        }
        return buffer
    }

    func values(_ partition: Int = 0, committed: Bool = true) throws -> [String] {
        try RawKafka.values(output(partition), committed: committed, at: address)
    }
}

/// A membership with a thread that serves it.
final class ServedMember: @unchecked Sendable {
    struct Seen: Sendable {
        var changes: [MembershipChange] = []
        var owned: [PartitionNumber] = []
        var error: EngineError?
        var isServed = true
    }

    let membership: any TaskMembership
    private let state = Monitor(Seen())

    init(_ cluster: KafkaCluster, _ topology: String, taskCount: Int) throws {
        membership = try cluster.join(topology: topology, taskCount: taskCount)
        Thread.detachNewThread { [self] in
            while state.withLock({ $0.isServed }) {
                do {
                    try membership.serve(timeout: .milliseconds(50)) { note($0) }
                } catch {
                    state.withLock { $0.error = error as? EngineError }
                    break
                }
            }
            state.withLock { $0.isServed = false }
            state.wakeAll()
        }
    }

    var seen: Seen { state.withLock { $0 } }

    /// Whether it comes to that within some seconds.
    func awaits(seconds: Int64 = 20, _ look: @escaping (Seen) -> Bool) -> Bool {
        state.wait(timeout: .seconds(seconds)) { look($0) ? true : nil } ?? false
    }

    /// Ends the serving thread; the group hears no more from this member than librdkafka's heartbeats.
    func stopServing() {
        state.withLock { $0.isServed = false }
        _ = awaits { _ in true }
    }

    func leave() {
        state.withLock { $0.isServed = false }
        Thread.sleep(forTimeInterval: 0.1)
        membership.close { note($0) }
    }

    private func note(_ change: MembershipChange) {
        state.withLock { seen in
            seen.changes.append(change)
            switch change {
            case .assigned(let tasks): seen.owned = tasks
            case .revoked, .lost: seen.owned = []
            }
        }
        state.wakeAll()
    }
}

/// What the tests ask of a broker themselves.
enum RawKafka {
    static func createTopics(_ names: [TopicName], partitions: Int, at address: String) throws {
        let handle = try KafkaHandle(.producer, name: "test topics", KafkaProperties(servers: address), own: [])
        let queue = rd_kafka_queue_new(handle.pointer)
        defer { withExtendedLifetime(handle) { rd_kafka_queue_destroy(queue) } }
        var topics: [OpaquePointer?] = names.map { rd_kafka_NewTopic_new($0.text, Int32(partitions), 1, nil, 0) }
        for topic in topics { rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1") }
        rd_kafka_CreateTopics(handle.pointer, &topics, topics.count, nil, queue)
        let event = rd_kafka_queue_poll(queue, 10_000)
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        for index in 0..<count {
            let code = rd_kafka_topic_result_error(results?[index])
            if code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { try handle.check(code, "topic") }
        }
        #expect(count == names.count)
        rd_kafka_event_destroy(event)
        for topic in topics { rd_kafka_NewTopic_destroy(topic) }
    }

    struct Record: Equatable {
        struct Header: Equatable {
            var name: String, value: String
            init(_ name: String, _ value: String) {
                self.name = name
                self.value = value
            }
        }

        var key: [UInt8]?
        var value: [UInt8]?
        var timestampMs: Int64
        var headers: [Header]

        init(key: [UInt8]?, value: [UInt8]?, timestampMs: Int64, headers: [Header]) {
            self.key = key
            self.value = value
            self.timestampMs = timestampMs
            self.headers = headers
        }

        init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
            func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
                start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
            }
            key = bytes(message.pointee.key, message.pointee.key_len)
            value = bytes(message.pointee.payload, message.pointee.len)
            timestampMs = rd_kafka_message_timestamp(message, nil)
            headers = []
            var list: OpaquePointer?
            guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
            var name: UnsafePointer<CChar>?, start: UnsafeRawPointer?, count = 0
            while rd_kafka_header_get_all(list, headers.count, &name, &start, &count) == RD_KAFKA_RESP_ERR_NO_ERROR {
                let value = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
                headers.append(.init(name.map { String(cString: $0) } ?? "", value))
            }
        }
    }

    /// A partition's records from its beginning to its end as it is now.
    static func records(_ partition: TopicPartition, committed: Bool = true, at address: String) throws -> [Record] {
        let handle = try KafkaHandle(
            .consumer, name: "test reader", KafkaProperties(servers: address),
            own: [
                ("group.id", "test-reader"), ("isolation.level", committed ? "read_committed" : "read_uncommitted"),
                ("enable.partition.eof", "true"), ("enable.auto.commit", "false"),
            ])
        let list = PartitionList([partition])
        list.withElements { $0[0].offset = 0 }
        list.with { _ = rd_kafka_assign(handle.pointer, $0) }
        defer { rd_kafka_assign(handle.pointer, nil) }
        var records: [Record] = []
        while let message = rd_kafka_consumer_poll(handle.pointer, 10_000) {
            defer { rd_kafka_message_destroy(message) }
            if message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF { return records }
            try handle.check(message.pointee.err, "read")
            records.append(Record(message))
        }
        Issue.record("the end of \(partition) was not reached")
        return records
    }

    static func values(_ partition: TopicPartition, committed: Bool, at address: String) throws -> [String] {
        try records(partition, committed: committed, at: address).map { String(decoding: $0.value ?? [], as: UTF8.self) }
    }
}

extension TaskTransactions {
    /// Fences, and begins a transaction.
    func open() throws {
        try persist { () throws(TransactionFault) in try fence() }
        try begin()
    }

    /// Calls again while the outcome is unknown.
    func persist(attempts: Int = 20, _ call: () throws(TransactionFault) -> Void) throws(TransactionFault) {
        for attempt in 1...attempts {
            do throws(TransactionFault) {
                try call()
                return
            } catch {
                guard case .unknown = error.kind, attempt < attempts else { throw error }
            }
        }
    }
}

/// The kind of fault that a call throws; nil when it throws none.
func faultKind(_ call: () throws(TransactionFault) -> Void) -> TransactionFault.Kind? {
    do throws(TransactionFault) {
        try call()
        return nil
    } catch {
        return error.kind
    }
}
