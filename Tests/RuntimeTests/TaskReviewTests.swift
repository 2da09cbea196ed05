import Base
import Columns
import Planner
import Stores
import Testing

@testable import Runtime

/// What a task keeps to when its surroundings or its topology change under it.
@Suite struct TaskReviewTests {
    /// Fault model: while `isFailing`, reads of single keys throw as a disk does that may come back; scans never fail.
    private final class FlakyState: StateStore, @unchecked Sendable {
        let store: InMemoryStore
        var isFailing = false

        init(_ store: InMemoryStore) { self.store = store }

        func multiGet(_ keys: ByteRuns, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) -> Void) throws {
            guard !isFailing else { throw EngineError(.unexpected, .environment, "no answer", isTransient: true) }
            try store.multiGet(keys, body)
        }

        func scan(
            prefix: UnsafeRawBufferPointer, from start: UnsafeRawBufferPointer,
            _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
        ) throws {
            try store.scan(prefix: prefix, from: start, body)
        }

        func lastEpoch(of task: TaskID) throws -> EpochRecord? { try store.lastEpoch(of: task) }
    }

    private func event(_ seconds: Int64, value: Double = 1, id: String = "i-1") -> Sample.Event {
        Sample.Event(id: id, at: Sample.start + .seconds(seconds), kind: "cpu", value: value, count: 1, note: nil)
    }

    private func minutes(_ driver: TopologyDriver) throws -> [Value?] {
        try driver.rows(ofView: driver.plan.views[0]).map { $0["rows"] }
    }

    @Test func `a batch that failed midway is not committed by a stop, and is done again by the next start`() throws {
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start)
        try driver.append(source: "readings", value: event(0).json)
        try driver.run()
        try driver.commit()
        try driver.append(source: "readings", value: event(1).json)
        let state = FlakyState(driver.store)
        let task = TopologyTask(
            driver.plan, partition: PartitionNumber(0), settings: .init(), log: driver.store, store: state, committer: driver.store)
        try task.restore()
        state.isFailing = true
        #expect(throws: EngineError.self) { try task.step(now: Sample.start) }
        try task.commit()

        try driver.restart()
        try driver.advance(to: Sample.start + .minutes(2))
        try driver.commit()
        #expect(try minutes(driver) == [.int(2)])
    }

    @Test func `a longer out_of_order does not open windows again that have closed`() throws {
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start)
        for seconds: Int64 in [0, 10, 70] { try driver.append(source: "readings", value: event(seconds).json) }
        try driver.run()
        try driver.commit()
        #expect(try minutes(driver) == [.int(2)])

        let patient = try Sample.plan(Sample.topology.replacing("out_of_order: 5s", with: "out_of_order: 10m"))
        let later = try TopologyDriver(patient, clock: Sample.start, store: driver.store)
        try later.append(source: "readings", value: event(20).json)
        try later.run()
        try later.advance(to: Sample.start + .minutes(2))
        try later.commit()
        #expect(try minutes(later) == [.int(2), .int(1)])
        #expect(later.counters.late == ["minutely": 1])
    }

    @Test func `a shorter out_of_order loses no row of a window over windows`() throws {
        let patient = try Sample.plan(Sample.topology.replacing("out_of_order: 5s", with: "out_of_order: 2h"))
        let driver = try TopologyDriver(patient, clock: Sample.start + .hours(2))
        for seconds: Int64 in [0, 70, 3_700, 6_000] { try driver.append(source: "readings", value: event(seconds).json) }
        try driver.run()
        try driver.commit()

        let hasty = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(2), store: driver.store)
        try hasty.append(source: "readings", value: event(7_100).json)
        try hasty.advance(to: Sample.start + .hours(3))
        try hasty.commit()
        #expect(try hasty.rows(ofView: hasty.plan.views[1]).map { $0["rows"] } == [.int(2), .int(3)])
        #expect(hasty.counters.late.isEmpty)
    }

    @Test func `retention by age leaves outputs made of old events as long as others`() throws {
        let now = Sample.start + .days(400)
        let driver = try TopologyDriver(Sample.plan(), clock: now)
        for seconds: Int64 in [0, 4_000] { try driver.append(source: "readings", value: event(seconds).json) }
        try driver.run()
        try driver.commit()
        let hours = TopicName("hours")!
        #expect(try driver.records(of: hours).count == 1)
        try driver.store.deleteRecords(before: now - .days(30), in: TopicPartition(hours, PartitionNumber(0)))
        #expect(try driver.records(of: hours).count == 1)
    }
}
