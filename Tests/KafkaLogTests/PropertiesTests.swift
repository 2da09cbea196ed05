import Base
import KafkaBrokers
@testable import KafkaLog
import Testing

@Suite struct PropertiesTests {
    private func error(_ values: [String: KafkaProperties.Value]) -> EngineError? {
        do throws(EngineError) {
            _ = try KafkaProperties(values)
            return nil
        } catch { return error }
    }

    @Test func `Any property of librdkafka may be set, and a secret is never shown`() throws {
        let properties = try KafkaProperties([
            "bootstrap.servers": .init("a:1,b:2"), "sasl.username": .init("me"), "sasl.password": .init("hunter2", isSecret: true),
            "socket.timeout.ms": .init("5000"),
        ])
        #expect(properties.servers == "a:1,b:2")
        #expect(properties.description == "bootstrap.servers=a:1,b:2 sasl.password=*** sasl.username=me socket.timeout.ms=5000")
    }

    @Test func `What is wrong with a property is told in librdkafka's words`() {
        let unknown = error(["bootstrap.servers": .init("a:1"), "fetch.mim.bytes": .init("1")])
        #expect(unknown?.code == .kafkaProperty)
        #expect(unknown?.message.contains("knows no property 'fetch.mim.bytes'") == true)
        let wrong = error(["bootstrap.servers": .init("a:1"), "socket.timeout.ms": .init("soon")])
        #expect(wrong?.message.contains("socket.timeout.ms") == true)
        let secret = error(["bootstrap.servers": .init("a:1"), "security.protocol": .init("hunter2", isSecret: true)])
        #expect(secret?.message == "the value of 'security.protocol' is not taken")
        #expect(error(["socket.timeout.ms": .init("1")])?.message == "'bootstrap.servers' is not set")
    }

    @Test(arguments: ["enable.auto.commit", "isolation.level", "group.id", "transactional.id", "auto.offset.reset", "partitioner"])
    func `What the engine decides is refused with the reason`(name: String) {
        let refused = error(["bootstrap.servers": .init("a:1"), name: .init("x")])
        #expect(refused?.code == .kafkaProperty)
        #expect(refused?.message == "the property '\(name)' cannot be set")
        #expect(refused?.remedy?.hasSuffix("Take it out of the settings.") == true)
    }

    @Test func `Properties that do not go together are refused when a client is made`() throws {
        let properties = try KafkaProperties([
            "bootstrap.servers": .init("a:1"), "security.protocol": .init("sasl_plaintext"), "sasl.mechanisms": .init("SCRAM-SHA-256"),
        ])
        #expect(throws: EngineError.self) { _ = try KafkaHandle(.consumer, name: "x", properties, own: [("group.id", "g")]) }
    }
}
