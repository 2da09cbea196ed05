import Base
import Columns
import OwnThreads
import Planner
import RocksStore
import Runtime
import Stores
import Testing
import TopologyFile

/// State larger than memory on the embedded store: what a topology commits is what it commits in memory, to the byte.
@Suite(.ownThreadsInTurn) struct StateEvictionReviewTests {
    private static let topology = """
        topology: evicted
        sources:
          readings: { topic: readings, schema: reading, key: [id], event_time: { field: at, out_of_order: 5s, max_ahead: 1h } }
        streams:
          minutely:
            from: readings
            window: { tumbling: 1m, by: [id] }
            aggregate: { rows: count(), total: sum(value), last_note: last(note), least_note: min(note) }
          hourly:
            from: minutely
            window: { tumbling: 1h, by: [id] }
            aggregate: { minutes: count(), total: sum(total) }
        outputs:
          hours: { from: hourly, topic: hours }
        views:
          minutes: { from: minutely, key: [id, window.start] }
        """

    private static func plan() throws -> Plan {
        let schema = Schema(
            name: "reading",
            fields: [
                .init("id", .string), .init("at", .timestampMicros), .init("value", .double), .init("note", .string, isNullable: true),
            ])
        let specification = try #require(TopologyLoader.read(topology, path: "test.yaml").specification)
        return try #require(Planner.plan(specification, schemas: SchemaCatalog(["reading": schema])).plan)
    }

    private static let start = EventTime("2026-01-05T00:00:00Z")!
    private static let partition = PartitionNumber(0)

    /// Keys from none to many bytes, so that one is a prefix of another and the order of the store shows.
    private static func events(_ count: Int) -> RecordBuffer {
        var random = SeededRandom(seed: 71)
        let buffer = RecordBuffer()
        for index in 0..<count {
            let at = EventTime(microseconds: start.microseconds + Int64(index) * 700_000 - Int64(random.below(8_000_000)))
            let id = String(repeating: "i", count: random.below(40)), note = random.below(3) == 0 ? "null" : "\"n\(random.below(500))\""
            let text = "{\"id\":\"\(id)\",\"at\":\"\(at)\",\"value\":\(Double(random.below(900)) / 7),\"note\":\(note)}"
            Array(text.utf8).withUnsafeBufferPointer { buffer.append(timestamp: at.microseconds, key: nil, value: $0) }
        }
        return buffer
    }

    private static func run(
        _ store: some EventLog & RecordAppender & StateStore & EpochCommit, stateBytesMax: Int
    ) throws -> [String: [[UInt8]]] {
        let plan = try plan()
        let written = plan.outputs.map(\.topic) + plan.views.map(\.definition.topic)
        for topic in written + [TopicName("readings")!, .journal(of: "evicted"), .deadLetters(of: "evicted")] {
            try store.createTopic(TopicDescription(name: topic, partitionCount: 1, retention: .forever))
        }
        _ = try store.append(AppendRequest(topic: TopicName("readings")!, producer: nil, records: [(partition, events(6_000))]))
        let meter = try OperatorMeter(
            plan, log: store, store: store, committer: store, batchRecords: 64, stateBytesMax: stateBytesMax, epochBytesMax: 0)
        try meter.drain(now: start + .hours(3))
        #expect(meter.counters.commits > 50 && meter.counters.lateTotal > 0)
        var result: [String: [[UInt8]]] = [:]
        let batch = RecordBatch()
        for topic in written {
            var next = Offset.zero
            while case .records(let after) = try store.read(
                TopicPartition(topic, partition), from: next, recordsMax: 1_000, bytesMax: 1 << 20, into: batch)
            {
                for index in 0..<batch.count { result[topic.text, default: []].append(Array(batch[index].valueBytes!)) }
                next = after
            }
        }
        return result
    }

    @Test(arguments: [0, 30_000, .max / 2])
    func `what is committed does not depend on how much state memory holds`(stateBytesMax: Int) throws {
        let expected = try Self.run(InMemoryStore(), stateBytesMax: .max / 2)
        #expect(expected["hours"]?.isEmpty == false && expected.count == 2)
        let directory = try TemporaryDirectory(inMemory: true)
        let store = try directory.open()
        defer { store.close() }
        #expect(try Self.run(store, stateBytesMax: stateBytesMax) == expected)
    }
}
