import Base
import OwnThreads
import Planner
@testable import Runtime
import Stores
import Testing

/// Whatever goes wrong, the committed epochs and the restored state are those of a straight run.
@Suite(.ownThreadsInTurn) struct LedgerFaultTests {
    private static func scripted(_ random: inout SeededRandom) -> [ScriptedCluster.Call: [ScriptedCluster.Fault?]] {
        var script: [ScriptedCluster.Call: [ScriptedCluster.Fault?]] = [:]
        for call in ScriptedCluster.Call.allCases where random.below(3) == 0 {
            script[call] = (0..<1 + random.below(5)).map { _ in
                switch random.below(9) {
                case 0, 1: .unknown(happened: true)
                case 2, 3: .unknown(happened: false)
                case 4: call == .fence ? .unknown(happened: true) : .mustAbort
                case 5: .fenced
                case 6: .fatal(happened: random.below(2) == 0)
                default: nil
                }
            }
        }
        return script
    }

    private func restored(_ bench: LedgerBench) -> TaskLedger {
        for _ in 0..<100 {
            let ledger = bench.ledger()
            for _ in 0..<200 where !ledger.isClosed {
                bench.now = bench.now + .milliseconds(100)
                if let step = try? ledger.restoreStep(now: bench.now), step == .ready { return ledger }
            }
        }
        preconditionFailure("a script comes to its end, and the restore with it")
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `random faults and crashes leave the epochs of a straight run`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let bench = try LedgerBench()
        bench.settings.chunkBytes = 20 + random.below(400)
        bench.cluster.tellsOffsets = random.below(2) == 0
        bench.cluster.reading.readsPerFetch = 1 + random.below(3)
        // The marker is only seen: the next record comes where it was, so that nobody may take its end for a position.
        if bench.cluster.tellsOffsets { bench.cluster.reading.markers = Int64(random.below(2)) }
        var disks = [bench.local]
        var ledger = restored(bench)
        var epoch: UInt64 = 1
        while epoch <= 15 {
            if random.below(3) == 0 { bench.cluster.script = Self.scripted(&random) }
            if random.below(6) == 0 { bench.local.failNext(random.below(2) == 0 ? .error : .errorAfterCommit) }
            if random.below(12) == 0 { ledger.note([.stopping, .revoked, .lost][random.below(3)]) }
            var isOver = random.below(10) == 0
            do {
                switch try ledger.commit(bench.write(epoch)) {
                case .committed: epoch += 1
                case .aborted: epoch = (try ledger.lastEpoch(of: ledgerTask)?.epoch ?? .none).next.number
                case .fenced: isOver = true
                }
            } catch {
                // The same write again, unless the ledger has given it up.
                isOver = isOver || ledger.isClosed
            }
            guard isOver else { continue }
            // A crash, a move to another process, or to one that had the task before.
            switch random.below(4) {
            case 0: bench.local = InMemoryStore()
            case 1: bench.local = disks[random.below(disks.count)]
            default: break
            }
            disks.append(bench.local)
            ledger = restored(bench)
            epoch = (try ledger.lastEpoch(of: ledgerTask)?.epoch ?? .none).next.number
        }
        bench.cluster.script = [:]
        bench.local = InMemoryStore()
        _ = restored(bench)
        try bench.expect(epochs: epoch - 1)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a topology's task on a log with faults writes what it writes without`(seed: UInt64) throws {
        let plan = try Sample.plan()
        let events = Sample.events(1_500, seed: seed)
        let straight = try run(plan, events, faults: nil)
        var random = SeededRandom(seed: seed)
        let troubled = try run(plan, events) { Self.scripted(&random) }
        #expect(straight.count > 2 && straight.values.contains { $0.count > 5 })
        #expect(troubled == straight)
    }

    /// The values of all topics that a task of the topology writes, its own records apart.
    private func run(
        _ plan: Plan, _ events: [Sample.Event], faults: (() -> [ScriptedCluster.Call: [ScriptedCluster.Fault?]])?
    ) throws -> [TopicName: [String]] {
        let cluster = try ScriptedCluster(topics: Set(plan.topics).sorted() + [.changelog(of: plan.topology)])
        let input = TopicPartition(plan.sources[0].topic, PartitionNumber(0))
        for part in stride(from: 0, to: events.count, by: 40) {
            let buffer = RecordBuffer()
            for event in events[part..<min(part + 40, events.count)] {
                event.json.withUnsafeBufferPointer { buffer.append(timestamp: 1, key: nil, value: $0) }
            }
            _ = try cluster.log.append(AppendRequest(topic: input.topic, producer: nil, records: [(input.partition, buffer)]))
        }
        var settings = TopologyTask.Settings()
        settings.batchRecords = 40
        settings.commitInterval = .zero
        let (end, local) = (try cluster.log.range(of: input).end, InMemoryStore())
        var now = Sample.start + .hours(1), starts = 0
        while true {
            starts += 1
            let id = TaskID(topology: plan.topology, partition: input.partition)
            let ledger = TaskLedger(id, inputs: [input], cluster: cluster, membership: cluster, log: cluster.log, local: local)
            let task = TopologyTask(
                plan, partition: input.partition, settings: settings, log: cluster.log, store: ledger, committer: ledger)
            do {
                while try ledger.restoreStep(now: now) != .ready { now = now + .milliseconds(10) }
                try task.restore()
            } catch { continue }
            while !ledger.isClosed {
                if let faults, starts < 40 { cluster.script = faults() } else { cluster.script = [:] }
                _ = thrownCode { _ = try task.step(now: now) }
                if task.currentStatus.inputs.first?.position.next == end {
                    return try topics(plan, cluster)
                }
            }
        }
    }

    private func topics(_ plan: Plan, _ cluster: ScriptedCluster) throws -> [TopicName: [String]] {
        var found: [TopicName: [String]] = [:]
        let batch = RecordBatch(capacity: 100_000)
        let written = plan.topics.filter { name in name != plan.sources[0].topic && name != .journal(of: plan.topology) }
        for name in Set(written) {
            let partition = TopicPartition(name, PartitionNumber(0))
            _ = try cluster.log.read(partition, from: .zero, recordsMax: 100_000, bytesMax: .max, into: batch)
            found[name] = (0..<batch.count).map { String(decoding: batch[$0].valueBytes ?? .init(start: nil, count: 0), as: UTF8.self) }
        }
        return found
    }
}
