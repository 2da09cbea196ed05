import Base
@testable import Runtime
import Stores
import Testing

@Suite struct LedgerCommitTests {
    typealias Call = ScriptedCluster.Call

    @Test func `an epoch is one transaction, with the offsets always, and the local state after it`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        #expect(try ledger.lastEpoch(of: ledgerTask) == nil)
        #expect(try ledger.commit(bench.write(1)) == .committed)
        #expect(bench.cluster.calls == [.fence, .begin, .send, .send, .send, .sendOffsets, .commit])
        try bench.expect(epochs: 1)
        #expect(try ledger.commit(bench.write(2)) == .committed)
        try bench.expect(epochs: 2)
        #expect(try ledger.lastEpoch(of: ledgerTask) == epochRecord(2))
        let journal = try bench.records(TopicPartition(.journal(of: "t"), PartitionNumber(0)))
        #expect(journal.map(\.headers) == Array(repeating: ["instance": "one", "host": "host-1"], count: 2))
    }

    @Test func `an epoch without outputs and changes commits its offsets too`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        let write = EpochWrite(task: ledgerTask, record: epochRecord(1), outputs: [], changes: StateChanges())
        #expect(try ledger.commit(write) == .committed)
        #expect(bench.cluster.group[ledgerEvents] == Offset(10))
    }

    @Test func `where the log does not say where records went, the next restore reads them once more`() throws {
        let bench = try LedgerBench()
        bench.cluster.tellsOffsets = false
        let ledger = try bench.restored()
        for epoch in 1...3 as ClosedRange<UInt64> { #expect(try ledger.commit(bench.write(epoch)) == .committed) }
        #expect(try bench.local.position(of: ledgerTask)?.epoch == epochRecord(3))
        #expect(try bench.local.position(of: ledgerTask)?.changelog == .zero)
        ledger.close()
        _ = try bench.restored()
        try bench.expect(epochs: 3)
    }

    // MARK: One test a row of the decisions

    @Test(arguments: [true, false])
    func `a commit of unknown outcome is called again, and commits once`(happened: Bool) throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        bench.cluster.script = [.commit: [.unknown(happened: happened), .unknown(happened: happened)]]
        #expect(try ledger.commit(bench.write(1)) == .committed)
        #expect(bench.cluster.calls.count { $0 == .commit } == 3)
        try bench.expect(epochs: 1)
    }

    @Test(arguments: [true, false])
    func `a log that stays silent makes the commit throw, and its repeat goes on with the same call`(happened: Bool) throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        let silent = Array(repeating: ScriptedCluster.Fault?.some(.unknown(happened: happened)), count: Limits.transactionCallsMax + 1)
        bench.cluster.script = [.commit: silent]
        #expect(thrownCode { _ = try ledger.commit(bench.write(1)) } == "task.commit_unknown")
        #expect(thrownCode { _ = try ledger.lastEpoch(of: ledgerTask) } == "task.commit_unknown")
        #expect(try bench.local.position(of: ledgerTask) == nil)
        #expect(try ledger.commit(bench.write(1)) == .committed)
        #expect(bench.cluster.calls.count { $0 == .begin } == 1)
        try bench.expect(epochs: 1)
        #expect(try ledger.commit(bench.write(1)) == .committed)
        try bench.expect(epochs: 1)
    }

    @Test(arguments: [Call.begin, .send, .sendOffsets, .commit])
    func `an abort by the log leaves nothing, and the same epoch commits then`(at call: Call) throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        #expect(try ledger.commit(bench.write(1)) == .committed)
        bench.cluster.script = [call: [.mustAbort]]
        #expect(try ledger.commit(bench.write(2)) == .aborted)
        try bench.expect(epochs: 1)
        #expect(try ledger.lastEpoch(of: ledgerTask) == epochRecord(1))
        #expect(try ledger.commit(bench.write(2)) == .committed)
        try bench.expect(epochs: 2)
    }

    @Test func `a send of unknown outcome is aborted`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        bench.cluster.script = [.send: [nil, .unknown(happened: true)], .abort: [.unknown(happened: false), .unknown(happened: true)]]
        #expect(try ledger.commit(bench.write(1)) == .aborted)
        try bench.expect(epochs: 0)
        #expect(try ledger.commit(bench.write(1)) == .committed)
        try bench.expect(epochs: 1)
    }

    @Test(arguments: [Call.begin, .send, .sendOffsets, .commit], [ScriptedCluster.Fault.fenced, .fatal(happened: false)])
    func `a fenced owner and a useless producer close the ledger`(at call: Call, _ fault: ScriptedCluster.Fault) throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        #expect(try ledger.commit(bench.write(1)) == .committed)
        bench.cluster.script = [call: [fault]]
        #expect(try ledger.commit(bench.write(2)) == .fenced)
        #expect(ledger.isClosed)
        #expect(try ledger.commit(bench.write(2)) == .fenced)
        #expect(thrownCode { _ = try ledger.restoreStep(now: bench.now) } == "task.fenced")
        try bench.expect(epochs: 1)
        let next = try bench.restored()
        #expect(try next.commit(bench.write(2)) == .committed)
        try bench.expect(epochs: 2)
    }

    @Test func `a producer that breaks after the log has committed leaves the epoch to the restore`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        bench.cluster.script = [.commit: [.fatal(happened: true)]]
        #expect(try ledger.commit(bench.write(1)) == .fenced)
        #expect(try bench.local.position(of: ledgerTask) == nil)
        let next = try bench.restored()
        #expect(try next.lastEpoch(of: ledgerTask) == epochRecord(1))
        try bench.expect(epochs: 1)
    }

    @Test func `the former owner of a task is fenced by the next`() throws {
        let bench = try LedgerBench()
        let former = try bench.restored()
        #expect(try former.commit(bench.write(1)) == .committed)
        let next = try bench.restored()
        #expect(try former.commit(bench.write(2)) == .fenced)
        #expect(try next.commit(bench.write(2)) == .committed)
        try bench.expect(epochs: 2)
    }

    @Test(arguments: [TaskStanding.stopping, .revoked], [true, false])
    func `a task that has to go commits its epoch, and leaves an unknown one to the next owner`(
        _ standing: TaskStanding, happened: Bool
    ) throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        ledger.note(standing)
        #expect(try ledger.commit(bench.write(1)) == .committed)
        bench.cluster.script = [.commit: Array(repeating: .unknown(happened: happened), count: 9)]
        #expect(thrownCode { _ = try ledger.commit(bench.write(2)) } == "task.commit_unknown")
        #expect(ledger.isClosed)
        bench.cluster.script = [:]
        let next = try bench.restored()
        try bench.expect(epochs: happened ? 2 : 1)
        #expect(try next.commit(bench.write(happened ? 3 : 2)) == .committed)
        try bench.expect(epochs: happened ? 3 : 2)
    }

    @Test func `a lost task drops what is open`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        ledger.note(.lost)
        ledger.note(.owned)
        #expect(try ledger.commit(bench.write(1)) == .fenced)
        #expect(bench.cluster.calls == [.fence, .begin, .abort])
        try bench.expect(epochs: 0)
        let unready = bench.ledger()
        unready.note(.lost)
        #expect(thrownCode { try bench.restore(unready) } == "task.fenced")
    }

    @Test func `an epoch that the log has but the disk does not take is not sent again`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        bench.local.failNext(.error, .error)
        for _ in 0..<2 { #expect(thrownCode { _ = try ledger.commit(bench.write(1)) } == "store.injected") }
        #expect(thrownCode { _ = try ledger.lastEpoch(of: ledgerTask) } == "task.commit_unknown")
        #expect(try ledger.commit(bench.write(1)) == .committed)
        #expect(bench.cluster.calls.count { $0 == .commit } == 1)
        try bench.expect(epochs: 1)
        // Or the restore applies it.
        bench.local.failNext(.error)
        #expect(thrownCode { _ = try ledger.commit(bench.write(2)) } == "store.injected")
        _ = try bench.restored()
        try bench.expect(epochs: 2)
    }

    @Test func `another epoch of the same number waits for the open one's end`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        var other = bench.write(1)
        other.record.clock = EventTime(seconds: 77)
        bench.cluster.script = [.commit: Array(repeating: .unknown(happened: true), count: Limits.transactionCallsMax)]
        #expect(thrownCode { _ = try ledger.commit(bench.write(1)) } == "task.commit_unknown")
        #expect(try ledger.commit(other) == .aborted)
        #expect(try ledger.lastEpoch(of: ledgerTask) == epochRecord(1))
        try bench.expect(epochs: 1)
        bench.cluster.script = [.begin: Array(repeating: .unknown(happened: true), count: Limits.transactionCallsMax)]
        var third = bench.write(2)
        third.record.clock = EventTime(seconds: 78)
        #expect(thrownCode { _ = try ledger.commit(third) } == "task.commit_unknown")
        #expect(try ledger.commit(bench.write(2)) == .committed)
        try bench.expect(epochs: 2)
    }

    @Test func `an epoch that does not follow the last closes the ledger`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        #expect(try ledger.commit(bench.write(2)) == .fenced)
        #expect(ledger.isClosed)
        try bench.expect(epochs: 0)
    }
}
