import Base
import KafkaBrokers
import KafkaLog
import Stores
import StoresConformance

/// Both brokers, where they are there: what a log and a cluster keep does not depend on which one it is. What a broker
/// cannot show is passed over by name, with the reason.
enum LogBroker: String, CaseIterable, Sendable, CustomStringConvertible {
    case kafka, fault

    static let here = allCases.filter { $0 == .kafka ? Brokers.hasKafka : Brokers.hasFaultBroker }
    private static let sharedFault = Result { try FaultBroker() }

    var description: String {
        switch self {
        case .kafka: Brokers.isUsers ? "the broker at PIONEER_TEST_KAFKA" : "noida-db"
        case .fault: "the fault broker"
        }
    }

    func properties() throws -> KafkaProperties {
        try KafkaProperties(servers: self == .kafka ? Brokers.kafka() : Self.sharedFault.get().address)
    }

    func log() throws -> KafkaLog { try KafkaLog(try properties()) }

    // MARK: What it can show

    /// What a broker promises of topics and records. One that is not known is asked, by using it.
    var logAbilities: LogUnderTest.Abilities {
        switch self {
        case .kafka: Brokers.isUsers ? Self.usersAbilities : [.promptDeletes, .changesRetention]
        case .fault: []
        }
    }

    private static let usersAbilities: LogUnderTest.Abilities = {
        var found: LogUnderTest.Abilities = [.promptDeletes, .changesRetention]
        do {
            let log = try kafka.log()
            defer { log.close() }
            let name = TopicName.journal(of: Brokers.unique("probe")), partition = TopicPartition(name, PartitionNumber(0))
            for retention in [Retention.forever, Retention(age: .hours(1))] {
                try log.createTopic(TopicDescription(name: name, partitionCount: 1, retention: retention))
            }
            _ = try append(log, partition, buffer("a"))
            try log.deleteRecords(before: Offset(1), in: partition)
            if try log.topic(name)?.retention.age == nil { found.remove(.changesRetention) }
            if try log.range(of: partition).first == .zero { found.remove(.promptDeletes) }
        } catch {
            // The tests tell what is wrong with it.
        }
        return found
    }()

    /// Why the broker cannot show a case; nil: it can.
    private func lacks(_ needs: LogUnderTest.Abilities) -> String? {
        let lacking = needs.subtracting(logAbilities)
        if lacking.contains(.promptDeletes) { return "\(self) has no DeleteRecords" }
        return lacking.contains(.changesRetention) ? "\(self) has no AlterConfigs" : nil
    }

    private func lacks(_ needs: ClusterUnderTest.Abilities) -> String? {
        guard self == .kafka, !Brokers.isUsers else { return nil }
        if needs.contains(.unstableOffsets) { return "\(self) answers 'no offset' while a transaction holds one" }
        if needs.contains(.readsOn) { return "\(self) names aborted transactions to who reads on behind them, too" }
        if needs.contains(.checksGeneration) { return "\(self) keeps members that do not rejoin, and checks no generation" }
        return nil
    }

    /// A case and a broker that can show it.
    struct Shown<Case: Sendable>: Sendable, CustomStringConvertible {
        let broker: LogBroker
        let contract: Case
        let description: String
    }

    /// Which cases are run on which broker, and those that are passed over there with the reason.
    private static func split<Case: CustomStringConvertible>(
        _ cases: [Case], _ lacks: (LogBroker, Case) -> String?
    ) -> (shown: [Shown<Case>], passedOver: [String]) {
        var shown: [Shown<Case>] = [], passedOver: [String] = []
        for broker in here {
            for contract in cases {
                if let reason = lacks(broker, contract) {
                    passedOver.append("\(contract): \(reason)")
                } else {
                    shown.append(Shown(broker: broker, contract: contract, description: "\(broker): \(contract)"))
                }
            }
        }
        return (shown, passedOver)
    }

    /// What Kafka does not promise of any log is none of its contract: its offsets have gaps, its time milliseconds, and
    /// nothing of a test makes its records expire.
    static let logCases = split(LogCase.all.filter { $0.needs.isDisjoint(with: [.denseOffsets, .microseconds, .expiring]) }) {
        $0.lacks($1.needs)
    }
    static let clusterCases = split(ClusterCase.all) { $0.lacks($1.needs) }
}
