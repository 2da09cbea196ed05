import Base
import Columns
import Operators
import Planner
import Stores
import Testing

@testable import Runtime

/// Records whose groups, texts or table rows are larger than a record of the state may be, on a log that takes small ones.
@Suite struct LargeStateTests {
    private static let recordBytesMax = 3_000
    /// Of a group of `minutely`: what its entry has beside its accumulators, the start of its window and the lengths of two
    /// texts, in three shares.
    private static let shareMax = (recordBytesMax - 1 - 9 - 9 - 1 - 176 - 2 * 4) / 3

    /// Takes and gives what the store does, but says that its records are small.
    private struct SmallRecords: EventLog {
        let base: InMemoryStore
        var recordBytesMax: Int { LargeStateTests.recordBytesMax }

        func read(
            _ partition: TopicPartition, from offset: Offset, recordsMax: Int, bytesMax: Int, into batch: RecordBatch
        ) throws -> ReadOutcome {
            try base.read(partition, from: offset, recordsMax: recordsMax, bytesMax: bytesMax, into: batch)
        }
        var id: LogID { base.id }
        func topics() throws -> [TopicDescription] { try base.topics() }
        func topic(_ name: TopicName) throws -> TopicDescription? { try base.topic(name) }
        func createTopic(_ description: TopicDescription) throws { try base.createTopic(description) }
        func range(of partition: TopicPartition) throws -> OffsetRange { try base.range(of: partition) }
        func deleteRecords(before offset: Offset, in partition: TopicPartition) throws {
            try base.deleteRecords(before: offset, in: partition)
        }
        var appendCount: UInt64 { base.appendCount }
        func waitForAppend(since seen: UInt64, timeout: TimeSpan) { base.waitForAppend(since: seen, timeout: timeout) }
    }

    /// Commits what a shared log would take, and only that.
    private struct CheckedCommit: EpochCommit {
        let base: InMemoryStore

        func commit(_ write: EpochWrite) throws -> CommitOutcome {
            let records = RecordBuffer()
            Changelog.write(write, to: records)
            let sends = write.outputs + [(Changelog.partition(of: write.task), records)]
            #expect(RefusedOutputs.tooLarge(sends, recordBytesMax: LargeStateTests.recordBytesMax).isEmpty)
            return try base.commit(write)
        }
    }

    private func task(_ driver: TopologyDriver) throws -> TopologyTask {
        var settings = TopologyTask.Settings()
        settings.batchRecords = 64
        let task = TopologyTask(
            driver.plan, partition: PartitionNumber(0), settings: settings, log: SmallRecords(base: driver.store), store: driver.store,
            committer: CheckedCommit(base: driver.store))
        try task.restore()
        return task
    }

    /// Some with a key or a note of a length near the bound or far beyond it.
    private func events() -> [Sample.Event] {
        var random = SeededRandom(seed: 404)
        func length() -> Int { [2, 900 + random.below(60), 4_000][[0, 0, 0, 1, 2][random.below(5)]] }
        return Sample.events(1_500, seed: 405).map { event in
            var event = event
            event.id += String(repeating: "k", count: length())
            if event.note != nil { event.note? += String(repeating: "n", count: length()) }
            return event
        }
    }

    private func fits(_ event: Sample.Event) -> Bool {
        // The id is ended by two bytes.
        event.id.utf8.count + 2 + event.kind.utf8.count <= Self.shareMax && event.note?.utf8.count ?? 0 <= Self.shareMax
    }

    private func minutes(_ rows: [TopologyDriver.Row]) -> [[String: Value]] {
        rows.filter { $0.stream == "minutely" }.map(\.values)
    }

    private func driven(_ events: [Sample.Event]) throws -> TopologyDriver {
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(1))
        try Sample.append(events, to: driver)
        try driver.advance(to: Sample.start + .hours(2))
        try driver.commit()
        return driver
    }

    @Test func `rows that no record of the state could hold are dead letters, and the others count as if those had not come`() throws {
        let events = events()
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start + .hours(1))
        try Sample.append(events, to: driver)
        let task = try task(driver)
        var rows: [[String: Value]] = []
        task.probe = { stream, batch in
            if stream == "minutely" { for row in 0..<batch.count { rows.append(batch.row(row)) } }
        }
        while try task.step(now: Sample.start + .hours(1)) { try task.commit() }
        try task.advance(to: Sample.start + .hours(2))
        try task.commit()
        #expect(try rows == minutes(driven(events.filter(fits)).rows))
        let letters = try driver.records(of: .deadLetters(of: "sample")).filter { $0.headers["code"] == "operator.state_too_large" }
        #expect(letters.count == events.count { $0.kind != "noise" && !fits($0) } && letters.count > 300)
        #expect(letters.allSatisfy { $0.headers["topic"] == "readings" && $0.headers["message"]?.contains("message.max.bytes") == true })
    }

    @Test func `a log that takes records of any size has no such dead letters`() throws {
        let events = events()
        let driver = try driven(events)
        let counted = minutes(driver.rows).reduce(0) { $0 + (($1["rows"] ?? .null) == .null ? 0 : $1["rows"]!.intOrZero) }
        #expect(counted == events.count { $0.kind != "noise" } && driver.counters.deadLetters == 0)
    }

    @Test func `a table's row that no record of the state could hold is a dead letter, and the former stays`() throws {
        let topology = """
            topology: sample
            sources:
              readings: { topic: readings, schema: reading, key: [id], event_time: { field: at, out_of_order: 5s } }
            tables:
              latest: { topic: latest, schema: reading, key: [id] }
            streams:
              minutely: { from: readings, window: { tumbling: 1m }, aggregate: { rows: count() } }
            views:
              minutes: { from: minutely, key: [id, window.start] }
            """
        let driver = try TopologyDriver(Sample.plan(topology), clock: Sample.start)
        func put(_ note: Int, id: String = "i-1", isDeletion: Bool = false) throws {
            let event = Sample.Event(
                id: id, at: Sample.start, kind: "cpu", value: Double(note), count: nil, note: String(repeating: "n", count: note))
            try driver.append(table: "latest", value: event.json, isDeletion: isDeletion)
        }
        let task = try task(driver)
        try put(2_500)
        try put(3_500)
        try put(10, id: String(repeating: "i", count: 3_500))
        try put(10, id: String(repeating: "i", count: 3_500), isDeletion: true)
        while try task.step(now: Sample.start) {}
        try task.commit()
        #expect(task.currentStatus.counters.deadLettersByCode == ["table.row_too_large": 3])
        var keys = ByteRuns()
        Array("i-1".utf8).withUnsafeBytes { keys.append($0) }
        let rows = try task.tables[0].contents.lookup(keys, in: driver.store)
        let type = task.tables[0].table.type
        let value = zip(type.columns, rows.columns).first { $0.0.path == "value" }?.1.value(at: 0)
        #expect(value == .double(2_500))
    }

    @Test func `a dead letter that quotes a key of any length fits the log`() throws {
        let driver = try TopologyDriver(Sample.plan(), clock: Sample.start)
        var settings = TopologyTask.Settings()
        settings.partitionCount = 2
        let long = String(repeating: "ä", count: 40_000)
        let own = Array(long.utf8).withUnsafeBufferPointer { Hashing.partition(of: $0, among: 2) }
        let id = own == PartitionNumber(0) ? long + "b" : long
        let isForeign = Array(id.utf8).withUnsafeBufferPointer { Hashing.partition(of: $0, among: 2) } != PartitionNumber(0)
        try #require(isForeign, "another key is needed")
        try driver.append(
            source: "readings", value: Sample.Event(id: id, at: Sample.start, kind: "cpu", value: 1, count: nil, note: nil).json)
        let task = TopologyTask(
            driver.plan, partition: PartitionNumber(0), settings: settings, log: driver.store, store: driver.store, committer: driver.store)
        try task.restore()
        while try task.step(now: Sample.start) {}
        try task.commit()
        let letter = try #require(try driver.records(of: .deadLetters(of: "sample")).first)
        let message = try #require(letter.headers["message"])
        #expect(letter.headers["code"] == "source.wrong_partition" && message.hasSuffix("…"))
        #expect(message.utf8.count <= Limits.deadLetterHeaderBytesMax + 6)
    }
}

extension Value {
    fileprivate var intOrZero: Int { if case .int(let number) = self { Int(number) } else { 0 } }
}
