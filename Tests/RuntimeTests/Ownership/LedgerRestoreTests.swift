import Base
@testable import Runtime
import Stores
import Testing

@Suite struct LedgerRestoreTests {
    private let changelog = Changelog.partition(of: ledgerTask)

    private func committed(_ epochs: UInt64, _ bench: LedgerBench) throws {
        let ledger = try bench.restored()
        let last = try ledger.lastEpoch(of: ledgerTask)?.epoch.number ?? 0
        for epoch in last + 1...epochs { #expect(try ledger.commit(bench.write(epoch)) == .committed) }
    }

    private func append(_ bench: LedgerBench, key: [UInt8], _ value: String?) throws {
        let buffer = RecordBuffer()
        key.withUnsafeBufferPointer { key in
            guard let value else { return buffer.append(timestamp: 1, key: key, value: nil) }
            let bytes = ledgerBytes(value)
            buffer.append(timestamp: 1, key: key, value: bytes)
            bytes.deallocate()
        }
        _ = try bench.cluster.log.append(
            AppendRequest(topic: changelog.topic, producer: nil, records: [(changelog.partition, buffer)]))
    }

    @Test func `an empty disk gets the state from the changelog, in bounded pieces that tell how far they are`() throws {
        let bench = try LedgerBench()
        try committed(40, bench)
        let end = try bench.cluster.log.range(of: changelog).end
        bench.local = InMemoryStore()
        bench.settings.chunkBytes = 100
        let first = bench.now + .seconds(1)
        let seen = try bench.restore(bench.ledger())
        try bench.expect(epochs: 40)
        let phases = seen.map(\.phase).reduce(into: [RestoreProgress.Phase]()) { if $0.last != $1 { $0.append($1) } }
        #expect(phases == [.asking, .reading])
        #expect(seen.allSatisfy { $0.startedAt == first })
        let reading = seen.filter { $0.phase == .reading }
        #expect(reading.allSatisfy { $0.rebuild == .nothingHere && $0.from == .zero && $0.to == end })
        #expect(reading.map(\.next) == reading.map(\.next).sorted() && reading.last?.next == end)
        #expect(reading.last?.appliedRecords == Int(end.number) && reading.last?.timeLeft == .zero)
        #expect(reading.count > 5)
    }

    @Test func `the disk's own state is used as it is, however unclean the stop and however long ago`() throws {
        let bench = try LedgerBench()
        try committed(5, bench)
        bench.now = bench.now + .days(9)
        let seen = try bench.restore(bench.ledger())
        #expect(seen.allSatisfy { $0.appliedRecords == 0 && $0.rebuild == nil })
        try bench.expect(epochs: 5)
    }

    @Test func `a disk that was away gets the tail only`() throws {
        let bench = try LedgerBench()
        try committed(5, bench)
        let (away, stood) = (bench.local, try bench.cluster.log.range(of: changelog).end)
        bench.local = InMemoryStore()
        try committed(9, bench)
        bench.local = away
        let seen = try bench.restore(bench.ledger())
        try bench.expect(epochs: 9)
        #expect(seen.last?.from == stood && seen.last?.rebuild == nil)
        let end = try bench.cluster.log.range(of: changelog).end
        #expect(seen.last?.appliedRecords == Int(end.number - stood.number))
    }

    @Test func `a disk that was away for longer than tombstones are kept starts over`() throws {
        let bench = try LedgerBench()
        try committed(5, bench)
        let away = bench.local
        bench.local = InMemoryStore()
        try committed(9, bench)
        bench.local = away
        bench.now = bench.now + .days(1)
        #expect(try bench.restore(bench.ledger()).last?.rebuild == .tombstonesGone)
        try bench.expect(epochs: 9)
    }

    @Test func `another log's state, and one beyond the changelog's end or before its first record, starts over`() throws {
        let bench = try LedgerBench()
        try committed(5, bench)
        let end = try bench.cluster.log.range(of: changelog).end
        func stray(_ log: String, _ offset: Offset) throws -> RebuildReason? {
            bench.local = InMemoryStore()
            _ = try bench.local.adopt(LogID(log))
            var changes = StateChanges()
            (StateScope.taskPrefix(ledgerTask) + [65]).withUnsafeBytes { changes.put(key: $0, value: $0) }
            let position = LocalPosition(changelog: offset, appliedAt: bench.now, epoch: epochRecord(99))
            try bench.local.apply(changes, of: ledgerTask, position: position)
            let reason = try bench.restore(bench.ledger()).last?.rebuild
            try bench.expect(epochs: 5)
            return reason
        }
        #expect(try stray("another", Offset(2)) == .otherLog)
        #expect(try stray("shared", end + 1) == .beyondEnd)
        // The first epoch's five records: later ones have overwritten all that they say.
        try bench.cluster.log.deleteRecords(before: Offset(5), in: changelog)
        #expect(try stray("shared", .zero) == .beforeFirst)
    }

    @Test func `a restore that was cut short goes on where it was, also in the midst of an epoch`() throws {
        for steps in 1..<40 {
            let bench = try LedgerBench()
            try committed(8, bench)
            bench.local = InMemoryStore()
            bench.settings.chunkBytes = 30
            _ = thrownCode { try bench.restore(bench.ledger(), stepsMax: steps) }
            let stood = try bench.local.position(of: ledgerTask)?.changelog ?? .zero
            let seen = try bench.restore(bench.ledger())
            #expect(seen.last?.from == stood)
            try bench.expect(epochs: 8)
        }
    }

    // MARK: Started over

    private func startOver(_ bench: LedgerBench, having tasks: [Int] = [0]) throws {
        let startOver = StartOver(
            topology: "t", taskCount: 1, cluster: bench.cluster, log: bench.cluster.reading, owner: bench.settings.owner,
            inputs: { _ in [ledgerEvents] }, hops: [], views: [])
        try startOver.perform(as: bench.cluster, having: tasks.map { PartitionNumber($0) }, now: bench.now)
    }

    @Test(arguments: [UInt64](0...6), [false, true])
    func `a task that was started over begins anew, whatever copy there is and whether the old records are gone`(
        stood: UInt64, keepsRecords: Bool
    ) throws {
        let bench = try LedgerBench()
        bench.cluster.reading.keepsRecords = keepsRecords
        let copy = bench.local, other = InMemoryStore()
        if stood > 0 {
            try committed(stood, bench)
            bench.local = other
            _ = try bench.restored()
        }
        bench.local = InMemoryStore()
        if stood < 6 { try committed(6, bench) }
        try startOver(bench)
        bench.local = copy
        let ledger = try bench.restored()
        let last = try ledger.lastEpoch(of: ledgerTask)
        #expect(last?.epoch == Epoch.none && last?.positions.map(\.next) == [.zero] && bench.cluster.group[ledgerEvents] == .zero)
        #expect(try bench.state().isEmpty)
        for epoch in 1...3 as ClosedRange<UInt64> { #expect(try ledger.commit(bench.write(epoch)) == .committed) }
        #expect(try bench.state() == LedgerBench.state(3))
        // A copy that has slept over all of it.
        bench.local = other
        #expect(try bench.restored().lastEpoch(of: ledgerTask)?.epoch == Epoch(3))
        #expect(try bench.state() == LedgerBench.state(3))
    }

    @Test func `nothing is started over by who does not have all tasks, or whose transaction fails`() throws {
        let bench = try LedgerBench()
        try committed(4, bench)
        #expect(thrownCode { try startOver(bench, having: []) } == "engine.not_alone")
        for call in [ScriptedCluster.Call.fence, .begin, .send, .sendOffsets, .commit] {
            for fault in [ScriptedCluster.Fault.mustAbort, .fenced, .fatal(happened: false)] {
                bench.cluster.script = [call: [fault]]
                #expect(thrownCode { try startOver(bench) } == "test.scripted", "\(call) \(fault)")
                bench.cluster.script = [:]
                _ = try bench.restored()
                try bench.expect(epochs: 4)
            }
        }
        // What is not answered is asked again; an answer that is lost for good is as good as none.
        bench.cluster.script = [.commit: Array(repeating: .unknown(happened: true), count: 3), .begin: [.unknown(happened: false)]]
        #expect(thrownCode { try startOver(bench) } == "test.scripted")
        try startOver(bench)
        #expect(try bench.restored().lastEpoch(of: ledgerTask)?.epoch == Epoch.none)
        #expect(try bench.state().isEmpty)
    }

    // MARK: A log whose records have to be fetched

    @Test func `records that come later than they are asked for are waited for`() throws {
        let bench = try LedgerBench()
        try committed(9, bench)
        (bench.cluster.reading.readsPerFetch, bench.cluster.reading.markers) = (3, 1)
        bench.local = InMemoryStore()
        let seen = try bench.restore(bench.ledger())
        #expect(seen.contains { $0.phase == .waiting })
        try bench.expect(epochs: 9)
        // Without a changelog it is the journal that is waited for.
        try bench.cluster.log.deleteRecords(before: bench.cluster.log.range(of: changelog).end, in: changelog)
        bench.local = InMemoryStore()
        #expect(thrownCode { try bench.restore(bench.ledger()) } == "task.changelog_lost")
    }

    @Test func `a marker behind the last record makes an old copy no older`() throws {
        let bench = try LedgerBench()
        try committed(9, bench)
        (bench.cluster.reading.readsPerFetch, bench.cluster.reading.markers) = (3, 1)
        bench.now = bench.now + .days(30)
        #expect(try bench.restore(bench.ledger()).allSatisfy { $0.rebuild == nil && $0.appliedRecords == 0 })
        try bench.expect(epochs: 9)
    }

    @Test func `a transaction that keeps the changelog back is told of, again and again, and the restore goes on after it`() throws {
        let bench = try LedgerBench()
        try committed(9, bench)
        bench.local = InMemoryStore()
        bench.cluster.reading.heldBackFrom = [changelog: Offset(10)]
        let ledger = bench.ledger()
        for _ in 0..<3 {
            let began = bench.now
            do {
                try bench.restore(ledger)
                Issue.record("the transaction was passed over")
            } catch let error as EngineError {
                #expect(error.code.text == "task.changelog_blocked" && error.isTransient)
            }
            #expect(bench.now - began >= .seconds(60))
        }
        bench.cluster.reading.heldBackFrom = [:]
        try bench.restore(ledger)
        try bench.expect(epochs: 9)
    }

    // MARK: Record and group

    @Test func `offsets that come late are waited for`() throws {
        let bench = try LedgerBench()
        try committed(3, bench)
        let ledger = try bench.restored()
        bench.cluster.offsetsLate = 4
        #expect(try ledger.commit(bench.write(4)) == .committed)
        let seen = try bench.restore(bench.ledger())
        #expect(seen.contains { $0.phase == .waiting })
        try bench.expect(epochs: 4)
    }

    @Test(arguments: [20, 40] as [Int64])
    func `offsets that stay different are refused with the remedy, until somebody has acted`(_ offset: Int64) throws {
        let bench = try LedgerBench()
        try committed(3, bench)
        bench.cluster.group[ledgerEvents] = Offset(offset)
        let began = bench.now
        let ledger = bench.ledger()
        do {
            try bench.restore(ledger)
            Issue.record("the difference was passed over")
        } catch let error as EngineError {
            #expect(error.code.text == "task.offsets_differ" && !error.isTransient)
            #expect(error.message.contains("events[0] up to offset 30") && error.message.contains("stands at \(offset)"))
            #expect(error.remedy?.contains("--group pioneer.t --topic events:0 --to-offset 30") == true)
        }
        #expect(bench.now - began > .seconds(60) && bench.now - began < .seconds(75))
        bench.cluster.group[ledgerEvents] = Offset(30)
        try bench.restore(bench.ledger())
        try bench.expect(epochs: 3)
    }

    @Test func `a task whose group's offsets have expired goes on from its record`() throws {
        let bench = try LedgerBench()
        try committed(3, bench)
        bench.cluster.group = [:]
        try committed(4, bench)
        try bench.expect(epochs: 4)
    }

    @Test func `a task that has never committed begins where its group was set`() throws {
        let bench = try LedgerBench()
        bench.cluster.group[ledgerEvents] = Offset(7)
        let ledger = try bench.restored()
        let beginning = try #require(try ledger.lastEpoch(of: ledgerTask))
        #expect(beginning.epoch == .none && beginning.positions.map(\.next) == [Offset(7)])
        #expect(try ledger.commit(bench.write(1)) == .committed)
        #expect(try ledger.lastEpoch(of: ledgerTask) == epochRecord(1))
        try bench.expect(epochs: 1)
    }

    @Test func `a changelog that was lost is refused, unless this disk has all of it`() throws {
        let bench = try LedgerBench()
        try committed(3, bench)
        try bench.cluster.log.deleteRecords(before: bench.cluster.log.range(of: changelog).end, in: changelog)
        try bench.restore(bench.ledger())
        try bench.expect(epochs: 3)
        bench.local = InMemoryStore()
        #expect(thrownCode { try bench.restore(bench.ledger()) } == "task.changelog_lost")
        bench.cluster.group = [:]
        #expect(thrownCode { try bench.restore(bench.ledger()) } == "task.changelog_lost")
    }

    @Test func `a changelog that was made anew does not cost the last copy of the state`() throws {
        let bench = try LedgerBench()
        try committed(3, bench)
        let anew = try LedgerBench()
        anew.cluster.group = bench.cluster.group
        anew.local = bench.local
        #expect(thrownCode { try anew.restore(anew.ledger()) } == "task.changelog_lost")
        #expect(try anew.state() == LedgerBench.state(3))
    }

    // MARK: Faults

    @Test func `a fence that does not answer is called again, and one that breaks has another producer`() throws {
        let bench = try LedgerBench()
        try committed(2, bench)
        bench.cluster.script = [.fence: [.unknown(happened: true), .fatal(happened: false), .unknown(happened: false)]]
        let ledger = bench.ledger()
        for _ in 0..<3 {
            #expect(throws: EngineError.self) { _ = try ledger.restoreStep(now: bench.now) }
            #expect(!ledger.isClosed)
        }
        try bench.restore(ledger)
        #expect(try ledger.commit(bench.write(3)) == .committed)
        try bench.expect(epochs: 3)
        bench.cluster.script = [.fence: [.fenced]]
        #expect(thrownCode { try bench.restore(bench.ledger()) } == "task.fenced")
    }

    @Test func `a disk that does not take a chunk gets it at the next step`() throws {
        let bench = try LedgerBench()
        try committed(12, bench)
        bench.local = InMemoryStore()
        bench.settings.chunkBytes = 60
        let ledger = bench.ledger()
        var random = SeededRandom(seed: 3)
        var failed = 0
        while !ledger.isReady {
            if random.below(2) == 0 { bench.local.failNext([.error, .errorAfterCommit][random.below(2)]) }
            if thrownCode({ _ = try ledger.restoreStep(now: bench.now) }) != nil { failed += 1 }
        }
        #expect(failed > 1)
        try bench.expect(epochs: 12)
    }

    @Test func `what others wrote into a changelog is damage`() throws {
        for (key, value) in [([7], "x"), ([], "x"), ([0], "no record"), ([1, 65], "behind the last epoch record")] as [([UInt8], String)] {
            let bench = try LedgerBench()
            try committed(2, bench)
            try append(bench, key: key, value)
            bench.local = InMemoryStore()
            #expect(thrownCode { try bench.restore(bench.ledger()) } == "task.changelog_damaged")
        }
    }
}

@Suite struct StandbyCopyTests {
    private func step(_ standby: StandbyCopy, _ bench: LedgerBench) throws {
        while try !standby.step(now: bench.now).isAtEnd {}
    }

    @Test func `a standby follows the owner and hands over by where it stands`() throws {
        let bench = try LedgerBench()
        let (owner, other) = (try bench.restored(), InMemoryStore())
        let standby = StandbyCopy(ledgerTask, cluster: bench.cluster, log: bench.cluster.log, local: other)
        for epoch in 1...20 as ClosedRange<UInt64> {
            #expect(try owner.commit(bench.write(epoch)) == .committed)
            if epoch % 3 == 0 {
                try step(standby, bench)
                #expect(try other.lastEpoch(of: ledgerTask) == epochRecord(epoch))
                #expect(try bench.state(other) == LedgerBench.state(epoch))
            }
        }
        // The standby fences nobody and commits nothing.
        #expect(bench.cluster.calls.count { $0 == .fence } == 1)
        try step(standby, bench)
        bench.local = other
        let seen = try bench.restore(bench.ledger())
        #expect(seen.last?.appliedRecords == 0 && seen.last?.rebuild == nil)
        try bench.expect(epochs: 20)
        #expect(try owner.commit(bench.write(21)) == .fenced)
    }

    @Test func `a standby that the changelog has left behind starts over`() throws {
        let bench = try LedgerBench()
        let (owner, other) = (try bench.restored(), InMemoryStore())
        let changelog = Changelog.partition(of: ledgerTask)
        let standby = StandbyCopy(ledgerTask, cluster: bench.cluster, log: bench.cluster.log, local: other)
        for epoch in 1...3 as ClosedRange<UInt64> { #expect(try owner.commit(bench.write(epoch)) == .committed) }
        try step(standby, bench)
        let stood = try bench.cluster.log.range(of: changelog).end
        for epoch in 4...12 as ClosedRange<UInt64> { #expect(try owner.commit(bench.write(epoch)) == .committed) }
        try bench.cluster.log.deleteRecords(before: stood + 5, in: changelog)
        #expect(try standby.step(now: bench.now).rebuild == .beforeFirst)
        try step(standby, bench)
        #expect(try other.lastEpoch(of: ledgerTask) == epochRecord(12))
        #expect(try bench.state(other) == LedgerBench.state(12))
    }

    @Test func `a standby applies whole epochs, where they fit a chunk`() throws {
        let bench = try LedgerBench()
        let (owner, other) = (try bench.restored(), InMemoryStore())
        for epoch in 1...9 as ClosedRange<UInt64> { #expect(try owner.commit(bench.write(epoch)) == .committed) }
        let standby = StandbyCopy(ledgerTask, cluster: bench.cluster, log: bench.cluster.log, local: other)
        while try !standby.step(now: bench.now).isAtEnd {
            guard let position = try other.position(of: ledgerTask) else { continue }
            let epoch = try #require(position.epoch).epoch.number
            #expect(try bench.state(other) == LedgerBench.state(epoch))
        }
    }
}
