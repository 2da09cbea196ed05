import Base
import Glibc
import KafkaBrokers
import KafkaLog
import OwnThreads
import StoresConformance
import Stores
import Testing

/// The contract of a cluster, which the simulated one keeps too: what is shown there under every mishap rests on both
/// behaving the same.
@Suite(.serialized, .ownThreads, .enabled(if: !LogBroker.here.isEmpty, "\(Brokers.skipped)"))
struct ClusterTests {
    @Test(arguments: LogBroker.clusterCases.shown)
    func `Kafka keeps the contract of a cluster`(_ test: LogBroker.Shown<ClusterCase>) throws {
        let properties = try test.broker.properties()
        let logs = Monitor<[KafkaLog]>([])
        defer { logs.withLock { for log in $0 { log.close() } } }
        try test.contract.run(
            ClusterUnderTest(
                topology: Brokers.unique("cluster"), abilities: .all,
                makeProcess: { instance in
                    var settings = KafkaCluster.Settings(instance: instance)
                    // Kafka allows no shorter sessions; the fault broker waits for their ends in some cases.
                    settings.sessionTimeout = test.broker == .kafka ? .seconds(6) : .seconds(3)
                    settings.rebalanceTimeout = test.broker == .kafka ? .seconds(7) : .seconds(4)
                    settings.callTimeout = .seconds(2)
                    let log = try KafkaLog(properties)
                    logs.withLock { $0.append(log) }
                    return .init(cluster: KafkaCluster(properties, settings), log: log, appender: log)
                },
                pass: { usleep(UInt32($0.microseconds)) }))
    }

    @Test(.disabled(if: !LogBroker.clusterCases.passedOver.isEmpty, "\(LogBroker.clusterCases.passedOver.joined(separator: "; "))"))
    func `Each broker shows the whole contract of a cluster`() { #expect(LogBroker.clusterCases.passedOver.isEmpty) }
}
