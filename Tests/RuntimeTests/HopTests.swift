import Base
import Columns
import Planner
import Stores
import Testing

@testable import Runtime

private let topology = """
    topology: sample
    sources:
      readings: { topic: readings, schema: reading, key: [id], event_time: { field: at, out_of_order: 5s, idle_after: 1m } }
    streams:
      by_kind: { from: readings, window: { tumbling: 1m, by: [kind] }, aggregate: { rows: count(), total: sum(value) } }
      by_size: { from: by_kind, window: { tumbling: 10m, by: [rows] }, aggregate: { times: count() } }
    views:
      kinds: { from: by_kind, key: [kind, window.start] }
    """

private let hopTopic = TopicName.hop(to: "by_kind", of: "sample")

/// What goes through a hop: marks, silence, damaged records, and nothing that need not.
@Suite struct HopTests {
    private func event(_ id: String, _ seconds: Int64, kind: String = "cpu") -> [UInt8] {
        Sample.Event(id: id, at: Sample.start + .seconds(seconds), kind: kind, value: 1, count: nil, note: nil).json
    }

    private func driver(partitions: Int, store: InMemoryStore = InMemoryStore(), _ text: String = topology) throws -> TopologyDriver {
        try TopologyDriver(Sample.plan(text), clock: Sample.start, partitionCount: partitions, store: store)
    }

    private func kinds(_ driver: TopologyDriver) throws -> [Value?] { try driver.rows(ofView: driver.plan.views[0]).map { $0["rows"] } }

    private func journalEnd(_ driver: TopologyDriver) throws -> Int64 {
        try driver.tasks.reduce(0) { $0 + (try driver.store.range(of: TopicPartition(.journal(of: "sample"), $1.id.partition)).end.number) }
    }

    @Test func `a task that has told nothing holds the hop, until it says that it is idle`() throws {
        let driver = try driver(partitions: 3)
        for seconds: Int64 in [0, 30, 130] { try driver.append(source: "readings", value: event("i-1", seconds)) }
        try driver.run()
        try driver.commit()
        #expect(try kinds(driver) == [])
        let hop = try #require(driver.tasks[0].currentStatus.inputs.first { $0.kind == .hop })
        #expect(hop.source == "by_kind" && hop.position.watermark == .earliest && !hop.position.isIdle)
        // A minute of the clock later the two others are idle; the one that has had events says it too, and holds what it held.
        driver.clock = Sample.start + .minutes(2)
        try driver.run()
        try driver.commit()
        #expect(try kinds(driver) == [.int(2)])
    }

    @Test func `with nothing new, nothing is written for ever`() throws {
        let driver = try driver(partitions: 3)
        for number in 0..<40 { try driver.append(source: "readings", value: event("i-\(number % 7)", Int64(number) * 20)) }
        func pass(_ rounds: Int) throws {
            for _ in 0..<rounds {
                driver.clock = driver.clock + .seconds(5)
                for task in driver.tasks { while try task.step(now: driver.clock) {} }
                for task in driver.tasks { try task.commit() }
            }
        }
        try pass(60)
        let end = try journalEnd(driver)
        try pass(200)
        #expect(try journalEnd(driver) == end)
        // Nor after a start.
        try driver.restart()
        try pass(60)
        #expect(try journalEnd(driver) == end)
        #expect(end < 60)
    }

    @Test func `marks alone are no reason for an epoch, but now and then it is noted how far they are read`() throws {
        let driver = try driver(partitions: 2)
        let reader = driver.tasks[1].id
        let ids = (0..<20).map { "i-\($0)" }.filter { id in
            Array(id.utf8).withUnsafeBufferPointer { Hashing.partition(of: $0, among: 2) } == PartitionNumber(0)
        }
        for second in 0..<50 {
            try driver.append(source: "readings", value: event(ids[second % ids.count], Int64(second), kind: "cpu"))
            driver.clock = driver.clock + .seconds(1)
            while try driver.tasks[0].step(now: driver.clock) {}
            try driver.tasks[0].commit()
            while try driver.tasks[1].step(now: driver.clock) {}
            try driver.tasks[1].commit()
        }
        // Rows of 'cpu' all go to one of the two; the other has read fifty marks.
        let epochs = driver.statuses.map(\.epoch)
        #expect(epochs[0] >= Epoch(50) && epochs[1] <= Epoch(51))
        let quiet = try #require(driver.tasks.first { $0.inputs[1].time.maxEventTime == .earliest })
        if quiet.id == reader { #expect(epochs[1] == .none && quiet.inputs[1].next == Offset(50)) }
        // And yet it is not behind.
        #expect(quiet.currentStatus.inputs[1].reached == quiet.inputs[1].next)
        driver.clock = driver.clock + .minutes(2)
        _ = try driver.tasks[1].step(now: driver.clock)
        try driver.tasks[1].commit()
        let noted = try driver.store.lastEpoch(of: reader)?.positions.first { $0.input.topic == hopTopic }
        #expect(noted?.next == driver.tasks[1].inputs[1].next)
    }

    @Test func `what tasks have told survives a restart`() throws {
        let driver = try driver(partitions: 2)
        for number in 0..<20 { try driver.append(source: "readings", value: event("i-\(number)", 10 + Int64(number))) }
        try driver.run()
        try driver.commit()
        let told = driver.tasks.map { $0.inputs[1].time.upstreams }
        #expect(told.allSatisfy { $0.count == 2 && $0.allSatisfy { $0.watermark > .earliest && !$0.isIdle } })
        try driver.restart()
        #expect(driver.tasks.map { $0.inputs[1].time.upstreams } == told)
        #expect(driver.tasks.allSatisfy { !$0.areMarksDue && !$0.hasWork })
    }

    @Test func `a hop that is new is told where its tasks stand, though nothing comes any more`() throws {
        let store = InMemoryStore()
        let before = try driver(
            partitions: 2, store: store,
            topology.replacing("by: [kind]", with: "by: [id, kind]").replacing("by_kind", with: "by_id")
                .replacing("key: [kind", with: "key: [id, kind"))
        for number in 0..<20 { try before.append(source: "readings", value: event("i-\(number)", 100 + Int64(number))) }
        try before.run()
        try before.commit()
        let after = try driver(partitions: 2, store: store)
        try after.run()
        try after.commit()
        for task in after.tasks { #expect(task.inputs[1].time.watermark > Sample.start && task.inputs[1].time.watermark < .latest) }
    }

    @Test(arguments: UInt64(1)...10)
    func `bytes that are neither row nor mark are dead letters, and move nothing`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let driver = try driver(partitions: 1)
        for number in 0..<30 { try driver.append(source: "readings", value: event("i-\(number)", Int64(number))) }
        try driver.run()
        try driver.commit()
        let good = try driver.records(of: hopTopic).compactMap(\.value)
        let before = driver.tasks[0].inputs[1].time
        var damaged = 0
        for _ in 0..<200 {
            var bytes = good[random.below(good.count)]
            switch random.below(4) {
            case 0: bytes = Array(bytes.prefix(random.below(bytes.count)))
            case 1: bytes[0] = UInt8(3 + random.below(250))
            case 2: bytes[1] = UInt8(1 + random.below(255))
            default: bytes.append(0)
            }
            damaged += 1
            let buffer = RecordBuffer()
            bytes.withUnsafeBufferPointer { buffer.append(timestamp: 0, key: nil, value: $0) }
            _ = try driver.store.append(AppendRequest(topic: hopTopic, producer: nil, records: [(PartitionNumber(0), buffer)]))
        }
        let tombstone = RecordBuffer()
        tombstone.append(timestamp: 0, key: nil, value: nil)
        _ = try driver.store.append(AppendRequest(topic: hopTopic, producer: nil, records: [(PartitionNumber(0), tombstone)]))
        try driver.run()
        try driver.commit()
        #expect(driver.counters.deadLettersByCode == ["hop.damaged": damaged + 1])
        let after = driver.tasks[0].inputs[1].time
        #expect(after.upstreams == before.upstreams && after.watermark == before.watermark)
        try driver.advance(to: Sample.start + .minutes(2))
        try driver.commit()
        #expect(try kinds(driver) == [.int(30)])
    }

    @Test func `a row of another version of the topology is a dead letter that says so, and its mark counts`() throws {
        let store = InMemoryStore()
        let first = try driver(partitions: 1, store: store)
        for seconds: Int64 in [0, 10] { try first.append(source: "readings", value: event("i", seconds)) }
        // One step: the rows are on their way, and the topology changes.
        _ = try first.tasks[0].step(now: Sample.start)
        try first.tasks[0].commit()
        let changed = topology.replacing(", total: sum(value)", with: "")
        let second = try driver(partitions: 1, store: store, changed)
        try second.run()
        try second.commit()
        #expect(second.counters.deadLettersByCode == ["hop.layout": 2])
        #expect(second.tasks[0].inputs[1].time.watermark == Sample.start + .seconds(5))
    }

    @Test func `old events for tasks that were all idle are not late, whoever of them commits first`() throws {
        let driver = try driver(partitions: 4)
        try driver.run()
        driver.clock = driver.clock + .minutes(2)
        try driver.run()
        #expect(driver.tasks.allSatisfy { $0.inputs[1].time.isIdle })
        // Three partitions get an hour at once; one stays silent.
        let silent = Array("i-0".utf8).withUnsafeBufferPointer { Hashing.partition(of: $0, among: 4) }
        for second in stride(from: Int64(0), to: 3_600, by: 7) {
            for id in (1..<12).map({ "i-\($0)" }) {
                let own = Array(id.utf8).withUnsafeBufferPointer { Hashing.partition(of: $0, among: 4) }
                if own != silent { try driver.append(source: "readings", value: event(id, second)) }
            }
        }
        for task in driver.tasks {
            while try task.step(now: driver.clock) {}
            try task.commit()
        }
        for _ in 0..<3 { try driver.run() }
        #expect(driver.counters.late.isEmpty)
        #expect(try kinds(driver).isEmpty, "the silent one may have woken too")
        driver.clock = driver.clock + .seconds(29)
        try driver.run()
        #expect(try kinds(driver).isEmpty)
        driver.clock = driver.clock + .seconds(2)
        try driver.run()
        try driver.commit()
        #expect(driver.counters.late.isEmpty)
        #expect(try kinds(driver).count == 59)
    }

    @Test func `the least of those that are not idle is the hop's time, which never falls`() {
        var time = InputTime(outOfOrder: .zero)
        func told(_ times: (Int64?, Bool)...) -> (EventTime, Bool) {
            time.upstreams = times.map { .init(watermark: $0.map { EventTime(seconds: $0) } ?? .earliest, isIdle: $1) }
            HopReader.follow(&time)
            return (time.watermark, time.isIdle)
        }
        #expect(told((5, false), (nil, false)) == (.earliest, false))
        #expect(told((5, false), (nil, true)) == (EventTime(seconds: 5), false))
        #expect(told((9, false), (3, false)) == (EventTime(seconds: 5), false))
        #expect(told((9, true), (3, true)) == (EventTime(seconds: 5), true))
        #expect(told((9, true), (7, true)) == (EventTime(seconds: 7), true))
        #expect(told((9, false), (8, true)) == (EventTime(seconds: 9), false))
        // Who was idle before its first record holds nobody, whoever fell idle first.
        #expect(told((12, true), (nil, false)) == (EventTime(seconds: 9), false))
        #expect(told((12, true), (nil, true)) == (EventTime(seconds: 12), true))
        #expect(told((nil, true), (nil, true)) == (EventTime(seconds: 12), true))
    }
}
