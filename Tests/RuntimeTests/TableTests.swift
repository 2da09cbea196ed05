import Base
import Columns
import Operators
import Planner
import Stores
import Testing

@testable import Runtime

private let machine = Schema(
    name: "machine",
    fields: [
        .init("id", .string), .init("type", .string), .init("cores", .long, isNullable: true), .init("tags", .map),
        .init("place", .record(Schema(name: "place", fields: [.init("zone", .string)])), isNullable: true),
    ])
private let price = Schema(name: "price", fields: [.init("type", .string), .init("usd", .double)])

private let topology = """
    topology: sample
    sources:
      readings: { topic: readings, schema: reading, key: [id], event_time: { field: at, out_of_order: 5s } }
    tables:
      machines: { topic: machines, schema: machine, key: [id] }
      prices: { topic: prices, schema: price, key: [type], everywhere: true }
    streams:
      minutely: { from: readings, window: { tumbling: 1m }, aggregate: { rows: count() } }
    views:
      minutes: { from: minutely, key: [id, window.start] }
    """

private func plan(_ text: String = topology, machine: Schema = machine) throws -> Plan {
    try Sample.plan(text, schemas: ["reading": Sample.schema, "machine": machine, "price": price])
}

/// What tasks keep of the topics that they read as tables, against a dictionary.
@Suite struct TableTests {
    private func driver(
        _ plan: Plan, partitions: Int = 1, store: InMemoryStore = InMemoryStore(), batch: Int = 16
    ) throws -> TopologyDriver {
        try TopologyDriver(plan, clock: Sample.start, partitionCount: partitions, batchRecords: batch, store: store)
    }

    /// Looks keys up in the task that has them.
    private func lookup(_ driver: TopologyDriver, _ table: String, _ keys: [String], task: Int? = nil) throws -> [[String: Value]?] {
        try keys.map { key in
            let bytes = Array(key.utf8)
            let own = bytes.withUnsafeBufferPointer { Int(Hashing.partition(of: $0, among: driver.tasks.count).number) }
            let feed = try #require(driver.tasks[task ?? own].tables.first { $0.table.name == table })
            var runs = ByteRuns()
            bytes.withUnsafeBytes { runs.append($0) }
            let rows = try feed.contents.lookup(runs, in: driver.store)
            #expect(rows.faults.isEmpty)
            guard rows.presence.flags[0] == 1 else {
                #expect(rows.columns.allSatisfy { $0.value(at: 0) == .null })
                return nil
            }
            return Dictionary(uniqueKeysWithValues: zip(feed.table.type.columns.map(\.path), rows.columns.map { $0.value(at: 0) }))
        }
    }

    private func json(_ id: String, type: String, cores: Int64?, zone: String?) -> [UInt8] {
        let place = zone.map { #"{"zone":"\#($0)"}"# } ?? "null"
        return Array(
            #"{"id":"\#(id)","type":"\#(type)","cores":\#(cores.map { "\($0)" } ?? "null"),"tags":{"a":"\#(type)"},"place":\#(place)}"#.utf8)
    }

    private func row(_ id: String, type: String, cores: Int64?, zone: String?) -> [String: Value] {
        [
            "id": .string(id), "type": .string(type), "cores": cores.map { .int($0) } ?? .null, "tags": .map(["a": type]),
            "place": .bool(zone != nil), "place.zone": zone.map { .string($0) } ?? .null,
        ]
    }

    @Test(arguments: [UInt64(1), 2, 3], [1, 3])
    func `lookups equal those in a dictionary, through updates, deletions, commits and restarts`(seed: UInt64, partitions: Int) throws {
        var random = SeededRandom(seed: seed)
        let driver = try driver(plan(), partitions: partitions)
        var expected: [String: [String: Value]] = [:]
        let ids = (0..<40).map { "i-\($0)" } + [""]
        for round in 0..<60 {
            for _ in 0..<random.below(12) {
                let id = ids[random.below(ids.count)]
                if random.below(4) == 0 {
                    try driver.append(table: "machines", value: Array(#"{"id":"\#(id)"}"#.utf8), isDeletion: true)
                    expected[id] = nil
                } else {
                    let type = "t\(random.below(5))", cores = random.below(3) == 0 ? nil : Int64(random.below(64))
                    let zone = random.below(2) == 0 ? nil : "z\(random.below(3))"
                    try driver.append(table: "machines", value: json(id, type: type, cores: cores, zone: zone))
                    expected[id] = row(id, type: type, cores: cores, zone: zone)
                }
            }
            try driver.run()
            if random.below(3) == 0 { try driver.commit() }
            if random.below(8) == 0 {
                try driver.restart()
                try driver.run()
            }
            if round % 10 == 9 { #expect(try lookup(driver, "machines", ids) == ids.map { expected[$0] }) }
        }
        try driver.commit()
        #expect(try lookup(driver, "machines", ids + ["nobody"]) == ids.map { expected[$0] } + [nil])
        #expect(driver.counters.deadLetters == 0)
    }

    @Test func `one lookup finds many keys in their order, repeated and missing ones too`() throws {
        let driver = try driver(plan())
        for id in ["a", "b"] { try driver.append(table: "machines", value: json(id, type: id, cores: 1, zone: nil)) }
        try driver.run()
        try driver.commit()
        try driver.append(table: "machines", value: json("c", type: "c", cores: nil, zone: "z"))
        try driver.run()
        var keys = ByteRuns()
        for key in ["c", "nobody", "a", "c", "b"] { Array(key.utf8).withUnsafeBytes { keys.append($0) } }
        let rows = try driver.tasks[0].tables[0].contents.lookup(keys, in: driver.store)
        let types = (0..<5).map { rows.columns[1].value(at: $0) }
        #expect(types == [.string("c"), .null, .string("a"), .string("c"), .string("b")])
        #expect((0..<5).map { rows.presence.flags[$0] } == [1, 0, 1, 1, 1])
    }

    @Test func `a table that is everywhere is whole in every task, and read to its end before the first event`() throws {
        let plan = try plan()
        let first = try driver(plan, partitions: 3)
        for number in 0..<100 {
            try first.append(table: "prices", value: Array(#"{"type":"t\#(number % 40)","usd":\#(number).5}"#.utf8))
        }
        try first.append(table: "prices", value: Array(#"{"type":"t7"}"#.utf8), isDeletion: true)
        for number in 0..<20 {
            try first.append(
                source: "readings",
                value: Sample.Event(id: "i-\(number)", at: Sample.start, kind: "cpu", value: 1, count: nil, note: nil).json)
        }
        // A restart: everything is there, and has to be read in pieces before the first reading.
        let driver = try driver(plan, partitions: 3, store: first.store, batch: 7)
        for task in driver.tasks {
            var wasComplete = false
            while try task.step(now: Sample.start) {
                let contents = try #require(task.tables[1].contents as? EverywhereTable)
                if task.inputs[0].next > .zero {
                    #expect(contents.count == 39)
                    wasComplete = true
                }
            }
            #expect(wasComplete)
        }
        let keys = (0..<40).map { "t\($0)" }
        let expected: [[String: Value]?] = (0..<40).map { number in
            let usd = Double(number < 20 ? number + 80 : number + 40) + 0.5
            return number == 7 ? nil : ["type": .string("t\(number)"), "usd": .double(usd)]
        }
        for task in 0..<3 { #expect(try lookup(driver, "prices", keys, task: task) == expected) }
        // It goes on being read, and none of it is in the tasks' state or positions.
        try driver.append(table: "prices", value: Array(#"{"type":"t7","usd":1.0}"#.utf8))
        try driver.run()
        try driver.commit()
        for task in 0..<3 { #expect(try lookup(driver, "prices", ["t7"], task: task) == [["type": .string("t7"), "usd": .double(1)]]) }
        for task in driver.tasks {
            let record = try #require(try driver.store.lastEpoch(of: task.id))
            #expect(record.positions.map(\.input.topic.text).sorted() == ["machines", "readings"])
            #expect(task.currentStatus.inputs.map(\.kind) == [.source, .table, .table, .table, .table])
            #expect(task.currentStatus.inputs.map(\.source) == ["readings", "machines", "prices", "prices", "prices"])
        }
    }

    @Test func `a table's records hold no time back, and alone are worth an epoch only where they are kept`() throws {
        let driver = try driver(plan())
        try driver.append(table: "prices", value: Array(#"{"type":"t","usd":1.0}"#.utf8))
        try driver.run()
        try driver.commit()
        #expect(driver.statuses[0].epoch == .none)
        try driver.append(table: "machines", value: json("a", type: "a", cores: 1, zone: nil))
        try driver.run()
        try driver.commit()
        #expect(driver.statuses[0].epoch == Epoch(1) && driver.statuses[0].holder == nil)
        let event = Sample.Event(id: "i", at: Sample.start, kind: "cpu", value: 1, count: nil, note: nil)
        try driver.append(source: "readings", value: event.json)
        try driver.run()
        try driver.commit()
        #expect(driver.statuses[0].watermark == Sample.start - .seconds(5) && driver.statuses[0].holder?.source == "readings")
        #expect(try driver.store.lastEpoch(of: driver.tasks[0].id)?.positions.first { $0.input.topic.text == "machines" }?.next == Offset(1))
    }

    @Test func `records that are no rows are dead letters, with the reason`() throws {
        let driver = try driver(plan(), partitions: 2)
        try driver.append(table: "machines", value: Array("{".utf8))
        try driver.append(table: "machines", value: json("i-1", type: "a", cores: 1, zone: nil), partition: PartitionNumber(0))
        try driver.append(table: "machines", value: json("i-1", type: "a", cores: 1, zone: nil), partition: PartitionNumber(1))
        try driver.append(table: "machines", value: Array("{}".utf8), isDeletion: true, partition: PartitionNumber(0))
        try driver.append(table: "prices", value: json("i-1", type: "a", cores: 1, zone: nil))
        try driver.run()
        try driver.commit()
        let codes = try driver.records(of: .deadLetters(of: "sample")).compactMap { $0.headers["code"] }.sorted()
        // Every task reads all of 'prices', and one of them says so.
        #expect(codes == ["decode.missing_field", "decode.syntax", "table.null_key", "table.wrong_partition"])
        #expect(try lookup(driver, "machines", ["i-1"]) == [row("i-1", type: "a", cores: 1, zone: nil)])
    }

    @Test func `a schema with another field reads rows that are there already`() throws {
        let store = InMemoryStore()
        let first = try driver(plan(), store: store)
        try first.append(table: "machines", value: json("a", type: "a", cores: 2, zone: "z"))
        try first.run()
        try first.commit()
        var wider = machine
        wider.fields.append(.init("owner", .string, isNullable: true))
        let later = try driver(plan(machine: wider), store: store)
        #expect(try lookup(later, "machines", ["a"])[0]?["owner"] == .null)
        #expect(try lookup(later, "machines", ["a"])[0]?["cores"] == .int(2))
    }

    @Test func `a table of another topic is read again from there, and one that is gone takes its rows along`() throws {
        let store = InMemoryStore()
        let first = try driver(plan(), store: store)
        try first.append(table: "machines", value: json("a", type: "a", cores: 2, zone: "z"))
        try first.run()
        try first.commit()
        let other = try plan(topology.replacing("topic: machines", with: "topic: other"))
        let moved = try driver(other, store: store)
        #expect(try lookup(moved, "machines", ["a"]) == [nil])
        try moved.append(table: "machines", value: json("b", type: "b", cores: 4, zone: "z"))
        try moved.run()
        try moved.commit()
        #expect(try lookup(moved, "machines", ["a", "b"]) == [nil, row("b", type: "b", cores: 4, zone: "z")])
        let back = try driver(plan(), store: store)
        try back.run()
        try back.commit()
        #expect(try lookup(back, "machines", ["a", "b"]) == [row("a", type: "a", cores: 2, zone: "z"), nil])

        let without = try driver(plan(topology.replacing("  machines: { topic: machines, schema: machine, key: [id] }\n", with: "")), store: store)
        try without.append(
            source: "readings", value: Sample.Event(id: "i", at: Sample.start, kind: "cpu", value: 1, count: nil, note: nil).json)
        try without.run()
        try without.commit()
        let again = try driver(plan(), store: store)
        #expect(try lookup(again, "machines", ["a"]) == [nil])
        try again.run()
        #expect(try lookup(again, "machines", ["a"]) == [row("a", type: "a", cores: 2, zone: "z")])
    }
}
