import Base
import Columns
import Planner
import Stores
import Testing

@testable import Runtime

/// Engines with their threads, on the embedded seams and on a cluster, with rows that hop from task to task.
@Suite struct HopClusterTests {
    private static let topology = """
        topology: sample
        sources:
          readings: { topic: readings, schema: reading, key: [id], event_time: { field: at, out_of_order: 5s } }
        tables:
          machines: { topic: machines, schema: reading, key: [id] }
          everywhere: { topic: prices, schema: reading, key: [kind], everywhere: true }
        streams:
          by_kind: { from: readings, window: { tumbling: 1m, by: [kind] }, aggregate: { rows: count(), total: sum(value) } }
          hourly: { from: by_kind, window: { tumbling: 10m }, aggregate: { rows: sum(rows) } }
        views:
          kinds: { from: by_kind, key: [kind, window.start] }
          hours: { from: hourly, key: [kind, window.start] }
        """
    private static let partitions = 4
    private static let readings = TopicName("readings")!

    private let log = InMemoryStore()
    private let plan: Plan
    private let events = Sample.events(3_000, seed: 77, disorder: .zero, ids: 40)

    init() throws { plan = try Sample.plan(Self.topology) }

    private func engine(_ cluster: FakeCluster?, views: MemoryViews = MemoryViews()) throws -> Engine {
        let engine = try Engine(plans: [plan], settings: settings, parts: parts(cluster, views: views))
        try engine.start()
        return engine
    }

    private var settings: EngineSettings {
        var settings = EngineSettings()
        settings.partitionCount = Self.partitions
        settings.workerCount = 2
        settings.commitInterval = .milliseconds(20)
        settings.batchRecords = 64
        return settings
    }

    private func parts(_ cluster: FakeCluster?, views: MemoryViews) -> Engine.Parts {
        let clock = ManualClock(Sample.start + .hours(1)), log = log
        guard let cluster else {
            return Engine.Parts(
                log: log, state: log, committer: log, views: views, clock: clock, maintain: { _ in MaintenanceReport() },
                trim: { try log.deleteRecords(before: $1, in: $0) })
        }
        let host = ClusterHost(cluster: cluster, local: InMemoryStore(), owner: TaskOwner(instance: "a", host: "b"), isStandby: false)
        return Engine.Parts(log: log, host: .cluster(host), views: views, clock: clock)
    }

    private func append(_ events: ArraySlice<Sample.Event>, _ topic: TopicName = readings, through engine: Engine) throws {
        for start in stride(from: events.startIndex, to: events.endIndex, by: 100) {
            let lines: [UInt8] = events[start..<min(start + 100, events.endIndex)].flatMap { $0.json + [UInt8(ascii: "\n")] }
            let routed = try lines.withUnsafeBytes { try engine.route(topic: topic, lines: $0, now: Sample.start) }
            #expect(routed.withoutKeyCount == 0)
            _ = try log.append(AppendRequest(topic: topic, producer: nil, records: routed.records))
        }
    }

    /// The last value of each key, and how many records there were.
    private func view(_ name: String) throws -> (rows: [String: String], count: Int) {
        var rows: [String: String] = [:]
        var count = 0
        let batch = RecordBatch()
        for number in 0..<Self.partitions {
            let partition = TopicPartition(.view(name, of: "sample"), PartitionNumber(number))
            let first = try log.range(of: partition).first
            let outcome = try log.read(partition, from: first, recordsMax: 100_000, bytesMax: 100 << 20, into: batch)
            guard case .records = outcome else { continue }
            for index in 0..<batch.count where !RestartMark.isMark(batch[index]) {
                rows[String(decoding: batch[index].keyBytes!, as: UTF8.self)] = String(decoding: batch[index].valueBytes!, as: UTF8.self)
                count += 1
            }
        }
        return (rows, count)
    }

    /// Windows that end before every task's last event: closed, whoever ran them.
    private func reference(_ name: String) throws -> [String: String] {
        let driver = try TopologyDriver(plan, clock: Sample.start + .hours(1))
        try Sample.append(events, to: driver)
        try driver.run()
        try driver.commit()
        var rows: [String: String] = [:]
        for record in try driver.records(of: .view(name, of: "sample")) {
            rows[String(decoding: record.key!, as: UTF8.self)] = String(decoding: record.value!, as: UTF8.self)
        }
        return rows
    }

    private func waitForRows(_ count: Int) throws {
        for _ in 0..<8_000 {
            if try view("kinds").count >= count { return }
            log.waitForAppend(since: log.appendCount, timeout: .milliseconds(10))
        }
        Issue.record("the rows did not come")
    }

    /// Every row once, and all but those of the last minutes, which the slowest partition has not closed yet.
    private func expectReference() throws {
        for name in ["kinds", "hours"] {
            let (rows, count) = try view(name), wanted = try reference(name)
            #expect(rows.count == count, "a window gave a group twice")
            #expect(rows.allSatisfy { wanted[$0.key] == $0.value })
        }
        #expect(try view("kinds").count > 100 && view("hours").count > 4)
    }

    @Test func `an engine's tasks send each other rows over restarts, on the embedded store`() throws {
        for (number, share) in [events[..<1_000], events[1_000..<1_700], events[1_700...]].enumerated() {
            let engine = try engine(nil)
            try append(share, through: engine)
            try waitForRows([20, 60, 120][number])
            engine.stop()
            try engine.join()
        }
        try expectReference()
        let status = try engine(nil)
        defer { status.stop() }
        let kinds = try status.status().topologies[0].tasks.map { $0.status.inputs.map(\.kind) }
        #expect(kinds.allSatisfy { $0 == [.source, .hop, .table, .table, .table, .table, .table] })
    }

    @Test func `tasks that move between processes send each other rows, each once`() throws {
        let cluster = FakeCluster(log)
        let engines = [try engine(cluster), try engine(cluster)]
        let members = cluster.memberships("sample", count: 2)
        func tasks(_ numbers: Int...) -> [PartitionNumber] { numbers.map { PartitionNumber($0) } }
        members[0].say(.assigned(tasks(0, 1)))
        members[1].say(.assigned(tasks(2, 3)))
        try append(events[..<50], TopicName("machines")!, through: engines[0])
        try append(events[..<50], TopicName("prices")!, through: engines[0])
        try append(events[..<1_000], through: engines[0])
        try waitForRows(20)
        members[1].say(.lost(tasks(3)))
        members[0].say(.assigned(tasks(3)))
        try append(events[1_000..<2_000], through: engines[1])
        members[0].say(.revoked(tasks(0)))
        members[1].say(.assigned(tasks(0)))
        try append(events[2_000...], through: engines[1])
        try waitForRows(120)
        for engine in engines {
            engine.stop()
            try engine.join()
        }
        try expectReference()
        // All that a task reads alone is in its group's offsets; what all read is in none.
        let inputs = plan.ownInputs(PartitionNumber(1), engines[0].layout)
        #expect(inputs.map(\.topic.text) == ["readings", "machines", "_pioneer.sample.hop.by_kind"])
        let offsets = try cluster.committedOffsets(of: "sample", inputs + [TopicPartition(TopicName("prices")!, PartitionNumber(1))])
        #expect(Set(offsets.keys).isSubset(of: inputs) && offsets.count >= 2)
    }

    /// One engine after another, of a process of its own each, with all tasks.
    private func runs(_ cluster: FakeCluster, _ views: MemoryViews, _ body: (Engine) throws -> Void) throws {
        let joined = cluster.joinedCount("sample")
        let engine = try engine(cluster, views: views)
        cluster.memberships("sample", count: joined + 1).last?.say(.assigned((0..<Self.partitions).map { PartitionNumber($0) }))
        try body(engine)
        engine.stop()
        try engine.join()
    }

    /// `Engine.startOver`, with these tasks assigned to it.
    private func startOver(_ cluster: FakeCluster, having tasks: Range<Int>, _ dropped: inout [String]) throws {
        let joined = cluster.joinedCount("sample")
        let group = try EngineThread(name: "group") {
            cluster.memberships("sample", count: joined + 1).last?.say(.assigned(tasks.map { PartitionNumber($0) }))
        }
        defer { group.join() }
        try Engine.startOver(["sample"], of: [plan], settings: settings, parts: parts(cluster, views: MemoryViews())) { dropped.append($0) }
    }

    @Test func `a topology that is started over has the rows of one that has just begun, in every process's views`() throws {
        let cluster = FakeCluster(log), other = MemoryViews()
        var dropped: [String] = []
        try runs(cluster, other) { engine in
            try append(events[..<50], TopicName("machines")!, through: engine)
            try append(events[..<50], TopicName("prices")!, through: engine)
            try append(events[...], through: engine)
            try waitForRows(120)
        }
        try expectReference()
        // While others have tasks nothing happens.
        let ends = try log.topics().map { try log.range(of: TopicPartition($0.name, PartitionNumber(0))) }
        #expect(thrownCode { try startOver(cluster, having: 0..<3, &dropped) } == "engine.not_alone")
        #expect(try log.topics().map { try log.range(of: TopicPartition($0.name, PartitionNumber(0))) } == ends && dropped.isEmpty)

        try startOver(cluster, having: 0..<4, &dropped)
        #expect(try view("kinds").count == 0 && dropped == ["kinds", "hours"])
        let last = try log.range(of: TopicPartition(.journal(of: "sample"), PartitionNumber(0)))
        #expect(last.end.number - last.first.number == 1)
        // The rows that the other process has of before are void too.
        #expect(other["kinds"]?.rows.isEmpty == false)
        try runs(cluster, other) { _ in try waitForRows(120) }
        try expectReference()
        for name in ["kinds", "hours"] {
            let wanted = try view(name).rows
            #expect(other[name]?.rows.count == wanted.count)
        }
    }
}
