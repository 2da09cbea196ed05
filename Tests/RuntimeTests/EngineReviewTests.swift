import Base
import Columns
import OwnThreads
import Planner
import Stores
import Testing

@testable import Runtime

/// The engine's threads on stores in memory.
@Suite(.ownThreadsInTurn) struct EngineReviewTests {
    private func parts(_ store: InMemoryStore, _ views: MemoryViews) -> Engine.Parts {
        Engine.Parts(
            log: store, state: store, committer: store, views: views, clock: ManualClock(Sample.start + .hours(3)),
            maintain: { _ in MaintenanceReport() }, trim: { try store.deleteRecords(before: $1, in: $0) })
    }

    private func settings(partitions: Int, workers: Int) -> EngineSettings {
        var settings = EngineSettings()
        settings.partitionCount = partitions
        settings.workerCount = workers
        settings.commitInterval = .milliseconds(20)
        settings.batchRecords = 64
        return settings
    }

    /// All rows of a view, by what makes them unique.
    private func expected(_ plan: Plan, _ events: [Sample.Event], view: Int) throws -> Set<[String: Value]> {
        let driver = try TopologyDriver(plan, clock: Sample.start + .hours(3))
        try Sample.append(events, to: driver)
        try driver.run()
        try driver.commit()
        return Set(
            try driver.rows(ofView: plan.views[view]).map { row in
                Dictionary(uniqueKeysWithValues: row.map { (RowType.Column($0.key, .bool).flatName, $0.value) })
            })
    }

    @Test(arguments: [1, 3])
    func `two topologies on many partitions and threads, stopped and started, fill the views as one task does`(workers: Int) throws {
        // In order, so that no partition's watermark runs ahead of another's rows.
        let events = Sample.events(3_000, seed: 81, disorder: .zero)
        let other = Sample.topology.replacing("topology: sample", with: "topology: other")
            .replacing("topic: hours", with: "topic: other_hours").replacing("minutes:", with: "other_minutes:")
            .replacing("hours_view:", with: "other_hours_view:").replacing("kind != \"noise\"", with: "kind == \"cpu\"")
            .replacing("      other_minutes: count()", with: "      minutes: count()")
        let plans = [try Sample.plan(), try Sample.plan(other)]
        let store = InMemoryStore(), views = MemoryViews()
        for share in [events[..<1_000], events[1_000..<1_700], events[1_700...]] {
            let engine = try Engine(plans: plans, settings: settings(partitions: 4, workers: workers), parts: parts(store, views))
            try engine.start()
            for start in stride(from: share.startIndex, to: share.endIndex, by: 100) {
                let lines: [UInt8] = share[start..<min(start + 100, share.endIndex)].flatMap { event in event.json + [UInt8(ascii: "\n")] }
                let routed = try lines.withUnsafeBytes { try engine.route(topic: TopicName("readings")!, lines: $0, now: Sample.start) }
                #expect(routed.withoutKeyCount == 0)
                _ = try store.append(AppendRequest(topic: TopicName("readings")!, producer: nil, records: routed.records))
            }
            try waitUntilRead(engine, store)
            engine.stop()
            try engine.join()
        }
        for plan in plans {
            // A partition closes what its own newest event closes: the last windows differ.
            let open = Sample.start + TimeSpan(microseconds: 3_000 * 700_000) - .minutes(2)
            let name = plan.views[0].definition.name
            let filled = try #require(views[name]).rows.values.filter { $0.eventTime < open }.map(\.values)
            let wanted = try expected(plan, events, view: 0).filter { $0["window_end"].map { isBefore($0, open) } ?? false }
            #expect(Set(filled) == wanted)
            #expect(wanted.count > 100)
        }
    }

    private func isBefore(_ value: Value, _ time: EventTime) -> Bool {
        if case .timestamp(let end) = value { end <= time } else { false }
    }

    private func waitUntilRead(_ engine: Engine, _ store: InMemoryStore) throws {
        for _ in 0..<1_000 {
            let isRead = try engine.statuses.allSatisfy { status in
                let input = TopicPartition(TopicName("readings")!, status.task.partition)
                let position = status.positions.first { $0.input == input }?.next ?? .zero
                return try position == store.range(of: input).end
            }
            if isRead || engine.isStopping { return }
            store.waitForAppend(since: store.appendCount, timeout: .milliseconds(10))
        }
        Issue.record("the tasks did not come to their inputs' ends")
    }

    @Test func `a view that is filled again keeps no row past its keep`() throws {
        let type = RowType([.init("id", .int)])
        let definition = ViewDefinition(
            name: "v", topology: "t", type: type, key: ["id"], keep: .hours(1), path: nil, description: nil)
        let store = InMemoryStore(), views = MemoryViews(), board = StatusBoard()
        try store.createTopic(TopicDescription(name: definition.topic, partitionCount: 1, retention: .forever))
        try views.prepare(definition)
        let buffer = RecordBuffer()
        let count = Limits.projectionRecordsMax + 1_000
        for index in 0..<count {
            let text = Array("{\"id\":\(index)}".utf8), key = Array("[\(index)]".utf8)
            let time = index == count - 1 ? Sample.start + .hours(2) : Sample.start
            text.withUnsafeBufferPointer { text in
                key.withUnsafeBufferPointer { buffer.append(timestamp: time.microseconds, key: $0, value: text) }
            }
        }
        _ = try store.append(AppendRequest(topic: definition.topic, producer: nil, records: [(PartitionNumber(0), buffer)]))
        var status = TaskStatus(task: TaskID(topology: "t", partition: PartitionNumber(0)))
        status.watermark = Sample.start + .hours(2)
        board.publish(status)
        let projector = ViewProjector(definition, partition: PartitionNumber(0), log: store, views: views, board: board)
        try projector.restore()
        while try projector.step() == .more {}
        #expect(views["v"]?.rows.values.map(\.values) == [["id": .int(Int64(count - 1))]])
        #expect(views["v"]?.positions[PartitionNumber(0)] == ViewPosition(next: Offset(Int64(count)), watermark: status.watermark))
    }
}
