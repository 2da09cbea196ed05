import Base
import OwnThreads
import Planner
import Stores
import Testing

@testable import Runtime

/// With its inputs, an epoch's record gives the epoch again, byte for byte: outputs, state and the record itself.
@Suite(.ownThreadsInTurn) struct EpochReplayTests {
    private static let topology = """
        topology: sample
        sources:
          readings:
            topic: readings
            schema: reading
            key: [id]
            event_time: { field: at, out_of_order: 2s, idle_after: 12s, max_ahead: 10m }
          others:
            topic: others
            schema: reading
            key: [id]
            event_time: { field: at, out_of_order: 1s, idle_after: 20s, max_ahead: 10m }
        tables:
          machines: { topic: machines, schema: reading, key: [id] }
          prices: { topic: prices, schema: reading, key: [kind], everywhere: true }
        streams:
          wanted: { from: readings, filter: kind != "noise" }
          per_id:
            from: wanted
            window: { tumbling: 10s, by: [id] }
            aggregate: { rows: count(), last_note: last(note), least: min(note), total: sum(value) }
          by_kind:
            from: wanted
            window: { tumbling: 10s, by: [kind] }
            aggregate: { rows: count(), note: max(note), mean: avg(value) }
          minutes:
            from: by_kind
            window: { tumbling: 1m, by: [rows] }
            aggregate: { kinds: count() }
          other_notes:
            from: others
            window: { tumbling: 10s, by: [note] }
            aggregate: { rows: count(), first_value: first(value) }
        outputs:
          kinds: { from: by_kind, topic: kinds }
          raw: { from: wanted, topic: raw }
        views:
          ids: { from: per_id, key: [id, window.start] }
          minutes_view: { from: minutes, key: [rows, window.start] }
        """
    private static let partitions = 3

    private let plan: Plan
    private let log = InMemoryStore()
    private let kept: KeepingCommit

    init() throws {
        plan = try Sample.plan(Self.topology)
        try Self.makeTopics(plan, in: log)
        kept = KeepingCommit(log)
    }

    private static func makeTopics(_ plan: Plan, in store: InMemoryStore) throws {
        for topic in Set(plan.topics).sorted() {
            try store.createTopic(TopicDescription(name: topic, partitionCount: partitions, retention: .forever))
        }
    }

    private func task(
        _ number: Int, _ random: inout SeededRandom, log: any EventLog, store: InMemoryStore, committer: any EpochCommit
    ) throws -> TopologyTask {
        var settings = TopologyTask.Settings()
        settings.partitionCount = Self.partitions
        settings.batchRecords = 1 + random.below(40)
        settings.commitInterval = .hours(1_000)
        settings.stateBytesMax = random.below(2) == 0 ? 1 : 1 << 20
        let task = TopologyTask(
            plan, partition: PartitionNumber(number), settings: settings, log: log, store: store, committer: committer)
        try task.restore()
        return task
    }

    private func append(_ event: Sample.Event, to topic: String, _ random: inout SeededRandom) throws {
        let key = Array((topic == "prices" ? event.kind : event.id).utf8), buffer = RecordBuffer()
        key.withUnsafeBufferPointer { key in
            event.json.withUnsafeBufferPointer { buffer.append(timestamp: 0, key: key, value: random.below(60) == 0 ? nil : $0) }
        }
        // Now and then where its key does not belong.
        let own = key.withUnsafeBufferPointer { Hashing.partition(of: $0, among: Self.partitions) }
        let partition = random.below(40) == 0 ? PartitionNumber(random.below(Self.partitions)) : own
        _ = try log.append(AppendRequest(topic: TopicName(topic)!, producer: nil, records: [(partition, buffer)]))
    }

    /// Tasks that read, wait, tick, commit and are restarted as chance has it.
    private func run(_ random: inout SeededRandom) throws {
        var clock = Sample.start, count = 0
        var tasks = try (0..<Self.partitions).map { try task($0, &random, log: log, store: log, committer: kept) }
        for _ in 0..<900 {
            let number = random.below(Self.partitions)
            if random.below(60) == 0 {
                // Silence, until everybody knows that everybody is idle.
                for _ in 0..<4 {
                    clock = clock + .seconds(15)
                    for task in tasks {
                        while try task.step(now: clock) {}
                        try task.commit()
                    }
                }
            }
            switch random.below(20) {
            case 0..<7:
                for _ in 0...random.below(12) {
                    count += 1
                    // In the mean as fast as the clock; some late, some far ahead.
                    let jitter = random.below(50) == 0 ? Int64(-30_000) : random.below(80) == 0 ? 700_000 : -Int64(random.below(2_500))
                    let event = Sample.Event(
                        id: "i-\(random.below(9))", at: clock + .milliseconds(jitter),
                        kind: ["cpu", "memory", "noise", "disk"][random.below(4)], value: Double(random.below(800)) / 8, count: nil, note: random.below(3) == 0 ? nil : "n\(random.below(30))")
                    let topic = ["readings", "readings", "readings", "others", "machines", "prices"][random.below(6)]
                    try append(event, to: topic, &random)
                }
            case 7..<15: _ = try tasks[number].step(now: clock)
            case 15..<18: try tasks[number].commit()
            case 18: clock = clock + .milliseconds(Int64(random.below(3_000)))
            default:
                guard random.below(4) == 0 else { continue }
                tasks[number] = try task(number, &random, log: log, store: log, committer: kept)
            }
            if random.below(3) == 0 { clock = clock + .milliseconds(Int64(random.below(900))) }
        }
    }

    @Test(arguments: [UInt64](1...3), [false, true])
    func `the journal's records and the inputs give every epoch again, byte for byte`(seed: UInt64, restarts: Bool) throws {
        var random = SeededRandom(seed: seed)
        try run(&random)
        var stepKinds: Set<Int> = []
        for number in 0..<Self.partitions {
            let id = TaskID(topology: plan.topology, partition: PartitionNumber(number))
            let epochs = try #require(kept.epochs[id])
            let journal = try records(of: TopicPartition(.journal(of: plan.topology), id.partition))
            #expect(journal == epochs.map(\.record) && epochs.count > 20)

            let state = InMemoryStore(), bounded = BoundedLog(log), again = KeepingCommit(state)
            try Self.makeTopics(plan, in: state)
            var replaying = try task(number, &random, log: bounded, store: state, committer: again)
            for (index, record) in journal.enumerated() {
                if restarts { replaying = try task(number, &random, log: bounded, store: state, committer: again) }
                try replaying.replay(record, from: bounded)
                let fault = again.epochs[id]?.last?.difference(from: epochs[index])
                try #require(fault == nil, "epoch \(record.epoch) of task \(number)")
                for step in record.steps { stepKinds.insert(step.kind) }
            }
            #expect(try entries(of: id, in: state) == entries(of: id, in: log))
        }
        #expect(stepKinds == [0, 1, 2, 3], "not all kinds of steps came up")
    }

    private func records(of journal: TopicPartition) throws -> [EpochRecord] {
        let batch = RecordBatch()
        guard case .records = try log.read(journal, from: .zero, recordsMax: .max, bytesMax: .max, into: batch) else { return [] }
        return (0..<batch.count).compactMap { batch[$0].valueBytes.flatMap { EpochRecord(decoding: UnsafeRawBufferPointer($0)) } }
    }

    private func entries(of task: TaskID, in store: InMemoryStore) throws -> [[UInt8]] {
        var entries: [[UInt8]] = []
        try StateScope.taskPrefix(task).withUnsafeBytes { prefix in
            try store.scan(prefix: prefix, from: prefix) { key, value in
                entries += [Array(key), Array(value)]
                return true
            }
        }
        return entries
    }
}

extension EpochRecord.Step {
    fileprivate var kind: Int {
        switch self {
        case .slice: 0
        case .tick: 1
        case .idle: 2
        case .believed: 3
        }
    }
}
