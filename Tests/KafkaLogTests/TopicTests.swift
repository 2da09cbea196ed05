import Base
import KafkaBrokers
import OwnThreads
import Stores
import StoresConformance
import Testing

@testable import KafkaLog

/// How topics are made and held against what they must be, on a Kafka that keeps settings of topics.
@Suite(
    .serialized, .ownThreads,
    .enabled(if: Brokers.hasKafka, "\(Brokers.skipped)"),
    .enabled(if: LogBroker.kafka.logAbilities.contains(.changesRetention), "\(LogBroker.kafka) has no AlterConfigs"))
struct TopicTests {
    private let log: KafkaLog
    private static let compacted = Retention(isCompacted: true)

    init() throws { log = try LogBroker.kafka.log() }

    private func make(_ name: TopicName, _ retention: Retention) throws {
        try log.createTopic(TopicDescription(name: name, partitionCount: 1, retention: retention))
    }

    /// As another process sees it, which has not made it.
    private func settings(_ name: TopicName) throws -> KafkaAdmin.Configuration {
        let other = try LogBroker.kafka.log()
        defer { other.close() }
        return try #require(try other.admin.configurations(of: [name])[name])
    }

    @Test func `A topic is made with the policy and the bounds of its retention`() throws {
        defer { log.close() }
        let bounded = Retention(age: .hours(3), bytesMax: 5_000_000)
        let wanted: [(Retention, [String: String])] = [
            (.forever, ["cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"]),
            (bounded, ["cleanup.policy": "delete", "retention.ms": "10800000", "retention.bytes": "5000000"]),
            (Self.compacted, ["cleanup.policy": "compact", "retention.ms": "-1"]),
            (Retention(age: .hours(3), isCompacted: true), ["cleanup.policy": "compact,delete", "retention.ms": "10800000"]),
        ]
        for (retention, values) in wanted {
            let name = topic(Brokers.unique("policy"))
            try make(name, retention)
            let found = try settings(name)
            for (key, value) in values { #expect(found[key]?.value == value, "\(key) for \(retention)") }
            let other = try LogBroker.kafka.log()
            defer { other.close() }
            #expect(try other.topic(name)?.retention == retention)
        }
    }

    @Test func `The engine's own compacted topics keep tombstones for a day, and let go of records on request`() throws {
        defer { log.close() }
        let name = TopicName.changelog(of: Brokers.unique("policy").replacing("-", with: "_"))
        try make(name, Self.compacted)
        let found = try settings(name)
        #expect(found["cleanup.policy"]?.value == "compact,delete" && found["retention.ms"]?.value == "-1")
        #expect(found["delete.retention.ms"]?.value == "86400000")
        let other = try LogBroker.kafka.log()
        defer { other.close() }
        #expect(try other.topic(name)?.retention == Self.compacted)
    }

    @Test func `A topic that is compacted and should not be is refused with the remedy, and the other way round`() throws {
        defer { log.close() }
        for (there, wanted) in [(Retention.forever, Self.compacted), (Self.compacted, .forever)] {
            let name = topic(Brokers.unique("policy"))
            try make(name, there)
            let error = #expect(throws: EngineError.self) { try make(name, wanted) }
            #expect(error?.code == .kafkaTopicPolicy && error?.domain == .user)
            let (found, needed) = there.isCompacted ? ("compact", "delete") : ("delete", "compact")
            #expect(error?.message.contains("'\(name)'") == true && error?.message.contains("cleanup.policy is '\(found)'") == true)
            #expect(error?.remedy?.contains("--entity-name \(name) --add-config cleanup.policy=\(needed)") == true)
            #expect(try settings(name)["cleanup.policy"]?.value == found, "nothing was changed")
        }
    }

    @Test func `Retention of other people's topics is left alone`() throws {
        defer { log.close() }
        let name = topic(Brokers.unique("policy"))
        try make(name, Retention(age: .hours(3)))
        try make(name, Retention(age: .hours(7)))
        #expect(try settings(name)["retention.ms"]?.value == "10800000")
    }

    @Test func `A topic of the engine's own takes over a retention, and keeps what else was set of it`() throws {
        defer { log.close() }
        let name = TopicName.journal(of: Brokers.unique("policy"))
        try make(name, .forever)
        try log.admin.alter(name, ["retention.ms": "-1", "max.message.bytes": "2000000"])
        try make(name, Retention(age: .hours(7)))
        let found = try settings(name)
        #expect(found["retention.ms"]?.value == "25200000")
        #expect(found["cleanup.policy"]?.value == "delete")
        #expect(found["max.message.bytes"]?.value == "2000000")
    }

    @Test func `The number of partitions is the brokers' word, and another one is refused`() throws {
        defer { log.close() }
        let name = topic(Brokers.unique("policy"))
        try make(name, .forever)
        let error = #expect(throws: EngineError.self) {
            try log.createTopic(TopicDescription(name: name, partitionCount: 4, retention: .forever))
        }
        #expect(error?.code.text == "log.partition_count" && error?.message.contains("\(name)") == true)
    }

    @Test func `A topic of the engine's own has to take what the engine may send`() throws {
        defer { self.log.close() }
        func log(sending bytes: String) throws -> KafkaLog {
            try KafkaLog(KafkaProperties(["bootstrap.servers": .init(Brokers.kafka()), "message.max.bytes": .init(bytes)]))
        }
        let own = TopicDescription(name: .changelog(of: Brokers.unique("size")), partitionCount: 1, retention: Self.compacted)
        let large = try log(sending: "2000000"), larger = try log(sending: "3000000")
        defer { for log in [large, larger] { log.close() } }
        try large.createTopic(own)
        try large.createTopic(own)
        let error = #expect(throws: EngineError.self) { try larger.createTopic(own) }
        #expect(error?.code == .kafkaTopicSize && error?.message.contains("2000000 bytes") == true, "\(error as Any)")
        // Others' topics are their own business.
        let foreign = TopicDescription(name: topic(Brokers.unique("size")), partitionCount: 1, retention: .forever)
        try large.createTopic(foreign)
        try larger.createTopic(foreign)
    }
}
