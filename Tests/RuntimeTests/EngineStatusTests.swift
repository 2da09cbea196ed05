import Base
import Columns
import Planner
import Stores
import Testing

@testable import Runtime

/// What an engine says of itself, against what was appended and read.
@Suite struct EngineStatusTests {
    private static let readings = TopicName("readings")!

    private let clock = ManualClock(Sample.start + .hours(3))
    private let store = InMemoryStore()
    private let views = MemoryViews()

    private func engine(partitions: Int = 1, _ plan: Plan) throws -> Engine {
        var settings = EngineSettings()
        settings.partitionCount = partitions
        settings.commitInterval = .milliseconds(20)
        let parts = Engine.Parts(
            log: store, state: store, committer: store, views: views, clock: clock, maintain: { _ in MaintenanceReport() },
            trim: { _, _ in })
        return try Engine(plans: [plan], settings: settings, parts: parts)
    }

    /// Appends to partition 0, a second of the engine's clock before each record.
    private func append(_ events: [Sample.Event]) throws {
        for event in events {
            clock.advance(by: .seconds(1))
            let buffer = RecordBuffer(), value = event.json, key = Array(event.id.utf8)
            value.withUnsafeBufferPointer { value in
                key.withUnsafeBufferPointer { buffer.append(timestamp: clock.now().microseconds, key: $0, value: value) }
            }
            _ = try store.append(AppendRequest(topic: Self.readings, producer: nil, records: [(PartitionNumber(0), buffer)]))
        }
    }

    private func run(_ engine: Engine) throws {
        try engine.start()
        for _ in 0..<2_000 {
            if try engine.status().topologies.allSatisfy({ $0.lag.records == 0 && $0.views.allSatisfy { $0.lagRecords == 0 } }) { break }
            store.waitForAppend(since: store.appendCount, timeout: .milliseconds(5))
        }
        engine.stop()
        try engine.join()
    }

    @Test func `the lag is what was appended and not read, and as old as its first record`() throws {
        let plan = try Sample.plan()
        let events = Sample.events(40, seed: 5)
        let before = try engine(plan)
        try append(Array(events[..<30]))
        clock.advance(by: .seconds(7))
        // Nothing was read: the first of thirty records was appended 29 + 7 seconds ago.
        #expect(try before.status().topologies[0].lag == .init(records: 30, age: .seconds(36)))

        try run(try engine(plan))
        let after = try engine(plan)
        #expect(try after.status().topologies[0].lag == .none)
        try append(Array(events[30...]))
        #expect(try after.status().topologies[0].lag == .init(records: 10, age: .seconds(9)))
    }

    @Test func `what retention has removed is no lag`() throws {
        let engine = try engine(try Sample.plan())
        try append(Sample.events(10, seed: 5))
        try store.deleteRecords(before: clock.now() - .seconds(3), in: TopicPartition(Self.readings, PartitionNumber(0)))
        #expect(try engine.status().topologies[0].lag == .init(records: 4, age: .seconds(3)))
    }

    @Test func `windows, groups, rows and commits are counted as they are`() throws {
        let plan = try Sample.plan()
        let events = Sample.events(2_000, seed: 11, disorder: .zero)
        let engine = try engine(plan)
        try append(events)
        try run(engine)
        let topology = try engine.status().topologies[0], status = topology.tasks[0].status
        let newest = try #require(events.map(\.at).max())
        #expect(status.watermark == newest - .seconds(5))
        #expect(status.holder?.source == "readings" && status.holder?.position.maxEventTime == newest)
        // Oracle: the minutes of the wanted rows, those before the watermark closed; hours are made of closed minutes.
        let wanted = events.filter { $0.kind != "noise" }
        func windows(_ size: TimeSpan, _ times: [EventTime]) -> (open: Set<Int64>, closed: Set<Int64>) {
            let starts = Set(times.map { $0.microseconds / size.microseconds * size.microseconds })
            let isClosed = { (start: Int64) in EventTime(microseconds: start) + size <= status.watermark }
            return (starts.filter { !isClosed($0) }, starts.filter(isClosed))
        }
        let minutes = windows(.minutes(1), wanted.map(\.at))
        let hours = windows(.hours(1), minutes.closed.map { EventTime(microseconds: $0) })
        let openRows = wanted.filter { minutes.open.contains($0.at.microseconds / 60_000_000 * 60_000_000) }
        #expect(status.counters.windowsClosed == minutes.closed.count + hours.closed.count)
        #expect(status.state.windows == minutes.open.count + hours.open.count)
        let openHours = wanted.filter { minutes.closed.contains($0.at.microseconds / 60_000_000 * 60_000_000) && $0.at >= Sample.start }
        #expect(status.state.groups == Set(openRows.map { $0.id + "/" + $0.kind }).count + Set(openHours.map(\.id)).count)
        #expect(status.counters.records == events.count && status.counters.lateTotal == 0)
        #expect(status.committedAt == clock.now() && UInt64(status.counters.commits) == status.epoch.number)
        for view in topology.views {
            #expect(view.rowCount == views[view.name]?.rows.count && view.watermark == status.watermark && view.lagRecords == 0)
        }
        #expect(topology.rates.recordsPerSecond > 0)
    }

    @Test func `what an aborted epoch counted counts once, when it is done again`() throws {
        func counters(abortEvery: Int?) throws -> TaskCounters {
            let driver = try TopologyDriver(try Sample.plan(), clock: Sample.start + .hours(2), batchRecords: 50)
            for (index, event) in Sample.events(2_000, seed: 13).enumerated() {
                try driver.append(source: "readings", value: index % 100 == 7 ? Array("{".utf8) : event.json)
                guard index % 250 == 249 else { continue }
                try driver.run()
                if let abortEvery, index % abortEvery == abortEvery - 1 { driver.store.failNext(.abort) }
                try driver.commit()
            }
            try driver.run()
            try driver.commit()
            return driver.counters
        }
        let straight = try counters(abortEvery: nil)
        var aborted = try counters(abortEvery: 500)
        #expect(straight.records == 2_000 && straight.deadLetters == 20 && straight.rowsOut > 0 && straight.windowsClosed > 0)
        #expect(aborted.aborts == 4)
        (aborted.aborts, aborted.commits, aborted.batches) = (straight.aborts, straight.commits, straight.batches)
        #expect(aborted == straight)
    }

    @Test func `a view is no fresher than a partition whose rows are not in it yet`() {
        func partition(_ number: Int, next: Int64, lag: Int64, _ watermark: EventTime) -> EngineStatus.View.Partition {
            .init(
                partition: PartitionNumber(number), position: ViewPosition(next: Offset(next), watermark: watermark), lagRecords: lag)
        }
        func watermark(_ partitions: EngineStatus.View.Partition...) -> EventTime {
            EngineStatus.View(name: "v", partitions: partitions, rowCount: 0).watermark
        }
        let new = Sample.start + .hours(1)
        #expect(watermark(partition(0, next: 5, lag: 0, new), partition(1, next: 5, lag: 0, Sample.start)) == Sample.start)
        // One that never had a row holds nothing back; one whose rows are on their way does.
        #expect(watermark(partition(0, next: 5, lag: 0, new), partition(1, next: 0, lag: 0, .earliest)) == new)
        #expect(watermark(partition(0, next: 5, lag: 0, new), partition(1, next: 0, lag: 9, .earliest)) == .earliest)
        #expect(watermark(partition(0, next: 5, lag: 0, new), partition(1, next: 4, lag: 9, .earliest)) == .earliest)
        #expect(watermark() == .earliest)
    }

    @Test func `dead letters are counted by what is wrong with them`() throws {
        let driver = try TopologyDriver(try Sample.plan(), clock: Sample.start)
        for text in ["{ not json", "{}", "[1]", #"{"id":"a","at":"2026-01-05T00:00:00Z","kind":"cpu","value":"x"}"#] {
            try driver.append(source: "readings", value: Array(text.utf8))
        }
        try driver.run()
        let counters = driver.counters
        #expect(counters.deadLetters == 4)
        #expect(counters.deadLettersByCode.values.reduce(0, +) == 4 && counters.deadLettersByCode.count > 1)
        #expect(counters.deadLettersByCode["decode.wrong_type"] == 1)
    }
}

@Suite struct WatermarkHolderTests {
    private static let earliest = EventTime.earliest

    private func input(_ source: String, newest: EventTime, idle: Bool = false) -> InputStatus {
        InputStatus(
            source: source,
            position: EpochRecord.InputPosition(
                input: TopicPartition(TopicName(source)!, PartitionNumber(0)), next: .zero, maxEventTime: newest,
                watermark: newest - .seconds(5), isIdle: idle),
            outOfOrder: .seconds(5), idleAfter: .minutes(1), movedAt: newest, readAt: newest)
    }

    private func holder(_ inputs: InputStatus...) -> String? {
        var status = TaskStatus(task: TaskID(topology: "t", partition: PartitionNumber(0)))
        status.inputs = inputs
        return status.holder?.source
    }

    @Test func `before the first record nothing holds the watermark, and then the least source that is not idle does`() {
        let old = Sample.start, new = Sample.start + .hours(1)
        #expect(holder(input("a", newest: Self.earliest)) == nil)
        #expect(holder(input("a", newest: Self.earliest, idle: true), input("b", newest: Self.earliest)) == nil)
        #expect(holder(input("a", newest: old)) == "a")
        #expect(holder(input("a", newest: new), input("b", newest: old)) == "b")
        // A source without a record holds until it is idle.
        #expect(holder(input("a", newest: new), input("b", newest: Self.earliest)) == "b")
        #expect(holder(input("a", newest: new), input("b", newest: Self.earliest, idle: true)) == "a")
        #expect(holder(input("a", newest: new), input("b", newest: old, idle: true)) == "a")
        // When all are silent the least stays: what was not seen of it may still come.
        #expect(holder(input("a", newest: new, idle: true), input("b", newest: old, idle: true)) == "b")
    }

    @Test func `a task's status says since when a source has stood still, and that it is idle`() throws {
        let clock = Sample.start
        let driver = try TopologyDriver(try Sample.plan(), clock: clock)
        try Sample.append(Sample.events(10, seed: 3), to: driver)
        try driver.run()
        try driver.commit()
        let moved = try #require(driver.statuses.first?.inputs.first)
        #expect(moved.movedAt == clock && moved.readAt == clock && !moved.position.isIdle)
        driver.clock = clock + .minutes(10)
        try driver.run()
        try driver.commit()
        let still = try #require(driver.statuses.first?.inputs.first)
        #expect(still.movedAt == clock && still.readAt == clock && still.position.isIdle)
        try driver.restart()
        let restored = try #require(driver.statuses.first?.inputs.first)
        #expect(restored.movedAt == .earliest && restored.position == still.position)
    }

    @Test func `the least task that has a watermark holds the topology's`() {
        func task(_ partition: Int, _ watermark: EventTime) -> EngineStatus.Task {
            var status = TaskStatus(task: TaskID(topology: "t", partition: PartitionNumber(partition)))
            status.watermark = watermark
            return EngineStatus.Task(status: status, lags: [], rates: TaskRates())
        }
        func holding(_ tasks: EngineStatus.Task...) -> Int32? {
            EngineStatus.Topology(name: "t", tasks: tasks, views: []).holdingTask?.status.task.partition.number
        }
        #expect(holding(task(0, .earliest)) == nil)
        #expect(holding(task(0, .earliest), task(1, Sample.start)) == 1)
        // One that waits for a source that has had no record, while another has.
        var waiting = task(1, .earliest)
        waiting.status.inputs = [input("a", newest: Sample.start), input("b", newest: .earliest)]
        #expect(holding(task(0, .earliest), waiting) == 1)
        #expect(holding(task(0, Sample.start), waiting) == 0)
        #expect(holding(task(0, Sample.start + .seconds(1)), task(1, Sample.start)) == 1)
    }
}

@Suite struct RateTests {
    private func sample(_ seconds: Double, _ records: Int) -> RateSamples.Sample {
        .init(nanoseconds: UInt64(seconds * 1e9), records: records, rowsOut: records / 10)
    }

    private func rates(_ samples: [RateSamples.Sample], now: Double, interval: TimeSpan = .seconds(1)) -> TaskRates {
        var kept = RateSamples(commitInterval: interval)
        for sample in samples { kept.append(sample) }
        return kept.rates(now: UInt64(now * 1e9))
    }

    @Test(arguments: [20.0, 20.3, 20.9]) func `a steady stream has its rate whenever it is asked for`(now: Double) {
        let samples = (0...20).map { sample(Double($0), $0 * 1_000) }
        #expect(rates(samples, now: now) == TaskRates(recordsPerSecond: 1_000, rowsOutPerSecond: 100))
        // Commits seldomer than the span looked at give the rate of the last interval.
        #expect(rates([sample(0, 0), sample(18, 1_800)], now: now, interval: .seconds(18)).recordsPerSecond == 100)
    }

    @Test func `the rate falls to nothing when nothing comes, and a burst counts for itself`() {
        let samples = (0...20).map { sample(Double($0), $0 * 1_000) }
        #expect(rates(samples, now: 26).recordsPerSecond < 700)
        #expect(rates(samples, now: 40).recordsPerSecond == 0)
        let burst = samples + [sample(3_600, 120_000)]
        #expect((7_000...12_000).contains(rates(burst, now: 3_600).recordsPerSecond))
        #expect(rates([], now: 5) == TaskRates())
        #expect(rates([sample(5, 0)], now: 5) == TaskRates())
    }

    @Test func `an engine that commits all the time keeps few samples`() {
        var kept = RateSamples(commitInterval: .milliseconds(1))
        for index in 0..<100_000 { kept.append(sample(Double(index) / 1_000, index)) }
        #expect(kept.samples.count < 100)
        #expect(abs(kept.rates(now: 100_000_000_000).recordsPerSecond - 1_000) < 50)
    }
}
