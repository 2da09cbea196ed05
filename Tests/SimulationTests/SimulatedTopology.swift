import Base
import Columns
import Planner
import SimulatedCluster
import Stores
import TopologyFile

/// What the simulated processes run: a filter, tumbling windows over it and over their rows, an output and a view.
///
/// With hops, the source is rekeyed and another window groups by what is spread over all partitions: rows go from task to task
/// twice. A table that is everywhere is there too. Which rows are late would depend on how far the tasks are apart, so none is:
/// all events are in time, and no partition ever steps aside.
enum SimulatedTopology {
    enum Shape: String, Sendable { case local, hops }

    static let partitionCount = 3
    static let source = TopicName("readings")!
    static let output = TopicName("totals")!
    static let table = TopicName("kinds")!
    static let start = EventTime("2026-01-05T00:00:00Z")!

    private static let local = """
        topology: sim
        sources:
          readings:
            topic: readings
            schema: reading
            key: [id]
            event_time: { field: at, out_of_order: 5s, idle_after: 20s, max_ahead: 24h }
        streams:
          wanted:
            from: readings
            filter: kind != "noise"
          sums:
            from: wanted
            window: { tumbling: 10s, by: [id] }
            aggregate:
              rows: count()
              total: sum(count)
              most: max(count)
              final: last(note)
          minutes:
            from: sums
            window: { tumbling: 1m, by: [id] }
            aggregate:
              sums: count()
              total: sum(total)
        outputs:
          totals: { from: sums, topic: totals, key: [id] }
        views:
          by_minute: { from: minutes, key: [id, window.start] }
        """

    private static let hops = """
        topology: sim
        sources:
          readings:
            topic: readings
            schema: reading
            key: [id]
            event_time: { field: at, out_of_order: 5s, idle_after: 1000h, max_ahead: 24h }
            rekey: true
        tables:
          kinds: { topic: kinds, schema: reading, key: [kind], everywhere: true }
        streams:
          wanted:
            from: readings
            filter: kind != "noise"
          sums:
            from: wanted
            window: { tumbling: 10s }
            aggregate: { rows: count(), total: sum(count), most: max(count) }
          by_kind:
            from: wanted
            window: { tumbling: 10s, by: [kind] }
            aggregate: { rows: count(), total: sum(count) }
          minutes:
            from: by_kind
            window: { tumbling: 1m }
            aggregate: { sums: count(), total: sum(total) }
        outputs:
          totals: { from: by_kind, topic: totals }
        views:
          by_ten_seconds: { from: sums, key: [id, window.start] }
          by_minute: { from: minutes, key: [kind, window.start] }
        """

    static func plan(_ shape: Shape = .local) throws -> Plan {
        let schema = Schema(
            name: "reading",
            fields: [
                .init("id", .string), .init("at", .timestampMicros), .init("kind", .string), .init("count", .long),
                .init("note", .string, isNullable: true),
            ])
        let reading = TopologyLoader.read(shape == .local ? local : hops, path: "sim.yaml")
        guard let specification = reading.specification,
            let plan = Planner.plan(specification, schemas: SchemaCatalog(["reading": schema])).plan
        else { throw SimulationFailure("the topology of the simulation has findings") }
        return plan
    }

    static func task(_ number: Int) -> TaskID { TaskID(topology: "sim", partition: PartitionNumber(number)) }
    static func input(_ number: Int) -> TopicPartition { TopicPartition(source, PartitionNumber(number)) }

    static func topics(of plan: Plan) -> [TopicDescription] {
        let own: Set<TopicName> = [
            source, output, .journal(of: "sim"), .deadLetters(of: "sim"), .changelog(of: "sim"), .tasks(of: "sim"),
        ]
        let compacted = plan.tables.map(\.topic) + [.changelog(of: "sim")]
        return own.union(plan.views.map(\.definition.topic) + plan.hops.map(\.topic) + compacted).sorted().map { name in
            TopicDescription(
                name: name, partitionCount: partitionCount, retention: Retention(isCompacted: compacted.contains(name)))
        }
    }
}

struct SimulationFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Makes the source's records: nearly in order, some too late, some that nobody can use.
struct SimulatedSource {
    /// What each partition was given, in order, aborted records left out.
    private(set) var records: [[(key: [UInt8]?, value: [UInt8]?)]]
    private var count = 0
    private let ids: [[String]]
    /// Nothing is late, and partitions say nothing of keys.
    private let isForHops: Bool
    /// The rows of the table that is everywhere.
    private(set) var table: [[UInt8]: [UInt8]] = [:]

    init(_ plan: Plan) {
        isForHops = !plan.hops.isEmpty
        records = (0..<SimulatedTopology.partitionCount).map { _ in [] }
        var ids = records.map { _ in [String]() }
        var number = 0
        while ids.contains(where: { $0.count < 3 }) {
            let id = "i-\(number)"
            number += 1
            let owner = Array(id.utf8).withUnsafeBufferPointer {
                Int(Hashing.partition(of: $0, among: SimulatedTopology.partitionCount).number)
            }
            if ids[owner].count < 3 { ids[owner].append(id) }
        }
        self.ids = ids
    }

    /// Sets or deletes a row of the table that is everywhere.
    private mutating func appendRow(to cluster: SimulatedCluster, _ random: inout SeededRandom) throws {
        let kind = "k-\(random.below(6))", key = Array(kind.utf8), buffer = RecordBuffer()
        count += 1
        let value = Array("{\"id\":\"-\",\"at\":\"\(SimulatedTopology.start)\",\"kind\":\"\(kind)\",\"count\":\(count)}".utf8)
        table[key] = random.below(4) == 0 ? nil : value
        withBytes(key) { key in withBytes(table[Array(key!)]) { buffer.append(timestamp: cluster.now.microseconds, key: key, value: $0) } }
        // One key's records stay in their order in one partition, whichever.
        let partition = PartitionNumber(Int(key[2]) % SimulatedTopology.partitionCount)
        _ = try cluster.append(AppendRequest(topic: SimulatedTopology.table, producer: nil, records: [(partition, buffer)]))
    }

    /// Appends the next records to a partition, in one of the ways that clients have.
    mutating func append(to cluster: SimulatedCluster, _ random: inout SeededRandom) throws {
        if isForHops, random.below(6) == 0 { return try appendRow(to: cluster, &random) }
        let number = random.below(ids.count)
        let buffer = RecordBuffer()
        let added = (0...random.below(3)).map { _ in next(number, &random) }
        for (key, value) in added {
            withBytes(key) { key in
                withBytes(value) { buffer.append(timestamp: cluster.now.microseconds, key: key, value: $0) }
            }
        }
        let partition = SimulatedTopology.input(number)
        switch random.below(8) {
        case 0: return try cluster.appendInTransaction(buffer, to: partition, commits: false)
        case 1: try cluster.appendInTransaction(buffer, to: partition, commits: true)
        default:
            _ = try cluster.append(
                AppendRequest(topic: partition.topic, producer: nil, records: [(partition.partition, buffer)]))
        }
        records[number] += added
    }

    /// Appends a record so late in event time that every window before it closes: what the state holds comes to light.
    mutating func appendClosing(to cluster: SimulatedCluster) throws {
        for number in ids.indices {
            count += 1
            let at = SimulatedTopology.start + .milliseconds(Int64(count) * 500) + .minutes(10)
            let value = Array("{\"id\":\"\(ids[number][0])\",\"at\":\"\(at)\",\"kind\":\"cpu\",\"count\":1}".utf8)
            let buffer = RecordBuffer(), partition = SimulatedTopology.input(number)
            value.withUnsafeBufferPointer { buffer.append(timestamp: 0, key: nil, value: $0) }
            _ = try cluster.append(
                AppendRequest(topic: partition.topic, producer: nil, records: [(partition.partition, buffer)]))
            records[number].append((nil, value))
        }
    }

    private mutating func next(_ number: Int, _ random: inout SeededRandom) -> (key: [UInt8]?, value: [UInt8]?) {
        count += 1
        let id = ids[isForHops ? random.below(ids.count) : number][random.below(3)]
        // A record each half second in the mean, up to 4 s out of order; the topology waits for 5 s.
        var at = SimulatedTopology.start + .milliseconds(Int64(count) * 500) - .milliseconds(Int64(random.below(4_000)))
        switch random.below(40) {
        case 0: return (Array(id.utf8), Array("{\"n\":\(count)".utf8))
        case 1: return (Array(id.utf8), nil)
        case 2: at = at + .hours(1_000)
        case 3 where !isForHops, 4 where !isForHops: at = at - .seconds(40)
        // A key of another partition.
        case 5: return (Array(ids[(number + 1) % ids.count][0].utf8), json(ids[(number + 1) % ids.count][0], at, &random))
        default: break
        }
        return (Array(id.utf8), json(id, at, &random))
    }

    private func json(_ id: String, _ at: EventTime, _ random: inout SeededRandom) -> [UInt8] {
        let kind = random.below(6) == 0 ? "noise" : isForHops ? ["cpu", "memory", "disk"][random.below(3)] : "cpu"
        let note = random.below(3) == 0 ? "" : ",\"note\":\"n\(count)\""
        return Array("{\"id\":\"\(id)\",\"at\":\"\(at)\",\"kind\":\"\(kind)\",\"count\":\(random.below(100))\(note)}".utf8)
    }
}

func withBytes<R>(_ bytes: [UInt8]?, _ body: (UnsafeBufferPointer<UInt8>?) -> R) -> R {
    guard let bytes else { return body(nil) }
    return bytes.withUnsafeBufferPointer(body)
}
