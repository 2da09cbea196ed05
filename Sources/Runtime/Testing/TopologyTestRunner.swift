public import Base
public import Columns
public import Planner
import Stores
public import TopologyFile

/// What came of one test.
public struct TopologyTestResult: Sendable {
    /// An expectation that does not hold.
    public struct Failure: Sendable {
        public var expectation: PlannedExpectation
        /// What was found instead, in a sentence or two.
        public var message: String
        /// All rows of the expectation's target, in the order they came, and their type.
        public var rows: [[Value]]
        public var type: RowType
    }

    public var name: String
    public var location: SourceLocation
    public var failures: [Failure]
    /// Why records became dead letters, each reason once, with how many: a test that fails often fails for that.
    public var deadLetters: [(reason: String, count: Int)]
    public var nanoseconds: UInt64

    public var isPassed: Bool { failures.isEmpty }
}

/// Runs tests of a topology on its real tasks, in memory, with time under control.
///
/// 1. Inputs are given in the order of the file; series that stand side by side are merged by time.
/// 2. The clock starts at the first event's time and follows the events, but never past `advance_to`: an event further
///    ahead of that than `max_ahead` is a dead letter, as it would be live. The watermark follows the events as always.
/// 3. At the end clock and watermark are moved to `advance_to`, and everything is committed.
/// 4. The expectations are held against all rows that came out.
public struct TopologyTestRunner {
    let plan: Plan

    public init(_ plan: Plan) { self.plan = plan }

    /// - Parameters:
    ///   - test: planned against this runner's plan.
    ///   - specification: what it was planned from.
    /// - Throws: Only for defects of the engine: whatever a topology does to records is an outcome.
    public func run(_ test: PlannedTest, of specification: TopologyTestSpecification) throws -> TopologyTestResult {
        precondition(test.inputs.count == specification.given.count, "a planned test has the inputs it was planned from")
        let stopwatch = Stopwatch()
        let events = TestEvents(test, specification, plan).ordered
        let limit = test.advanceTo ?? .latest
        let start = min(events.lazy.compactMap(\.time).first ?? limit, limit)
        let partitions = test.inputs.compactMap { $0.partition.map { Int($0.number) + 1 } }.max() ?? 1
        let driver = try TopologyDriver(plan, clock: start == .latest ? EventTime(seconds: 0) : start, partitionCount: partitions)
        for event in events {
            if let time = event.time, min(time, limit) >= driver.clock + Limits.tickInterval {
                try driver.run()
                driver.clock = min(time, limit)
            }
            switch event.target {
            case .source(let index):
                try driver.append(source: plan.sources[index].name, value: event.value, partition: event.partition)
            case .table(let index):
                try driver.append(
                    table: plan.tables[index].name, value: event.value, isDeletion: event.isDeletion, partition: event.partition)
            }
        }
        try driver.run()
        if let time = test.advanceTo { try driver.advance(to: time) }
        try driver.commit()
        let rows = TestRows(driver)
        let failures = try test.expectations.compactMap { expectation -> TopologyTestResult.Failure? in
            let (found, type) = try rows.all(of: expectation.target)
            return expectation.failure(in: found, of: type).map { .init(expectation: expectation, message: $0, rows: found, type: type) }
        }
        return TopologyTestResult(
            name: test.name, location: test.location, failures: failures, deadLetters: try rows.deadLetterReasons(),
            nanoseconds: stopwatch.elapsedNanoseconds)
    }
}

/// The rows that a driven topology gave, by the targets of expectations.
private struct TestRows {
    let driver: TopologyDriver
    private let rowsOfStream: [String: [TopologyDriver.Row]]

    init(_ driver: TopologyDriver) {
        self.driver = driver
        rowsOfStream = Dictionary(grouping: driver.rows, by: \.stream)
    }

    func all(of target: PlannedExpectation.Target) throws -> ([[Value]], RowType) {
        let plan = driver.plan
        switch target {
        case .rows(let input):
            let name = plan.name(of: input)
            let type = plan.type(of: input)
            return ((rowsOfStream[name] ?? []).map { Self.values($0.values, type) }, type)
        case .view(let index):
            let type = plan.views[index].definition.type
            return (try driver.rows(ofView: plan.views[index]).map { Self.values($0, type) }, type)
        case .deadLetters:
            return (try deadLetters().map { Self.values($0, PlannedExpectation.deadLetterType) }, PlannedExpectation.deadLetterType)
        }
    }

    func deadLetterReasons() throws -> [(reason: String, count: Int)] {
        var counts: [String: Int] = [:]
        var reasons: [String] = []
        for letter in try deadLetters() {
            guard case .string(let message)? = letter["message"], case .string(let code)? = letter["code"] else { continue }
            let reason = "\(message) [\(code)]"
            if counts[reason] == nil { reasons.append(reason) }
            counts[reason, default: 0] += 1
        }
        return reasons.map { ($0, counts[$0] ?? 0) }
    }

    private func deadLetters() throws -> [[String: Value]] {
        try driver.records(of: .deadLetters(of: driver.plan.topology)).map { record in
            func text(_ name: String) -> Value { record.headers[name].map { .string($0) } ?? .null }
            func number(_ name: String) -> Value { record.headers[name].flatMap { Int64($0) }.map { .int($0) } ?? .null }
            return [
                "code": text(DeadLetterHeader.code), "message": text(DeadLetterHeader.message), "topic": text(DeadLetterHeader.topic),
                "partition": number(DeadLetterHeader.partition), "offset": number(DeadLetterHeader.offset),
                "operator": text(DeadLetterHeader.operatorName),
            ]
        }
    }

    private static func values(_ row: [String: Value], _ type: RowType) -> [Value] { type.columns.map { row[$0.path] ?? .null } }
}
