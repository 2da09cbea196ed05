import Base
import Columns
import OwnThreads
import Planner
import Runtime
import Stores
import Testing

/// The same topology and in-order-enough input give the same committed output however it is run.
@Suite(.ownThreadsInTurn) struct GoldenTests {
    /// What a run commits: view rows by view, and the records of the output topic, sorted because partitions interleave.
    private struct Outcome: Equatable {
        var views: [String: [[String: Value]]]
        var outputs: [[UInt8]]
        var deadLetters: Int
    }

    private func outcome(_ driver: TopologyDriver) throws -> Outcome {
        var views: [String: [[String: Value]]] = [:]
        for view in driver.plan.views { views[view.definition.name] = try driver.rows(ofView: view) }
        let outputs = try driver.records(of: TopicName("hours")!).compactMap(\.value)
        return Outcome(
            views: views, outputs: outputs.sorted { $0.lexicographicallyPrecedes($1) },
            deadLetters: try driver.records(of: .deadLetters(of: "sample")).count)
    }

    private func events(_ seed: UInt64) -> [Sample.Event] { Sample.events(4_000, seed: seed, disorder: .seconds(4)) }

    private func run(
        seed: UInt64, partitions: Int = 1, batch: Int = 4_096, restartEvery: Int? = nil
    ) throws -> Outcome {
        let driver = try TopologyDriver(
            Sample.plan(), clock: Sample.start + .hours(2), partitionCount: partitions, batchRecords: batch)
        for (index, event) in events(seed).enumerated() {
            try driver.append(source: "readings", value: event.json)
            if let restartEvery, index % restartEvery == restartEvery - 1 {
                try driver.run()
                // Every other restart loses an open epoch, which must be done again.
                if index / restartEvery % 2 == 0 { try driver.commit() }
                try driver.restart()
            }
        }
        try driver.advance(to: Sample.start + .hours(3))
        try driver.commit()
        return try outcome(driver)
    }

    @Test(arguments: [UInt64(11), 12, 13])
    func `batches of 1, 7 and 4096 give the same output`(seed: UInt64) throws {
        let straight = try run(seed: seed)
        #expect(straight.views["minutes"]!.count > 500)
        for batch in [1, 7] { #expect(try run(seed: seed, batch: batch) == straight, "batch \(batch)") }
    }

    @Test(arguments: [UInt64(21), 22])
    func `restarts, with and without a commit before them, give the same output`(seed: UInt64) throws {
        let straight = try run(seed: seed)
        for every in [37, 400] { #expect(try run(seed: seed, batch: 16, restartEvery: every) == straight, "every \(every)") }
    }

    @Test(arguments: [2, 4])
    func `more partitions give the same rows`(partitions: Int) throws {
        let one = try run(seed: 31)
        let many = try run(seed: 31, partitions: partitions)
        #expect(many == one)
    }

    @Test func `an aborted commit is done again and leaves nothing twice`() throws {
        let straight = try run(seed: 41)
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(2), batchRecords: 50)
        for (index, event) in events(41).enumerated() {
            try driver.append(source: "readings", value: event.json)
            guard index % 500 == 499 else { continue }
            try driver.run()
            driver.store.failNext(.abort)
            try driver.commit()
        }
        try driver.advance(to: Sample.start + .hours(3))
        try driver.commit()
        #expect(try outcome(driver) == straight)
    }

    @Test func `a commit whose answer got lost is repeated and counts once`() throws {
        let straight = try run(seed: 51)
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(2), batchRecords: 50)
        for (index, event) in events(51).enumerated() {
            try driver.append(source: "readings", value: event.json)
            guard index % 500 == 499 else { continue }
            try driver.run()
            driver.store.failNext(index % 1_000 == 999 ? .error : .errorAfterCommit)
            #expect(throws: EngineError.self) { try driver.commit() }
            try driver.commit()
        }
        try driver.advance(to: Sample.start + .hours(3))
        try driver.commit()
        #expect(try outcome(driver) == straight)
    }

    @Test func `a stream that was dropped and comes back starts afresh`() throws {
        let store = InMemoryStore()
        func minutely(_ topology: String, _ range: Range<Int>) throws -> [Value] {
            let driver = try TopologyDriver(Sample.plan(topology), clock: Sample.start + .hours(2), store: store)
            let events = (0..<60).map { second in
                Sample.Event(id: "i", at: Sample.start + .seconds(Int64(second)), kind: "cpu", value: 1, count: nil, note: nil)
            }
            try Sample.append(Array(events[range]), to: driver)
            try driver.run()
            try driver.commit()
            if range.upperBound == 60 { try driver.advance(to: Sample.start + .hours(1)) }
            return driver.rows.filter { $0.stream == "minutely" }.map { $0.values["rows"] ?? .null }
        }
        let source = String(Sample.topology[..<Sample.topology.firstRange(of: "  scaled:")!.lowerBound])
        let without = source + "outputs:\n  kept: { from: wanted, topic: kept }\n"
        #expect(try minutely(Sample.topology, 0..<20) == [])
        #expect(try minutely(without, 20..<40) == [])
        #expect(try minutely(Sample.topology, 40..<60) == [.int(20)], "the first 20 rows were not taken up again")
    }
}
