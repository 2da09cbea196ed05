import Base
import KafkaBrokers
import OwnThreads
import Stores
import Testing

@testable import KafkaLog

/// What any Kafka shows of a group.
@Suite(.serialized, .ownThreads, .enabled(if: Brokers.hasKafka, "\(Brokers.skipped)")) struct MembershipTests {
    @Test func `Two processes share the tasks, and who leaves gives its own up at once`() throws {
        let rig = try TaskRig(Brokers.kafka(), taskCount: 4)
        let first = try rig.join(try rig.cluster())
        let second = try rig.join(try rig.cluster(), expecting: 2)
        #expect(first.awaits { $0.owned.count == 2 })
        #expect(Set(first.seen.owned + second.seen.owned).count == 4)
        #expect(first.seen.changes.contains(.revoked((0..<4).map { PartitionNumber($0) })))
        second.leave()
        #expect(first.awaits { $0.owned.count == 4 })
        first.leave()
        #expect(first.seen.changes.last == .revoked((0..<4).map { PartitionNumber($0) }))
    }
}

/// What the group of the fault broker shows beyond that: sessions end, and former selves are fenced.
@Suite(.serialized, .ownThreads, .enabled(if: Brokers.hasFaultBroker, "\(Brokers.skippedFaults)")) struct MembershipFaultTests {
    private let broker: FaultBroker
    private let rig: TaskRig

    init() throws {
        broker = try FaultBroker()
        rig = try TaskRig(broker.address, taskCount: 4)
    }

    private func process(_ instance: String?) throws -> KafkaCluster {
        try rig.cluster(instance: instance) { $0.sessionTimeout = .seconds(2) }
    }

    @Test func `A process back under its name has its tasks again, and the others notice nothing`() throws {
        let first = try rig.join(try process("a"))
        let second = try rig.join(try process("b"), expecting: 2)
        #expect(first.awaits { $0.owned.count == 2 })
        let owned = first.seen.owned, changes = second.seen.changes.count
        first.leave()
        let back = try rig.join(try process("a"), expecting: 2)
        #expect(back.seen.owned == owned)
        #expect(second.seen.changes.count == changes)
        back.leave()
        second.leave()
    }

    @Test func `A process that leaves under a name of its own keeps its tasks until its session ends`() throws {
        let first = try rig.join(try process("a"))
        let second = try rig.join(try process("b"), expecting: 2)
        #expect(first.awaits { $0.owned.count == 2 })
        first.leave()
        #expect(second.seen.owned.count == 2)
        #expect(second.awaits { $0.owned.count == 4 })
        second.leave()
    }

    @Test func `A second process of the same name fences the first, which says why`() throws {
        let first = try rig.join(try process("same"))
        let second = try rig.join(try process("same"))
        #expect(first.awaits { $0.error != nil })
        #expect(first.seen.error?.code == .kafkaInstanceFenced)
        #expect(first.seen.owned == [])
        #expect(first.seen.changes.last == .lost((0..<4).map { PartitionNumber($0) }))
        #expect(second.seen.owned.count == 4)
        #expect(throws: EngineError.self) { try first.membership.serve(timeout: .zero) { _ in } }
        first.leave()
        second.leave()
    }

    @Test func `Who is thrown out has lost its tasks, and joins again`() throws {
        let member = try rig.join(try process(nil))
        try broker.tell("evict pioneer.\(rig.topology)")
        let all = (0..<4).map { PartitionNumber($0) }
        #expect(member.awaits { $0.changes.count >= 3 })
        #expect(member.seen.changes.prefix(3) == [.assigned(all), .lost(all), .assigned(all)])
        member.leave()
    }

    @Test func `Whose process stands still loses its tasks to the others, and commits nothing of them when it goes on`() throws {
        let cluster = try rig.cluster { settings in
            settings.sessionTimeout = .seconds(1)
            settings.rebalanceTimeout = .seconds(2)
        }
        let first = try rig.join(cluster)
        let producer = try cluster.transactions(of: rig.task(0), first.membership)
        defer { producer.close() }
        try producer.open()
        first.stopServing()
        let second = try rig.join(cluster)
        #expect(second.seen.owned.count == 4)
        // It may hear first of the revoke that it missed, or at once that all is lost.
        var told: MembershipChange?, kind: TransactionFault.Kind?
        let watch = Stopwatch()
        while told == nil, watch.elapsedSeconds < 20 {
            try first.membership.serve(timeout: .milliseconds(100)) { change in
                guard told == nil else { return }
                kind = faultKind { () throws(TransactionFault) in try producer.send(offsets: [rig.input(0): Offset(1)]) }
                told = change
            }
        }
        let all = (0..<4).map { PartitionNumber($0) }
        #expect(told == .revoked(all) || told == .lost(all))
        #expect(kind == .fenced)
        second.leave()
    }
}
