import Base
import Columns
import OwnThreads
import Planner
import Runtime
import Stores
import Testing

/// State larger than the memory it may have: groups leave memory after a commit and come back when they are needed.
@Suite(.ownThreadsInTurn) struct StateEvictionReviewTests {
    private struct Outcome: Equatable {
        var views: [String: [[String: Value]]]
        var records: [TopologyDriver.Record]
        var late: [String: Int]
    }

    /// Commits every `commitEvery` events, so that memory is let go of that often.
    private func run(
        seed: UInt64, stateBytesMax: Int, commitEvery: Int = 50, partitions: Int = 1, abortEvery: Int? = nil, restartEvery: Int? = nil
    ) throws -> Outcome {
        // Up to 12 s of disorder against 5 s allowed: several windows are open, and some records are late.
        let events = Sample.events(4_000, seed: seed, disorder: .seconds(12), ids: 40)
        let driver = try TopologyDriver(
            Sample.plan(), clock: Sample.start + .hours(2), partitionCount: partitions, batchRecords: 16, stateBytesMax: stateBytesMax)
        var late: [String: Int] = [:]
        for (index, event) in events.enumerated() {
            try driver.append(source: "readings", value: event.json)
            guard index % commitEvery == commitEvery - 1 else { continue }
            try driver.run()
            if let abortEvery, index % abortEvery == abortEvery - 1 {
                driver.store.failNext(.abort)
                try driver.commit()
                try driver.run()
            }
            try driver.commit()
            if let restartEvery, index % restartEvery == restartEvery - 1 {
                late.merge(driver.counters.late, uniquingKeysWith: +)
                try driver.restart()
            }
        }
        try driver.advance(to: Sample.start + .hours(3))
        try driver.commit()
        late.merge(driver.counters.late, uniquingKeysWith: +)
        var views: [String: [[String: Value]]] = [:]
        for view in driver.plan.views { views[view.definition.name] = try driver.rows(ofView: view) }
        let topics = driver.plan.views.map(\.definition.topic) + driver.plan.outputs.map(\.topic)
        return Outcome(views: views, records: try topics.flatMap { try driver.records(of: $0) }, late: late)
    }

    @Test(arguments: [UInt64(61), 62], [0, 20_000, 60_000])
    func `state that leaves memory comes back and changes no record`(seed: UInt64, stateBytesMax: Int) throws {
        let unbounded = try run(seed: seed, stateBytesMax: .max / 2)
        #expect(unbounded.views["minutes"]!.count > 1_000)
        #expect(unbounded.late.values.reduce(0, +) > 0)
        #expect(try run(seed: seed, stateBytesMax: stateBytesMax) == unbounded)
    }

    @Test(arguments: [UInt64(63), 64])
    func `restarts while state is in the store alone change no record`(seed: UInt64) throws {
        let unbounded = try run(seed: seed, stateBytesMax: .max / 2)
        #expect(try run(seed: seed, stateBytesMax: 0, restartEvery: 350) == unbounded)
    }

    @Test(arguments: [0, 20_000])
    func `aborted epochs while state is in the store alone change no row`(stateBytesMax: Int) throws {
        let unbounded = try run(seed: 65, stateBytesMax: .max / 2)
        let aborted = try run(seed: 65, stateBytesMax: stateBytesMax, abortEvery: 350)
        #expect(aborted.views == unbounded.views)
        #expect(aborted.records == unbounded.records)
    }
}
