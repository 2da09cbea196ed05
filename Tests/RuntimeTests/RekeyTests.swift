import Base
import Columns
import OwnThreads
import Planner
import Stores
import Testing

@testable import Runtime

/// Of everything that may stand behind a rekeyed source: row operators, windows by its key, by more and by other fields, and
/// outputs and views of the source itself.
private let topology = """
    topology: sample
    sources:
      readings:
        topic: readings
        schema: reading
        key: [id]
        event_time: { field: at, out_of_order: 5s, idle_after: 1m, max_ahead: 1h }
        rekey: true
    tables:
      machines: { topic: machines, schema: reading, key: [id] }
    streams:
      wanted: { from: readings, filter: kind != "noise" }
      per_id:
        from: wanted
        window: { tumbling: 1m }
        aggregate: { rows: count(), total: sum(value), most: max(count), note: max(note) }
      per_kind: { from: readings, window: { tumbling: 1m, by: [kind, id] }, aggregate: { rows: count(), mean: avg(value) } }
      by_kind: { from: wanted, window: { tumbling: 5m, by: [kind] }, aggregate: { rows: count(), total: sum(value) } }
      by_note: { from: readings, window: { tumbling: 5m, by: [note] }, aggregate: { rows: count() } }
      hourly: { from: per_id, window: { tumbling: 10m }, aggregate: { minutes: count(), rows: sum(rows) } }
    outputs:
      all: { from: readings, topic: everything }
      ids: { from: per_id, topic: ids }
    views:
      latest: { from: readings, key: [id, at] }
      wanted_view: { from: wanted, key: [id, at] }
      hours: { from: hourly, key: [id, window.start] }
      kinds: { from: by_kind, key: [kind, window.start] }
    """

private let topic = TopicName("readings")!

/// Records that lie where somebody else put them come out as if they had lain where their keys belong.
@Suite(.ownThreadsInTurn) struct RekeyTests {
    private struct Way: CustomStringConvertible {
        var tasks = 3
        /// Partitions of the source's topic.
        var partitions = 3
        var batch = 64
        var commitEvery: Int?
        var restartEvery: Int?
        /// Everything is there before anybody reads.
        var isBacklog = false
        var description: String {
            "\(tasks) tasks, \(partitions) partitions, batch \(batch), \(commitEvery ?? 0), \(restartEvery ?? 0), \(isBacklog)"
        }
    }

    private static let events = {
        var events = Sample.events(600, seed: 21)
        // No two of one machine at once, so that rows of views are told apart.
        for index in events.indices { events[index].at = events[index].at + TimeSpan(microseconds: Int64(index)) }
        return events
    }()

    /// Partition by partition in turn, as a client without keys has it.
    private func run(_ way: Way) throws -> TopologyDriver {
        let driver = try TopologyDriver(
            Sample.plan(topology), clock: Sample.start + .hours(1), partitionCount: way.tasks, partitionCounts: [topic: way.partitions],
            batchRecords: way.batch)
        for (index, event) in Self.events.enumerated() {
            try driver.append(source: "readings", value: event.json, partition: PartitionNumber(index % way.partitions))
            if way.isBacklog { continue }
            if let every = way.restartEvery ?? way.commitEvery, index % every == every - 1 {
                try driver.run()
                if way.commitEvery != nil || index / every % 2 == 0 { try driver.commit() }
                if way.restartEvery != nil { try driver.restart() }
            }
        }
        try finish(driver)
        return driver
    }

    /// A topic with every record where its key belongs, read without a hop.
    private func straight(tasks: Int) throws -> TopologyDriver {
        let driver = try TopologyDriver(
            Sample.plan(topology.replacing("rekey: true", with: "rekey: false")), clock: Sample.start + .hours(1), partitionCount: tasks)
        #expect(Set(driver.plan.hops.map(\.name)) == ["by_kind", "by_note"])
        try Sample.append(Self.events, to: driver)
        try finish(driver)
        return driver
    }

    private func finish(_ driver: TopologyDriver) throws {
        try driver.advance(to: Sample.start + .hours(2))
        try driver.commit()
        #expect(driver.counters.late.isEmpty && driver.counters.deadLetters == 0)
    }

    private func rows(_ driver: TopologyDriver, _ stream: String) -> [String] {
        driver.rows.filter { $0.stream == stream }
            .map { row in "\(row.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) @\(row.eventTime)" }.sorted()
    }

    private func records(_ driver: TopologyDriver, _ name: String) throws -> [String] {
        try driver.records(of: TopicName(name)!).map { record in
            let key = String(decoding: record.key ?? [], as: UTF8.self), value = String(decoding: record.value ?? [], as: UTF8.self)
            return "\(record.partition) \(key) \(value)"
        }.sorted()
    }

    private func expectSame(_ driver: TopologyDriver, _ straight: TopologyDriver, _ way: Way) throws {
        if way.restartEvery == nil {
            for stream in ["readings"] + straight.plan.streams.map(\.name) {
                expectSame(rows(driver, stream), rows(straight, stream), "\(stream): \(way)")
            }
        }
        // Partition by partition: a row is written where it would be without a hop.
        for topic in ["everything", "ids"] + straight.plan.views.map(\.definition.topic.text) {
            try expectSame(records(driver, topic), records(straight, topic), "\(topic): \(way)")
        }
    }

    private func expectSame(_ rows: [String], _ expected: [String], _ what: String) {
        guard rows != expected else { return }
        let more = Set(rows).subtracting(expected).sorted(), missing = Set(expected).subtracting(rows).sorted()
        Issue.record("\(what): \(rows.count) rows for \(expected.count), as \(more.prefix(2)), without \(missing.prefix(2))")
    }

    @Test(arguments: [1, 2, 3, 4])
    func `a topic that is partitioned by nothing gives exactly the rows of one that is partitioned by the key`(tasks: Int) throws {
        let straight = try straight(tasks: tasks)
        var way = Way(tasks: tasks, partitions: tasks)
        for (batch, commit, restart) in [(4_096, nil, nil), (64, nil, 37), (7, 50, nil), (16, nil, 190)] as [(Int, Int?, Int?)] {
            way.batch = batch
            way.commitEvery = commit
            way.restartEvery = restart
            try expectSame(run(way), straight, way)
        }
        #expect(rows(straight, "per_id").count > 40 && rows(straight, "by_note").count > 10)
    }

    @Test(arguments: [1, 2, 5, 7], [true, false])
    func `its topic may have more or fewer partitions than there are tasks`(partitions: Int, isBacklog: Bool) throws {
        let straight = try straight(tasks: 3)
        for way in [
            Way(partitions: partitions, isBacklog: isBacklog),
            Way(partitions: partitions, batch: 4_096, commitEvery: 100, isBacklog: isBacklog),
            Way(partitions: partitions, restartEvery: 90, isBacklog: isBacklog),
        ] {
            let driver = try run(way)
            try expectSame(driver, straight, way)
            let read = driver.tasks.map { $0.inputs.filter { $0.partition.topic == topic }.map { $0.partition.partition.number } }
            #expect(read == (0..<3).map { task in (0..<Int32(partitions)).filter { $0 % 3 == task } })
        }
    }

    @Test func `a record in another partition than its key's names the remedy, and none is one with it`() throws {
        let event = Self.events[0].json
        for isRekeyed in [true, false] {
            let driver = try TopologyDriver(
                Sample.plan(topology.replacing("rekey: true", with: "rekey: \(isRekeyed)")), clock: Sample.start, partitionCount: 4)
            for number in 0..<4 { try driver.append(source: "readings", value: event, partition: PartitionNumber(number)) }
            try driver.append(source: "readings", value: Array("{\"id\":null}".utf8), partition: PartitionNumber(2))
            try driver.run()
            try driver.commit()
            let letters = try driver.records(of: .deadLetters(of: "sample"))
            let wrong = letters.filter { $0.headers["code"] == "source.wrong_partition" }
            #expect(wrong.count == (isRekeyed ? 0 : 3) && letters.count == wrong.count + 1)
            #expect(wrong.allSatisfy { $0.headers["message"]?.contains("give source 'readings' 'rekey: true'") == true })
            #expect(try driver.records(of: TopicName("everything")!).count == (isRekeyed ? 4 : 1))
        }
    }

    @Test func `a partition that falls silent holds nobody longer than idle_after, in a task with others or alone`() throws {
        let driver = try TopologyDriver(
            Sample.plan(topology), clock: Sample.start, partitionCount: 2, partitionCounts: [topic: 5])
        for partition in [0, 1, 2, 4] {
            for seconds: Int64 in [0, 30, 130] {
                let event = Sample.Event(id: "i-1", at: Sample.start + .seconds(seconds), kind: "cpu", value: 1)
                try driver.append(source: "readings", value: event.json, partition: PartitionNumber(partition))
            }
        }
        try driver.run()
        try driver.commit()
        #expect(rows(driver, "per_id").isEmpty, "the fourth has told nothing")
        driver.clock = driver.clock + .seconds(61)
        try driver.run()
        try driver.commit()
        let counts = driver.rows.filter { $0.stream == "per_id" }.map { $0.values["rows"] }
        #expect(counts == [.int(8)])
    }
}
