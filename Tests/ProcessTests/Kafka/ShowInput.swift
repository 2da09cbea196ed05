import Base
import Foundation

/// Measurements in the order of their time, and what a topology that counts and adds them up by machine and minute must
/// make of them: computed here from the measurements, by nothing of the engine.
///
/// A last measurement to each partition, hours later, closes all minutes before it; its own minute stays open.
struct ShowInput {
    /// Of the topology and its topics: nobody has used it before.
    let name: String
    var source: String { "\(name).metrics" }
    var output: String { "\(name).minutes" }
    var deadLetters: String { "_pioneer.\(name).dead-letters" }
    /// The source's topic is partitioned by nothing.
    let isRekeyed: Bool
    /// The rows are in the view `minutes`, too.
    let hasView: Bool
    /// Of a table that is there with such a source, and says how many tasks there are.
    var table: String { "\(name).machines" }

    var topology: String {
        """
        topology: \(name)
        sources:
          metrics:
            topic: \(source)
            schema: resource-metric
            key: [resource_id]
            event_time: { field: observed_at, out_of_order: 1s, idle_after: 1h, max_ahead: 1h }
            rekey: \(isRekeyed)
        \(isRekeyed ? "tables: { machines: { topic: \(table), schema: machine, key: [resource_id] } }" : "")
        streams:
          minutes:
            from: metrics
            window: { tumbling: 1m, by: [resource_id] }
            aggregate:
              samples: count()
              total: sum(value)
        outputs:
          minutes: { from: minutes, topic: \(output), key: [resource_id] }
        \(hasView ? "views: { minutes: { from: minutes, key: [resource_id, window.start] } }" : "")
        """
    }

    private static let machines = 40
    /// Of event time, from one measurement to the next.
    private static let stepMs: Int64 = 250
    /// 2025-06-01T00:00:00Z.
    private static let startMs: Int64 = 1_748_736_000_000
    private static let closingMs: Int64 = 10 * 3_600_000

    /// `key|value`, as kcat takes them.
    let lines: [String]
    /// One for each partition of the source.
    let closing: [String]
    /// The rows as `machine minute samples total`, sorted.
    let rows: [String]

    init(_ name: String, count: Int, partitions: Int, seed: UInt64, isRekeyed: Bool = false, hasView: Bool = false) {
        self.name = name
        self.hasView = hasView
        self.isRekeyed = isRekeyed
        var random = SeededRandom(seed: seed)
        var sums: [String: (samples: Int, total: Int)] = [:]
        lines = (0..<count).map { index in
            let machine = "i-\(random.below(Self.machines))", value = random.below(1_000)
            let time = Self.startMs + Int64(index) * Self.stepMs
            sums["\(machine) \(time / 60_000 * 60_000)", default: (0, 0)].samples += 1
            sums["\(machine) \(time / 60_000 * 60_000)", default: (0, 0)].total += value
            return Self.line(machine, time, value)
        }
        rows = sums.map { "\($0.key) \($0.value.samples) \($0.value.total)" }.sorted()
        var closing: [Int: String] = [:]
        let end = Self.startMs + Int64(count) * Self.stepMs + Self.closingMs
        var number = 0
        while closing.count < partitions {
            let machine = "closing-\(number)"
            let partition = Array(machine.utf8).withUnsafeBufferPointer { Hashing.partition(of: $0, among: partitions) }
            closing[Int(partition.number)] = closing[Int(partition.number)] ?? Self.line(machine, end, 0)
            number += 1
        }
        self.closing = closing.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func line(_ machine: String, _ timeMs: Int64, _ value: Int) -> String {
        "\(machine)|{\"resource_id\":\"\(machine)\",\"observed_at\":\(timeMs),\"metric\":\"m\",\"value\":\(value)}"
    }

    /// An output record's value in the words of `rows`.
    static func row(_ json: String) throws -> String {
        guard let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any],
            let machine = object["resource_id"] as? String, let samples = object["samples"] as? Int,
            let total = object["total"] as? Double, let window = object["window"] as? [String: Any],
            let start = (window["start"] as? String).flatMap({ EventTime($0) })
        else { throw Trouble("an output record is not a row: \(json)") }
        return "\(machine) \(start.microseconds / 1_000) \(samples) \(Int(total))"
    }
}
