import Base
@testable import Runtime
import Stores
import Testing

@Suite struct OwnershipDecisionTests {
    private typealias Facts = OwnershipFacts
    private typealias Row = (Facts, OwnershipDecision)

    private static let table: [Row] = [
        // The group has told already.
        (Facts(standing: .lost), .letGo),
        (Facts(standing: .lost, proof: .taken), .letGo),
        (Facts(standing: .revoked), .letGo),
        (Facts(standing: .revoked, isClosed: true), .letGo),
        (Facts(standing: .revoked, proof: .fenced), .letGo),
        // An open epoch was left to the next owner.
        (Facts(standing: .stopping, isClosed: true), .letGo),
        (Facts(standing: .owned, isClosed: true), .restore),
        // Nothing of the task was read yet.
        (Facts(standing: .owned, hasFenced: false), .stands),
        (Facts(standing: .stopping, hasFenced: false), .stands),
        // The log tells.
        (Facts(standing: .owned), .prove),
        (Facts(standing: .owned, proof: .taken), .stands),
        (Facts(standing: .owned, proof: .fenced), .restore),
        (Facts(standing: .owned, proof: .useless), .restore),
        (Facts(standing: .owned, proof: .unknown), .askLater),
        (Facts(standing: .stopping), .prove),
        (Facts(standing: .stopping, proof: .taken), .stands),
        (Facts(standing: .stopping, proof: .fenced), .restore),
        (Facts(standing: .stopping, proof: .useless), .restore),
        (Facts(standing: .stopping, proof: .unknown), .letGo),
    ]

    @Test func `an error stands only for who is shown to own the task`() {
        for (facts, decision) in Self.table { #expect(OwnershipDecision.decide(facts) == decision, "\(facts)") }
        for standing in TaskStanding.allCases {
            for proof in Facts.Proof.allCases where proof != .taken {
                #expect(OwnershipDecision.decide(Facts(standing: standing, proof: proof)) != .stands)
            }
        }
    }
}

@Suite struct LedgerOwnershipTests {
    typealias Fault = ScriptedCluster.Fault

    private func owner(_ bench: LedgerBench) throws -> TaskLedger {
        let ledger = try bench.restored()
        #expect(try ledger.commit(bench.write(1)) == .committed)
        return ledger
    }

    @Test func `who owns the task is told so by a transaction that leaves nothing, and goes on`() throws {
        let bench = try LedgerBench()
        let ledger = try owner(bench)
        #expect(ledger.decideOwnership() == .stands)
        #expect(bench.cluster.calls.suffix(3) == [.begin, .sendOffsets, .abort])
        try bench.expect(epochs: 1)
        #expect(try ledger.commit(bench.write(2)) == .committed)
        try bench.expect(epochs: 2)
    }

    @Test func `a task without any epoch is asked for as well, and its group is left without offsets`() throws {
        let bench = try LedgerBench()
        let ledger = try bench.restored()
        #expect(ledger.decideOwnership() == .stands)
        #expect(bench.cluster.group.isEmpty)
    }

    @Test func `who was fenced is told so, running and restoring`() throws {
        let bench = try LedgerBench()
        let ledger = try owner(bench)
        let next = try bench.restored()
        #expect(ledger.decideOwnership() == .restore)
        #expect(next.decideOwnership() == .stands)
        let restoring = bench.ledger()
        #expect(restoring.decideOwnership() == .stands, "it has read nothing yet")
        _ = try restoring.restoreStep(now: bench.now)
        #expect(restoring.decideOwnership() == .stands && next.decideOwnership() == .restore)
        _ = try bench.restored()
        #expect(restoring.decideOwnership() == .restore)
    }

    @Test(arguments: [
        (ScriptedCluster.Call.begin, Fault.fenced, OwnershipDecision.restore), (.begin, .fatal(happened: false), .restore),
        (.sendOffsets, .fenced, .restore), (.sendOffsets, .fatal(happened: false), .restore),
        (.sendOffsets, .unknown(happened: false), .askLater), (.sendOffsets, .unknown(happened: true), .askLater),
        (.sendOffsets, .mustAbort, .askLater), (.abort, .fenced, .restore), (.abort, .unknown(happened: false), .restore),
    ])
    func `each answer of the log has its decision`(_ call: ScriptedCluster.Call, _ fault: Fault, _ decision: OwnershipDecision) throws {
        let bench = try LedgerBench()
        let ledger = try owner(bench)
        bench.cluster.script = [call: [fault]]
        #expect(ledger.decideOwnership() == decision)
        if decision == .askLater {
            #expect(ledger.decideOwnership() == .stands)
            #expect(try ledger.commit(bench.write(2)) == .committed)
            try bench.expect(epochs: 2)
        } else {
            try bench.expect(epochs: 1)
        }
    }

    @Test func `what the group has told is not asked for, nor while a commit is open`() throws {
        let bench = try LedgerBench()
        let ledger = try owner(bench)
        bench.cluster.script = [.commit: Array(repeating: .unknown(happened: true), count: Limits.transactionCallsMax)]
        #expect(thrownCode { _ = try ledger.commit(bench.write(2)) } == "task.commit_unknown")
        let calls = bench.cluster.calls
        #expect(ledger.decideOwnership() == .askLater)
        ledger.note(.revoked)
        #expect(ledger.decideOwnership() == .letGo)
        #expect(bench.cluster.calls == calls)
        ledger.close()
        #expect(ledger.decideOwnership() == .letGo)
    }
}
