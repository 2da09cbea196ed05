import Base
import Columns
import Foundation
import KafkaLog
import Testing

@testable import pioneer

/// What the file of settings says about Kafka, and that nobody sees its secrets.
@Suite struct KafkaSettingsTests {
    private func resolved(_ text: String, kafka: String? = nil, environment: [String: String] = [:]) async throws -> ResolvedSettings {
        let path = NSTemporaryDirectory() + "/pioneer-kafka-\(UUID().uuidString).yaml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        var given = GivenSettings(file: path)
        given.add(Settings.kafka, kafka)
        return try await ResolvedSettings.resolve(given, environment: environment)
    }

    private static let file = """
        kafka:
          bootstrap.servers: a:9092,b:9092
          security.protocol: sasl_plaintext
          sasl.mechanism: PLAIN
          sasl.username: pioneer
          sasl.password: { env: THE_PASSWORD }
          ssl.key.password: in the clear
          client.rack: x
        membership: dynamic
        """

    @Test func `brokers and properties come from the file, and secrets from where it says`() async throws {
        let settings = try await resolved(Self.file)
        let kafka = try #require(try KafkaSettings(settings, environment: ["THE_PASSWORD": "hush"]))
        #expect(kafka.properties.servers == "a:9092,b:9092" && kafka.membership == .dynamic)
        #expect(kafka.properties.description.contains("client.rack=x"))
        #expect(kafka.properties.description.contains("sasl.password=***") && kafka.properties.description.contains("ssl.key.password=***"))
    }

    @Test func `a flag replaces the brokers and keeps the rest`() async throws {
        let settings = try await resolved(Self.file, kafka: "c:1")
        let kafka = try #require(try KafkaSettings(settings, environment: ["THE_PASSWORD": "hush"]))
        #expect(kafka.properties.servers == "c:1" && kafka.properties.description.contains("sasl.username=pioneer"))
    }

    @Test func `the report shows where secrets are, and never what they are`() async throws {
        let report = SettingsReport(try await resolved(Self.file), names: [])
        for text in [report.lines(.plain).joined(separator: "\n"), report.json.description] {
            #expect(!text.contains("in the clear") && text.contains("$THE_PASSWORD") && text.contains("client.rack"))
        }
    }

    @Test func `a secret that is not there, a property without brokers and one that is no text are told with their places`() async throws {
        let settings = try await resolved(Self.file)
        let missing = #expect(throws: EngineError.self) { _ = try KafkaSettings(settings, environment: [:]) }
        #expect(missing?.message.contains(":6:20: 'kafka: sasl.password' names the variable 'THE_PASSWORD', which is not set") == true)
        let alone = try await resolved("kafka: { client.rack: x }\n")
        let brokers = #expect(throws: EngineError.self) { _ = try KafkaSettings(alone, environment: [:]) }
        #expect(brokers?.remedy?.contains("bootstrap.servers") == true)
        let several = await #expect(throws: EngineErrors.self) { _ = try await resolved("kafka: { client.rack: [1] }\n") }
        #expect(several?.errors.first?.message.contains("'kafka: client.rack' is a list") == true)
        let none = try await resolved("workers: 1\n")
        #expect(try KafkaSettings(none, environment: [:]) == nil)
    }

    @Test func `a directory keeps its kind: an engine's own log, or Kafka`() throws {
        for (made, other) in [(DataDirectory.Kind.embedded, DataDirectory.Kind.kafka), (.kafka, .embedded)] {
            let path = NSTemporaryDirectory() + "/pioneer-kind-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try FileManager.default.createDirectory(atPath: path + "/" + made.storeName, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/" + made.storeName + "/FORMAT"))
            try DataDirectory.checkKind(path, made)
            let error = #expect(throws: EngineError.self) { try DataDirectory.checkKind(path, other) }
            #expect(error?.code == .otherKind && error?.remedy?.contains("--kafka") == true)
        }
    }
}
