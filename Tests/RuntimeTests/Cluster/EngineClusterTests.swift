import Base
import Columns
import OwnThreads
import Planner
import Stores
import Testing

@testable import Runtime

/// Engines with their threads on one cluster in memory: tasks come, go, are lost and fenced under load, and every row is
/// there once.
@Suite(.ownThreadsInTurn) struct EngineClusterTests {
    private static let partitions = 4
    private static let readings = TopicName("readings")!

    private let log = InMemoryStore()
    private let cluster: FakeCluster
    private let plan: Plan
    private let events = Sample.events(4_000, seed: 91, disorder: .zero)

    init() throws {
        cluster = FakeCluster(log)
        plan = try Sample.plan()
    }

    /// An engine of a process of its own: local state and views are nobody else's.
    private func engine(
        _ name: String, views: MemoryViews = MemoryViews(), isStandby: Bool = false, reading: GatedLog? = nil
    ) throws -> Engine {
        var settings = EngineSettings()
        settings.partitionCount = Self.partitions
        settings.workerCount = 2
        settings.commitInterval = .milliseconds(20)
        settings.batchRecords = 64
        let host = ClusterHost(
            cluster: cluster, local: InMemoryStore(), owner: TaskOwner(instance: name, host: "machine-\(name)"), isStandby: isStandby)
        let clock = ManualClock(Sample.start + .hours(3))
        let log: any EventLog & RecordAppender = if let reading { reading } else { log }
        let parts = Engine.Parts(log: log, host: .cluster(host), views: views, clock: clock)
        let engine = try Engine(plans: [plan], settings: settings, parts: parts)
        try engine.start()
        return engine
    }

    private func append(_ events: ArraySlice<Sample.Event>, through engine: Engine) throws {
        for start in stride(from: events.startIndex, to: events.endIndex, by: 100) {
            let lines: [UInt8] = events[start..<min(start + 100, events.endIndex)].flatMap { $0.json + [UInt8(ascii: "\n")] }
            let routed = try lines.withUnsafeBytes { try engine.route(topic: Self.readings, lines: $0, now: Sample.start) }
            _ = try log.append(AppendRequest(topic: Self.readings, producer: nil, records: routed.records))
        }
    }

    private func tasks(_ numbers: Int...) -> [PartitionNumber] { numbers.map { PartitionNumber($0) } }

    /// Until the group stands at the ends of all inputs.
    private func waitUntilCommitted() throws {
        let inputs = (0..<Self.partitions).map { TopicPartition(Self.readings, PartitionNumber($0)) }
        for _ in 0..<8_000 {
            let offsets = try cluster.committedOffsets(of: plan.topology, inputs)
            if try inputs.allSatisfy({ offsets[$0] ?? .zero == (try log.range(of: $0)).end }) { return }
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(10))
        }
        Issue.record("the tasks did not come to their inputs' ends")
    }

    /// Each row of a topic that is written once a window: its key and value.
    private func rows(_ topic: TopicName) throws -> [String] {
        var rows: [String] = []
        let batch = RecordBatch()
        for number in 0..<Self.partitions {
            var next = Offset.zero
            while case .records(let reached) = try log.read(
                TopicPartition(topic, PartitionNumber(number)), from: next, recordsMax: 10_000, bytesMax: 10 << 20, into: batch)
            {
                for index in 0..<batch.count {
                    let key = batch[index].keyBytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
                    rows.append(key + " " + (batch[index].valueBytes.map { String(decoding: $0, as: UTF8.self) } ?? ""))
                }
                next = reached
            }
        }
        return rows.sorted()
    }

    /// What one undisturbed process makes of the same events.
    private func reference() throws -> (minutes: [String], hours: [String]) {
        let calm = try EngineClusterTests()
        let engine = try calm.engine("calm")
        try calm.append(calm.events[...], through: engine)
        calm.cluster.memberships(plan.topology, count: 1)[0].say(.assigned(tasks(0, 1, 2, 3)))
        try calm.waitUntilCommitted()
        engine.stop()
        try engine.join()
        return (try calm.rows(.view("minutes", of: plan.topology)), try calm.rows(TopicName("hours")!))
    }

    private func expectReference() throws {
        let wanted = try reference()
        let minutes = try rows(.view("minutes", of: plan.topology))
        #expect(minutes == wanted.minutes && wanted.minutes.count > 500)
        #expect(try rows(TopicName("hours")!) == wanted.hours)
    }

    @Test func `tasks that move to and fro under load leave every row once, and every process has the views`() throws {
        let views = [MemoryViews(), MemoryViews()]
        let engines = [try engine("a", views: views[0]), try engine("b", views: views[1])]
        let members = cluster.memberships(plan.topology, count: 2)
        members[0].say(.assigned(tasks(0, 1, 2, 3)))
        try append(events[..<1_000], through: engines[0])
        members[0].say(.revoked(tasks(2, 3)))
        members[1].say(.assigned(tasks(2, 3)))
        try append(events[1_000..<2_000], through: engines[1])
        members[1].say(.revoked(tasks(2)))
        members[0].say(.assigned(tasks(2)))
        try append(events[2_000..<3_000], through: engines[1])
        members[0].say(.revoked(tasks(0, 1, 2)))
        members[1].say(.assigned(tasks(0, 1, 2)))
        try append(events[3_000...], through: engines[0])
        try waitUntilCommitted()
        // Who has no task at all knows of all of them, and answers queries in full.
        let wanted = try rows(.view("minutes", of: plan.topology)).count
        for _ in 0..<500 where views.contains(where: { $0["minutes"]?.rows.count != wanted }) {
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(10))
        }
        let away = EngineStatus.Task.Place.elsewhere(TaskOwner(instance: "b", host: "machine-b"))
        for _ in 0..<500 where Set(try engines[0].status().topologies[0].tasks.map(\.place)) != [away] {
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(10))
        }
        #expect(try engines[0].status().topologies[0].tasks.map(\.place) == [away, away, away, away])
        for engine in engines {
            engine.stop()
            try engine.join()
        }
        #expect(members.map(\.isClosed) == [true, true])
        try expectReference()
        #expect(try Set(rows(.view("minutes", of: plan.topology))).count == views[0]["minutes"]?.rows.count)
        #expect(views[0]["minutes"]?.rows == views[1]["minutes"]?.rows)
        #expect(engines[0].statuses.isEmpty && engines[1].statuses.count == 4)
    }

    @Test func `tasks that are lost drop what was open, and their next owner does it again`() throws {
        let engines = [try engine("a"), try engine("b")]
        let members = cluster.memberships(plan.topology, count: 2)
        members[0].say(.assigned(tasks(0, 1, 2, 3)))
        for round in 0..<8 {
            try append(events[(round * 500)..<(round * 500 + 500)], through: engines[0])
            let from = members[round % 2], to = members[(round + 1) % 2]
            // As with a process that stood still: the other has the tasks before this one knows.
            to.say(.assigned(tasks(0, 1, 2, 3)))
            from.say(.lost(tasks(0, 1, 2, 3)))
        }
        try waitUntilCommitted()
        for engine in engines {
            engine.stop()
            try engine.join()
        }
        try expectReference()
    }

    @Test func `a task that is fenced, or whose commit fails, is taken up again, and the others go on`() throws {
        let engine = try engine("a")
        let member = cluster.memberships(plan.topology, count: 1)[0]
        cluster.failNext(.fenceFails)
        member.say(.assigned(tasks(0, 1, 2, 3)))
        for round in 0..<8 {
            try append(events[(round * 500)..<(round * 500 + 500)], through: engine)
            cluster.fence(TaskID(topology: plan.topology, partition: PartitionNumber(round % 4)))
            cluster.failNext([.unknown, .mustAbort][round % 2])
        }
        try waitUntilCommitted()
        engine.stop()
        try engine.join()
        try expectReference()
    }

    @Test func `a stop commits what is open, leaves the group, and another process goes on from there`() throws {
        let first = try engine("a")
        cluster.memberships(plan.topology, count: 1)[0].say(.assigned(tasks(0, 1, 2, 3)))
        try append(events[..<2_000], through: first)
        first.stop()
        try first.join()
        #expect(cluster.memberships(plan.topology, count: 1)[0].isClosed)
        let second = try engine("b")
        cluster.memberships(plan.topology, count: 2)[1].say(.assigned(tasks(0, 1, 2, 3)))
        try append(events[2_000...], through: second)
        try waitUntilCommitted()
        second.stop()
        try second.join()
        try expectReference()
    }

    /// Removes what the group has read, as the owner of a hop's partition does.
    private func trimReadings() throws {
        for number in 0..<Self.partitions {
            let input = TopicPartition(Self.readings, PartitionNumber(number))
            try log.deleteRecords(before: try log.range(of: input).end, in: input)
        }
    }

    @Test func `a process that stood still until others had removed what it needs next does not end of that`() throws {
        let reading = GatedLog(log)
        let engines = [try engine("a", reading: reading), try engine("b")]
        let members = cluster.memberships(plan.topology, count: 2)
        members[0].say(.assigned(tasks(0, 1, 2, 3)))
        try append(events[..<1_000], through: engines[0])
        try waitUntilCommitted()
        reading.close()
        members[1].say(.assigned(tasks(0, 1, 2, 3)))
        try append(events[1_000..<2_000], through: engines[1])
        try waitUntilCommitted()
        try trimReadings()
        let fences = cluster.fenceCount
        reading.open()
        // It has met its error once it owns a task again, or has ended of it.
        for _ in 0..<2_000 where !engines[0].isStopping && cluster.fenceCount == fences {
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(10))
        }
        #expect(!engines[0].isStopping && cluster.fenceCount > fences)
        members[0].say(.lost(tasks(0, 1, 2, 3)))
        try append(events[2_000...], through: engines[1])
        try waitUntilCommitted()
        for engine in engines {
            engine.stop()
            try engine.join()
        }
        try expectReference()
    }

    @Test func `the owner of a task ends when what it needs next has been removed`() throws {
        let reading = GatedLog(log)
        let engine = try engine("a", reading: reading)
        cluster.memberships(plan.topology, count: 1)[0].say(.assigned(tasks(0, 1, 2, 3)))
        try append(events[..<1_000], through: engine)
        try waitUntilCommitted()
        reading.close()
        try append(events[1_000..<2_000], through: engine)
        try trimReadings()
        reading.open()
        let error = #expect(throws: EngineError.self) { try engine.join() }
        #expect(error?.code == .taskInputExpired)
    }

    @Test func `what waiting cannot mend stops the engine with its error`() throws {
        let engine = try engine("a")
        let foreign = RecordBuffer(), bytes: [UInt8] = [7, 7]
        bytes.withUnsafeBufferPointer { foreign.append(timestamp: 0, key: $0, value: $0) }
        _ = try log.append(
            AppendRequest(topic: .changelog(of: plan.topology), producer: nil, records: [(PartitionNumber(1), foreign)]))
        cluster.memberships(plan.topology, count: 1)[0].say(.assigned(tasks(0, 1)))
        let error = #expect(throws: EngineError.self) { try engine.join() }
        #expect(error?.code == .taskChangelogDamaged)
    }
}
