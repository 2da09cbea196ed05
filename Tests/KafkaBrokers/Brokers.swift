import Base
import Foundation
import Synchronization

/// The Kafka that tests run against, and which of them can run here.
///
/// - `PIONEER_TEST_KAFKA=host:port` names the user's own. Without it a noida-db is started once a test process, on a free
///   port and in a temporary directory: `PIONEER_TEST_NOIDA`, or `.build/tools/kafka/bin/noida-db`.
/// - `PIONEER_TEST_KAFKA_BROKER` is the fault broker, or `../shared/kafka/broker.py` beside the package; see `FaultBroker`.
///
/// Tests whose broker is absent are skipped by `.enabled(if: Brokers.hasKafka, …)`.
public enum Brokers {
    public static let skipped: String = "no Kafka here: set PIONEER_TEST_KAFKA or PIONEER_TEST_NOIDA"
    public static let skippedFaults: String = "no fault broker here: set PIONEER_TEST_KAFKA_BROKER"

    public static let hasKafka = users != nil || noida != nil
    public static let hasFaultBroker = faultBroker != nil

    /// Whether the user's own Kafka is tested with, which keeps to all the rules and keeps what tests leave.
    public static let isUsers = users != nil

    /// `host:port` of the broker that all tests of this process share.
    public static func kafka() throws -> String { try users ?? started.get().address }

    /// A broker of the caller's own, for what needs topics of given names: it ends with the object. Never the user's.
    public static func own() throws -> NoidaBroker {
        guard let noida else { throw BrokerTrouble(description: skippedOwn) }
        return try NoidaBroker(program: noida)
    }

    public static let hasOwn = noida != nil
    public static let skippedOwn: String = "no noida-db here: set PIONEER_TEST_NOIDA"

    /// A name that nobody used before, for topics and groups: brokers are shared.
    public static func unique(_ name: String) -> String {
        "\(name)-\(getpid())-\(DispatchTime.now().uptimeNanoseconds % 1_000_000_000)-\(counter.add(1, ordering: .relaxed).newValue)"
    }

    private static let counter = Atomic<Int>(0)
    private static let users = environment("PIONEER_TEST_KAFKA")
    private static let noida = program("PIONEER_TEST_NOIDA", ".build/tools/kafka/bin/noida-db")
    static let faultBroker = program("PIONEER_TEST_KAFKA_BROKER", "../shared/kafka/broker.py")

    private static let started: Result<NoidaBroker, any Error> = Result {
        try own()
    }

    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The file that a variable names, else one at a path from the package's directory; nil where there is none.
    static func program(_ variable: String, _ path: String) -> String? {
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { package.deleteLastPathComponent() }
        let file = environment(variable) ?? package.appendingPathComponent(path).standardizedFileURL.path
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }
}

/// What kept a broker from running, in a sentence.
public struct BrokerTrouble: Error, CustomStringConvertible {
    public let description: String
}

/// A noida-db on a free port and in a temporary directory, which end with it.
public final class NoidaBroker: Sendable {
    public let address: String
    private let process: BrokerProcess

    fileprivate init(program: String) throws {
        let port = try BrokerProcess.freePort()
        let directory = try BrokerProcess.temporaryDirectory()
        address = "127.0.0.1:\(port)"
        process = try BrokerProcess(
            [program, "start", "--only", "kafka", "--kafka-port", "\(port)", "--data-dir", directory], port: port, removing: directory)
    }
}
