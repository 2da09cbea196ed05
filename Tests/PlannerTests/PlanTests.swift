import Base
import Columns
import Operators
import Stores
import Testing
import TopologyFile

@testable import Planner

private let text = head + """
    streams:
      last:
        from: hourly
        map: { load: mean / 100.0, place: id + "/" + metric }
      busy: { from: m, filter: value > 1.0 }
      five:
        from: busy
        window: { tumbling: 5m, by: [metric, id] }
        aggregate: { n: count(), mean: avg(value), most: max(count), unit: last(unit), total: sum(shard) }
      small: { from: five, select: [id, metric, window, mean] }
      hourly: { from: small, window: { tumbling: 1h, by: [id, metric] }, aggregate: { mean: avg(mean) } }
    outputs:
      o: { from: five, topic: out }
    views:
      v: { from: last, key: [id, metric, window.start], keep: 30d, path: /api/v1/v }
    """

@Test func `every stream's type is inferred in the order of the data`() throws {
    let plan = try plan(text)
    func columns(_ name: String) -> String? { plan.input(named: name).map { PlanExplanation.columns(plan.type(of: $0)).joined(separator: ", ") } }
    let source = "id string, at timestamp, metric string, value double, count int?, unit string?, tags map(string, string), shard int,"
        + " place record?, place.zone string?, place.rack int?"
    #expect(columns("m") == source && columns("busy") == source)
    let window = "window.start timestamp, window.end timestamp, window.hours double"
    #expect(columns("five") == "metric string, id string, \(window), n int, mean double, most int?, unit string?, total int")
    #expect(columns("small") == "id string, metric string, \(window), mean double")
    #expect(columns("hourly") == "id string, metric string, \(window), mean double")
    #expect(columns("last") == "id string, metric string, \(window), mean double, load double, place string")
    #expect(plan.streams.map(\.name) == ["busy", "five", "small", "hourly", "last"])
    #expect(plan.streams.map(\.partitionKey) == [[0], [1], [0], [0], [0]])
    #expect(plan.streams.allSatisfy { $0.sources == [0] })
}

@Test func `only the columns that something reads are decoded`() throws {
    let plan = try plan(text)
    let type = plan.sources[0].type
    let needed = type.columns.indices.filter { plan.sources[0].neededColumns[$0] }.map { type.columns[$0].path }
    #expect(needed == ["id", "at", "metric", "value", "count", "unit", "shard"])
    #expect(plan.observingEverything().sources[0].neededColumns.allSatisfy { $0 })
}

@Test func `a field of a nullable record brings the record's presence along`() throws {
    let plan = try plan(head + "streams:\n  x: { from: m, select: [id, place.rack] }\n")
    let type = plan.sources[0].type
    #expect(
        type.columns.indices.filter { plan.sources[0].neededColumns[$0] }.map { type.columns[$0].path } == ["id", "at", "place",
            "place.rack"])
    #expect(plan.streams[0].type.columns[1].isNullable)
}

@Test func `selecting a record keeps all of it`() throws {
    let plan = try plan(head + "streams:\n  x: { from: m, select: [place, id] }\n")
    #expect(plan.streams[0].type.columns.map(\.path) == ["place", "place.zone", "place.rack", "id"])
    #expect(plan.streams[0].type.isNullable(at: 1))
    #expect(plan.streams[0].partitionKey == [3])
}

@Test func `a window groups by the source's key where by is left out`() throws {
    let plan = try plan(head + "streams:\n  x: { from: m, window: { tumbling: 5m }, aggregate: { n: count() } }\n")
    #expect(plan.streams[0].type.columns.map(\.path) == ["id", "window.start", "window.end", "window.hours", "n"])
    #expect(plan.streams[0].type.columns[0].doc == "Which machine.")
}

@Test func `rows hop before a window whose groups lie in several partitions, with the columns that it reads`() throws {
    let plan = try plan(hopTopology)
    #expect(plan.hops.map(\.name) == ["by_metric", "by_size"])
    #expect(plan.hops.map(\.topic.text) == ["_pioneer.t.hop.by_metric", "_pioneer.t.hop.by_size"])
    func paths(_ columns: [Int], _ hop: Int) -> [String] { columns.map { plan.hops[hop].type.columns[$0].path } }
    #expect(paths(plan.hops[0].columns, 0) == ["metric", "value", "unit"] && paths(plan.hops[0].keyColumns, 0) == ["metric", "unit"])
    #expect(paths(plan.hops[1].columns, 1) == ["n"] && paths(plan.hops[1].keyColumns, 1) == ["n"])
    #expect(plan.hops.map { plan.name(of: $0.input) } == ["busy", "hourly"])
    #expect(plan.streams.map(\.name) == ["busy", "by_metric", "hourly", "by_size"])
    #expect(plan.streams.map(\.origin) == [.source(0), .hop(0), .hop(0), .hop(1)])
    #expect(plan.streams.map(\.partitionKey) == [[0], [0, 1], [0, 1], [0]] && plan.streams.allSatisfy { $0.sources == [0] })
    let needed = plan.sources[0].type.columns.indices.filter { plan.sources[0].neededColumns[$0] }
    #expect(needed.map { plan.sources[0].type.columns[$0].path } == ["id", "at", "metric", "value", "unit"])
    #expect(plan.timing(of: .stream(3)).hops == 2 && plan.hopColumns(of: 1) == ["id"] && plan.hopColumns(of: 2) == [])
}

@Test func `all that reads a rekeyed source reads its hop, which has the columns that any of them needs`() throws {
    let plan = try plan(rekeyTopology)
    #expect(plan.hops.map(\.name) == ["m", "by_metric"] && plan.hops.map(\.isRekeying) == [true, false])
    #expect(plan.hops.map(\.input) == [.source(0), .hop(0)] && plan.hops[0].topic.text == "_pioneer.t.hop.m")
    func paths(_ columns: [Int]) -> [String] { columns.map { plan.sources[0].type.columns[$0].path } }
    #expect(paths(plan.hops[0].keyColumns) == ["id"] && paths(plan.hops[1].keyColumns) == ["metric"])
    // All of it goes to an output but for what nobody reads.
    #expect(plan.hops[0].columns == Array(plan.sources[0].type.columns.indices) && paths(plan.hops[1].columns) == ["metric"])
    #expect(plan.streams.map(\.input) == [.hop(0), .hop(1), .stream(0)] && plan.streams.map(\.origin) == [.hop(0), .hop(1), .hop(0)])
    #expect(plan.streams.allSatisfy { $0.sources == [0] } && plan.streams.map(\.partitionKey) == [[0], [0], [0]])
    #expect(plan.input(named: "m") == .source(0) && plan.readers(of: .source(0)) == ["stream busy", "stream by_metric"])
    #expect((0..<3).map { plan.hopColumns(of: $0) } == [nil, ["id"], []] && plan.openWindowsMax(of: 2) == nil)
    #expect((0..<3).map { plan.timing(of: .stream($0)).hops } == [1, 2, 1])

    let narrow = try PlannerTests.plan(rekeyTopology.replacing("o: { from: busy, topic: out }", with: "o: { from: five, topic: out }"))
    #expect(narrow.hops[0].columns.map { narrow.sources[0].type.columns[$0].path } == ["id", "metric", "value"])
    let needed = narrow.sources[0].type.columns.indices.filter { narrow.sources[0].neededColumns[$0] }
    #expect(needed.map { narrow.sources[0].type.columns[$0].path } == ["id", "at", "metric", "value"])
    #expect(narrow.observingEverything().hops[0].columns.count == narrow.sources[0].type.columns.count)
}

@Test func `whether a source is rekeyed is part of the version, and frees it from agreeing on the key`() throws {
    let other = head.replacing("topology: t", with: "topology: u").replacing("key: [id]", with: "key: [metric]")
    #expect(try plan(rekeyTopology).version != plan(rekeyTopology.replacing("rekey: true", with: "rekey: false")).version)
    func codes(_ texts: String...) -> [ErrorCode] {
        Planner.conflicts(among: texts.compactMap { TopologyLoader.read($0, path: "t.yaml").specification }).map(\.code)
    }
    #expect(codes(head, other) == [.keyConflict] && codes(rekeyTopology, other) == [])
}

@Test func `tables are planned and are part of the version`() throws {
    let plan = try plan(hopTopology)
    #expect(plan.tables.map(\.name) == ["machines", "prices"] && plan.tables.map(\.isEverywhere) == [false, true])
    #expect(plan.tables.map { table in table.keyColumns.map { table.type.columns[$0].path } } == [["id"], ["metric", "shard"]])
    func version(_ old: String, _ new: String) throws -> String { try PlannerTests.plan(hopTopology.replacing(old, with: new)).version }
    #expect(try version("everywhere: true", "everywhere: false") != plan.version && version("topic: machines", "topic: machine") != plan.version)
    #expect(try version(", everywhere: true", ", everywhere:   true") == plan.version)
}

@Test func `the version follows the meaning and not the layout`() throws {
    let version = try plan(text).version
    #expect(version.count == 32)
    #expect(try plan("# A comment.\n" + text.replacing("key: [id],", with: "key:   [ id ],")).version == version)
    #expect(try plan(text.replacing("topology: t", with: "topology: t\ndescription: Other words.")).version == version)
    #expect(try plan(text.replacing("value > 1.0", with: "value > 2.0")).version != version)
    #expect(try plan(text.replacing("keep: 30d", with: "keep: 31d")).version != version)
    #expect(try plan(text.replacing("keep: 30d", with: "indexes: [[metric]], keep: 30d")).version != version)
    #expect(try plan(head + "views:\n  v: { from: m, key: [id] }").version == "f10246394c1aefa3958d345bf9ec5a9b")
}

@Test func `what two topologies of an engine may not share is found`() throws {
    func specification(_ text: String, _ path: String) throws -> TopologySpecification {
        try #require(TopologyLoader.read(text, path: path).specification)
    }
    let a = try specification(text, "a.yaml")
    let b = try specification(text.replacing("topology: t", with: "topology: u"), "b.yaml")
    #expect(Planner.conflicts(among: [a, b]).map(\.code) == [.duplicateTopic, .duplicateName, .duplicatePath])
    #expect(Planner.conflicts(among: [a, b]).allSatisfy { $0.location.file == "b.yaml" && $0.remedy?.contains("a.yaml:") == true })
    #expect(Planner.conflicts(among: [a]).isEmpty)
}

@Test func `the shipped topologies and their tests pass the check`() throws {
    for name in try #require(TextFile.names(inDirectory: root + "/topologies")) {
        let path = root + "/topologies/" + name
        guard !TopologyLoader.isTests(path: path) else { continue }
        let reading = TopologyLoader.load(path: path)
        #expect(reading.findings.isEmpty)
        let planning = Planner.plan(try #require(reading.specification), schemas: .beside(topologyPath: path))
        #expect(planning.findings.isEmpty)
        let plan = try #require(planning.plan)
        let tests = TopologyLoader.loadTests(path: TopologyLoader.testsPath(ofTopology: path))
        #expect(tests.findings.isEmpty)
        let planned = Planner.plan(tests.tests, against: plan)
        #expect(planned.findings.isEmpty)
        #expect(planned.tests.count == tests.tests.count && !planned.tests.isEmpty)
    }
}

@Test func `schemas are looked for in the directory beside the topologies`() {
    #expect(SchemaCatalog.beside(topologyPath: root + "/topologies/usage.yaml").names.contains("resource-metric"))
    #expect(SchemaCatalog.beside(topologyPath: "a/topologies/x.yaml").place == "'a/schemas'")
    #expect(SchemaCatalog.beside(topologyPath: "topologies/x.yaml").place == "'schemas'")
    #expect(SchemaCatalog.beside(topologyPath: "x.yaml").place == "'../schemas'")
    #expect(SchemaCatalog.directory("/nonexistent").names.isEmpty)
}
