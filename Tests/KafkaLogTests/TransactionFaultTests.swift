import Base
import CRdKafka
import KafkaBrokers
import OwnThreads
import Stores
import Testing

@testable import KafkaLog

/// What a broker does in a bad hour, on the fault broker: each test has one of its own.
@Suite(.serialized, .ownThreads, .enabled(if: Brokers.hasFaultBroker, "\(Brokers.skippedFaults)")) struct TransactionFaultTests {
    private let broker: FaultBroker
    private let rig: TaskRig
    private let cluster: KafkaCluster
    private let member: ServedMember
    private let producer: any TaskTransactions

    init() throws {
        broker = try FaultBroker()
        rig = try TaskRig(broker.address)
        cluster = try rig.cluster {
            $0.sessionTimeout = .seconds(3)
            $0.callTimeout = .milliseconds(1_500)
        }
        member = try rig.join(cluster)
        producer = try cluster.transactions(of: rig.task(0), member.membership)
        try producer.open()
    }

    private func send(_ values: String...) throws(TransactionFault) {
        try producer.send(rig.buffer(values), to: rig.output(0))
    }

    private func stand(at offset: Int64) throws(TransactionFault) {
        try producer.send(offsets: [rig.input(0): Offset(offset)])
    }

    /// Commits, however often it takes; says how often.
    private func commit() throws -> Int {
        var calls = 0
        try producer.persist { () throws(TransactionFault) in
            calls += 1
            try producer.commit()
        }
        return calls
    }

    private func groupOffset() throws -> Offset? {
        try cluster.committedOffsets(of: rig.topology, [rig.input(0)])[rig.input(0)]
    }

    @Test func `A commit whose answers are lost happens once`() throws {
        try send("a")
        try stand(at: 1)
        try broker.tell("drop-response EndTxn 2")
        _ = try commit()
        try producer.begin()
        try send("b")
        _ = try commit()
        #expect(try rig.values() == ["a", "b"])
        #expect(try groupOffset() == Offset(1))
    }

    @Test func `A commit that takes longer than a call is unknown, and the same call again takes up its result`() throws {
        try send("a")
        try stand(at: 1)
        try broker.tell("latency EndTxn 2500")
        let kind = faultKind { () throws(TransactionFault) in try producer.commit() }
        #expect(kind == .unknown)
        _ = try commit()
        try broker.tell("reset")
        try producer.begin()
        try send("b")
        _ = try commit()
        #expect(try rig.values() == ["a", "b"])
    }

    @Test(.timeLimit(.minutes(2))) func `A record of as many bytes as may be sent is sent, though it is larger than the queue`() throws {
        let large = try rig.cluster(properties: ["message.max.bytes": "10000000"])
        let producer = try large.transactions(of: rig.task(1), member.membership)
        try producer.open()
        let value = String(repeating: "v", count: 9_000_000)
        try producer.send(rig.buffer([value]), to: rig.output(1))
        try producer.persist { () throws(TransactionFault) in try producer.commit() }
        #expect(try rig.values(1).map(\.utf8.count) == [9_000_000])
    }

    @Test func `Requests that do not arrive are repeated`() throws {
        for api in ["AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"] {
            try broker.tell("drop-request \(api)")
        }
        try send("a")
        try producer.persist { () throws(TransactionFault) in try stand(at: 1) }
        _ = try commit()
        #expect(try rig.values() == ["a"])
        #expect(try groupOffset() == Offset(1))
    }

    /// See "Versions of librdkafka" in the documentation: no caller can end such a call.
    private static let mayNeverReturn = KafkaVersion.text.hasPrefix("2.16.")

    @Test(.disabled(if: mayNeverReturn, "librdkafka 2.16.0 may never return from a call whose answer was lost"))
    func `Lost answers of every step leave one copy of each record`() throws {
        for round in 0..<3 {
            for api in ["AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"] {
                try broker.tell("drop-response \(api)")
            }
            if round > 0 { try producer.begin() }
            try send("\(round)")
            try producer.persist { () throws(TransactionFault) in try stand(at: Int64(round)) }
            _ = try commit()
        }
        #expect(try rig.values() == ["0", "1", "2"])
        #expect(try groupOffset() == Offset(2))
    }

    @Test func `Connections cut in the midst of a transaction do not harm it`() throws {
        try send("a")
        if let producer = producer as? KafkaTransactions { rd_kafka_flush(producer.handle.pointer, 5_000) }
        try broker.tell("disconnect-all")
        try send("b")
        try producer.persist { () throws(TransactionFault) in try stand(at: 2) }
        try broker.tell("disconnect-all")
        _ = try commit()
        #expect(try rig.values() == ["a", "b"])
    }

    @Test(arguments: [("EndTxn", 51), ("AddPartitionsToTxn", 51), ("AddOffsetsToTxn", 14), ("TxnOffsetCommit", 14), ("Produce", 19)])
    func `Errors that pass are waited out`(api: String, code: Int) throws {
        try broker.tell("error \(api) \(code) 2")
        try send("a")
        try producer.persist { () throws(TransactionFault) in try stand(at: 1) }
        _ = try commit()
        #expect(try rig.values() == ["a"])
        #expect(try groupOffset() == Offset(1))
    }

    @Test(arguments: [
        ("EndTxn", 53, Expected.fatal), ("AddOffsetsToTxn", 30, .mustAbort), ("TxnOffsetCommit", 30, .mustAbort),
        ("TxnOffsetCommit", 48, .fatal), ("AddPartitionsToTxn", 29, .mustAbort), ("AddPartitionsToTxn", 47, .fenced),
        ("TxnOffsetCommit", 25, .fenced), ("TxnOffsetCommit", 22, .fenced), ("TxnOffsetCommit", 82, .fenced),
        ("EndTxn", 90, .fenced), ("EndTxn", 49, .mustAbort),
    ])
    func `Errors that do not pass end the transaction, and nothing of it is read`(api: String, code: Int, expected: Expected) throws {
        try broker.tell("error \(api) \(code) 1")
        let kind = faultKind { () throws(TransactionFault) in
            try send("a")
            try producer.persist { () throws(TransactionFault) in try stand(at: 1) }
            try producer.persist { () throws(TransactionFault) in try producer.commit() }
        }
        switch expected {
        case .fatal: #expect(kind == .fatal)
        case .fenced: #expect(kind == .fenced)
        case .mustAbort:
            #expect(kind == .mustAbort)
            try producer.persist { () throws(TransactionFault) in try producer.abort() }
            try producer.begin()
            try send("next")
            _ = try commit()
        }
        producer.close()
        // Whatever it was: a new owner finds nothing of the transaction.
        let owner = try cluster.transactions(of: rig.task(0), member.membership)
        try owner.open()
        try owner.send(rig.buffer(["owner"]), to: rig.output(0))
        try owner.commit()
        #expect(try rig.values() == (expected == .mustAbort ? ["next", "owner"] : ["owner"]))
        #expect(try groupOffset() == nil)
        owner.close()
    }

    enum Expected: Sendable { case fatal, mustAbort, fenced }

    @Test func `A batch that the broker refuses is resolved to its record`() throws {
        // The fault broker looks into no batch. It refuses the whole one, and the next two times it is asked: both halves,
        // as a broker would that refuses both records.
        try broker.tell("error Produce 87 1")
        let kind = faultKind { () throws(TransactionFault) in
            try send("a")
            try producer.persist { () throws(TransactionFault) in try producer.commit() }
        }
        guard case .refused(let records) = kind else {
            Issue.record("\(String(describing: kind))")
            return
        }
        #expect(records.map(\.index) == [0] && records.map(\.partition) == [rig.output(0)])
        try producer.abort()
        try producer.begin()
        try broker.tell("error Produce 87 3")
        let second = faultKind { () throws(TransactionFault) in
            try send("b", "c")
            try producer.persist { () throws(TransactionFault) in try producer.commit() }
        }
        guard case .refused(let records) = second else {
            Issue.record("\(String(describing: second))")
            return
        }
        #expect(records.map(\.index).count == 1, "whole, whole again, one half: \(records)")
        try producer.abort()
        try producer.begin()
        try send("d")
        _ = try commit()
        #expect(try rig.values() == ["d"])
    }

    @Test func `A transaction that outlives its timeout is aborted, and its producer fenced`() throws {
        let short = try rig.cluster { $0.transactionTimeout = .seconds(1) }
        let slow = try short.transactions(of: rig.task(1), member.membership)
        try slow.open()
        try slow.send(rig.buffer(["slow"]), to: rig.output(1))
        if let slow = slow as? KafkaTransactions { rd_kafka_flush(slow.handle.pointer, 5_000) }
        let until = Stopwatch()
        while try rig.values(1, committed: false).count < 1 || until.elapsedSeconds < 1.5 { _ = member.awaits(seconds: 1) { _ in false } }
        let kind = faultKind { () throws(TransactionFault) in try slow.persist { () throws(TransactionFault) in try slow.commit() } }
        #expect(kind == .fenced || kind == .fatal, "\(String(describing: kind))")
        #expect(try rig.values(1) == [])
        slow.close()
    }

    @Test func `Offsets whose markers are late are unstable, then there`() throws {
        try broker.tell("delay-markers 2500")
        try send("a")
        try stand(at: 1)
        _ = try commit()
        #expect(throws: EngineError.self) { try groupOffset() }
        let patient = try rig.cluster { $0.callTimeout = .seconds(10) }
        #expect(try patient.committedOffsets(of: rig.topology, [rig.input(0)]) == [rig.input(0): Offset(1)])
        #expect(try rig.values() == ["a"])
    }

    @Test func `Offsets of who was thrown out of the group are refused`() throws {
        try send("a")
        let membership = try #require(member.membership as? KafkaMembership)
        // The group moves on; this process has not heard of it yet.
        member.stopServing()
        try broker.tell("evict pioneer.\(rig.topology)")
        #expect(membership.generation(owning: PartitionNumber(0)) != nil)
        #expect(faultKind { () throws(TransactionFault) in try stand(at: 1) } == .fenced)
        producer.close()
        #expect(try groupOffset() == nil)
        #expect(try rig.values() == [])
    }

    @Test func `A topic that is not there fails the transaction, with its name`() throws {
        let quick = try rig.cluster { $0.transactionTimeout = .seconds(3) }
        let producer = try quick.transactions(of: rig.task(0), member.membership)
        defer { producer.close() }
        try producer.open()
        let absent = TopicPartition(try #require(TopicName("\(rig.topology)-absent")), PartitionNumber(0))
        var fault: TransactionFault?
        do throws(TransactionFault) {
            try producer.send(rig.buffer(["a"]), to: absent)
            try producer.persist { () throws(TransactionFault) in try producer.commit() }
        } catch {
            fault = error
        }
        #expect(fault?.kind == .mustAbort, "\(String(describing: fault))")
        try producer.persist { () throws(TransactionFault) in try producer.abort() }
    }
}
