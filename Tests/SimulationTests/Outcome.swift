import Base
import Planner
@testable import Runtime
import SimulatedCluster
import Stores

/// What a run leaves behind, in a form that does not depend on how it was cut into epochs.
struct Outcome: Equatable {
    /// Of each key, its values in order; an output's rows of one key come from one task.
    var output: [String: [String]] = [:]
    var views: [String: [String]] = [:]
    /// By task; dead letters of different operators come in no promised order.
    var deadLetters: [[String]] = []
    /// By task, the keys in their order. Values are not compared byte by byte, because some hold places in memory; they come to
    /// light when their windows close.
    var state: [[String]] = []

    /// What is different, in a few words; nil: nothing.
    func difference(from expected: Outcome) -> String? {
        func first<T: Equatable>(_ name: String, _ found: [String: [T]], _ expected: [String: [T]]) -> String? {
            for key in Set(found.keys).union(expected.keys).sorted() {
                let (a, b) = (found[key] ?? [], expected[key] ?? [])
                guard a != b else { continue }
                let at = zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset ?? min(a.count, b.count)
                func shown(_ values: [T]) -> String { at < values.count ? "\(values[at])" : "nothing" }
                return "\(name) of \(key): \(a.count) for \(b.count), the \(at)th is \(shown(a)) for \(shown(b))"
            }
            return nil
        }
        func byTask(_ values: [[String]]) -> [String: [String]] {
            Dictionary(uniqueKeysWithValues: values.enumerated().map { ("task \($0)", $1) })
        }
        return first("output", output, expected.output) ?? first("view", views, expected.views)
            ?? first("dead letters", byTask(deadLetters), byTask(expected.deadLetters))
            ?? first("state", byTask(state), byTask(expected.state))
    }
}

/// A record, copied out.
struct CopiedRecord {
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [String: String]

    init(_ view: RecordView) {
        key = view.keyBytes.map { Array($0) }
        value = view.valueBytes.map { Array($0) }
        let decoded = view.headerBytes.flatMap { RecordHeaders.decode($0) } ?? []
        headers = Dictionary(decoded.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
}

func described(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-" }

extension Outcome {
    /// Reads what is in a log; `state` is left for the caller.
    static func reading(_ plan: Plan, _ records: (TopicPartition) throws -> [CopiedRecord]) rethrows -> Outcome {
        var outcome = Outcome()
        for number in 0..<SimulatedTopology.partitionCount {
            let partition = PartitionNumber(number)
            for record in try records(TopicPartition(SimulatedTopology.output, partition)) {
                outcome.output[described(record.key), default: []].append(described(record.value))
            }
            for view in plan.views {
                for record in try records(TopicPartition(view.definition.topic, partition)) {
                    let row = "\(view.definition.name)[\(number)] \(described(record.key))"
                    outcome.views[row, default: []].append(described(record.value))
                }
            }
            let dead = try records(TopicPartition(.deadLetters(of: plan.topology), partition))
            outcome.deadLetters.append(dead.map { "\($0.headers[DeadLetterHeader.code] ?? "") \(described($0.value))" }.sorted())
        }
        return outcome
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String { bytes.map { String($0, radix: 16) }.joined(separator: " ") }

    /// The uninterrupted run: the same records in the same order, by the same tasks, on a store that nothing befalls.
    static func reference(_ plan: Plan, _ source: SimulatedSource) throws -> Outcome {
        let store = InMemoryStore()
        for topic in SimulatedTopology.topics(of: plan) { try store.createTopic(topic) }
        var settings = TopologyTask.Settings()
        settings.partitionCount = SimulatedTopology.partitionCount
        settings.commitInterval = .hours(1_000)
        let tasks = try source.records.enumerated().map { number, records in
            let buffer = RecordBuffer(), partition = SimulatedTopology.input(number)
            for (key, value) in records {
                withBytes(key) { key in withBytes(value) { buffer.append(timestamp: 0, key: key, value: $0) } }
            }
            _ = try store.append(AppendRequest(topic: partition.topic, producer: nil, records: [(partition.partition, buffer)]))
            let task = TopologyTask(
                plan, partition: partition.partition, settings: settings, log: store, store: store, committer: store)
            try task.restore()
            return task
        }
        var didWork = true
        while didWork {
            didWork = false
            for task in tasks {
                while try task.step(now: SimulatedTopology.start) { didWork = true }
                try task.commit()
            }
        }
        var state: [[String]] = []
        for task in tasks {
            var entries: [String] = []
            try StateScope.taskPrefix(task.id).withUnsafeBytes { prefix in
                try store.scan(prefix: prefix, from: prefix) { key, _ in
                    entries.append(hex(key))
                    return true
                }
            }
            state.append(entries)
        }
        var outcome = try reading(plan) { partition in
            let batch = RecordBatch()
            guard case .records = try store.read(partition, from: .zero, recordsMax: .max, bytesMax: .max, into: batch) else { return [] }
            return (0..<batch.count).map { CopiedRecord(batch[$0]) }
        }
        outcome.state = state
        return outcome
    }
}
