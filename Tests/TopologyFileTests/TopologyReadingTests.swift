import Base
import Testing

@testable import TopologyFile

private let sources = """
    topology: t
    sources:
      m:
        topic: a.b
        schema: s
        key: [id]
        event_time: { field: at }

    """

struct Faulty: Sendable, CustomTestStringConvertible {
    var text: String
    var code: String
    var line: Int
    var column: Int
    init(_ text: String, _ code: ErrorCode, _ line: Int, _ column: Int) {
        self.text = text
        self.code = code.text
        self.line = line
        self.column = column
    }
    var testDescription: String { "\(code) at \(line):\(column)" }
}

private func stream(_ text: String) -> String { sources + "streams:\n  x:\n    " + text }

private let faulty: [Faulty] = [
    Faulty("", .notTopology, 1, 1),
    Faulty("- a\n", .notTopology, 1, 1),
    Faulty("hello", .notTopology, 1, 1),
    Faulty("{\"type\": \"record\", \"name\": \"x\", \"fields\": []}", .notTopology, 1, 1),
    Faulty("tests: []", .notTopology, 1, 1),
    Faulty("topology: t\u{0}", .notYAML, 1, 1),
    Faulty("topology: [t", .notYAML, 1, 13),
    Faulty("topology: t\n\tsources: 1", .notYAML, 2, 1),
    Faulty("topology: t\n", .missingKey, 1, 1),
    Faulty("topology: T\n" + sources.dropFirst(12), .badName, 1, 11),
    Faulty("topology: [t]\n" + sources.dropFirst(12), .wrongType, 1, 11),
    Faulty(sources + "stream: {}\n", .unknownKey, 8, 1),
    Faulty(sources + "tables: { x: { topic: x, schema: s } }\n", .missingKey, 8, 14),
    Faulty(sources + "tables: { x: { topic: x, schema: s, key: [id], everywhere: yes } }\n", .wrongType, 8, 60),
    Faulty(sources + "tables: { x: { topic: x, schema: s, key: [id], output: a.b } }\n", .notAvailable, 8, 48),
    Faulty(sources + "streams: {}\n", .emptyValue, 8, 10),
    Faulty(sources + "streams:\n", .wrongType, 8, 1),
    Faulty(sources + "sources: {}\n", .duplicateKey, 8, 1),
    Faulty(sources.replacing("{ field: at }", with: "{ field: at, max_ahead: 1h, field: at }"), .duplicateKey, 7, 45),
    Faulty(sources + "description: &d text\n", .yamlFeature, 8, 14),
    Faulty(sources + "description: !!int 5\n", .yamlFeature, 8, 14),
    Faulty(sources + "---\nx: 1\n", .notYAML, 8, 1),
    Faulty(sources.replacing("{ field: at }", with: "{}"), .missingKey, 7, 17),
    Faulty(sources.replacing("{ field: at }", with: "at"), .wrongType, 7, 17),
    Faulty(sources.replacing("{ field: at }", with: "{ field: at, out_of_order: 30 }"), .badDuration, 7, 44),
    Faulty(sources.replacing("{ field: at }", with: "{ field: at, idle_after: 0s }"), .badDuration, 7, 42),
    Faulty(sources.replacing("[id]", with: "[]"), .emptyValue, 6, 10),
    Faulty(sources.replacing("[id]", with: "[id, id]"), .badValue, 6, 15),
    Faulty(sources.replacing("[id]", with: "id"), .wrongType, 6, 10),
    Faulty(sources.replacing("a.b", with: "a b"), .badName, 4, 12),
    Faulty(sources.replacing("a.b", with: "_pioneer.x"), .badName, 4, 12),
    Faulty(sources.replacing("schema: s", with: "schema: ../s"), .badName, 5, 13),
    Faulty(sources.replacing("schema: s", with: "schema: s\n    format: avro"), .notAvailable, 6, 13),
    Faulty(sources.replacing("schema: s", with: "schema: s\n    format: jsn"), .badValue, 6, 13),
    Faulty(sources.replacing("  m:", with: "  M:"), .badName, 3, 3),
    Faulty("topology: t\nsources:\n  m: { output: usage.x }\n", .notAvailable, 3, 8),
    Faulty(stream("from: m"), .operatorMissing, 10, 5),
    Faulty(stream("from: m\n    filter: a > 1\n    map: { b: a }"), .operatorConflict, 12, 5),
    Faulty(stream("form: m\n    filter: a > 1\n    from: m"), .unknownKey, 10, 5),
    Faulty(stream("filter: a > 1"), .missingKey, 10, 5),
    Faulty(stream("{ from: m, filter: '' }"), .emptyValue, 10, 24),
    Faulty(stream("{ from: m, filter: [a] }"), .wrongType, 10, 24),
    Faulty(stream("{ from: m, join: { table: x } }"), .notAvailable, 10, 16),
    Faulty(stream("{ from: m, window: { tumbling: 5m } }"), .missingKey, 10, 5),
    Faulty(stream("{ from: m, aggregate: { n: count() } }"), .missingKey, 10, 5),
    Faulty(stream("{ from: m, window: { tumbling: 5 }, aggregate: { n: count() } }"), .badDuration, 10, 36),
    Faulty(stream("{ from: m, window: { hopping: 5m }, aggregate: { n: count() } }"), .notAvailable, 10, 26),
    Faulty(stream("{ from: m, window: { tumbling: 5m, late: amend }, aggregate: { n: count() } }"), .notAvailable, 10, 46),
    Faulty(stream("{ from: m, window: { tumbling: 5m }, aggregate: { n: 'quantile(a, 0.9)' } }"), .notAvailable, 10, 59),
    Faulty(stream("{ from: m, window: { tumbling: 5m }, aggregate: { n: coun() } }"), .badValue, 10, 58),
    Faulty(stream("{ from: m, window: { tumbling: 5m }, aggregate: { n: sum() } }"), .badValue, 10, 58),
    Faulty(stream("{ from: m, window: { tumbling: 5m }, aggregate: { n: sum(a) / 2 } }"), .badValue, 10, 58),
    Faulty(stream("{ from: m, map: { N: a } }"), .badName, 10, 23),
    Faulty(sources + "views:\n  v: { from: m, key: [id], path: api }\n", .badValue, 9, 34),
    Faulty(sources + "views:\n  v: { from: m, key: [id], keep: forever }\n", .badDuration, 9, 34),
    Faulty(sources + "views:\n  v: { from: m, key: [id], indexes: [] }\n", .emptyValue, 9, 37),
    Faulty(sources + "views:\n  v: { from: m, key: [id], indexes: [[a], []] }\n", .emptyValue, 9, 43),
    Faulty(sources + "views:\n  v: { from: m, key: [id], indexes: [a] }\n", .wrongType, 9, 38),
    Faulty(sources + "views:\n  v: { from: m, key: [id], indexes: [[a, b, a]] }\n", .badValue, 9, 45),
    Faulty(sources + "outputs:\n  o: { from: m }\n", .missingKey, 9, 6),
    Faulty(sources + "# Größe\noutputs:\n  o: { from: m, topic: 'ü' }\n", .badName, 10, 24),
    Faulty(sources + "description: 'äöü' \noutputs: { 'ö': { from: m, topic: x } }\n", .badName, 9, 12),
]

@Test(arguments: faulty)
func `a faulty file gets exactly the finding of its fault, where it stands`(_ faulty: Faulty) {
    let reading = TopologyLoader.read(faulty.text, path: "t.yaml")
    #expect(
        reading.findings.map { "\($0.code) \($0.location.line):\($0.location.column)" }
            == ["\(faulty.code) \(faulty.line):\(faulty.column)"])
    #expect(reading.findings.allSatisfy { $0.remedy != nil && $0.location.file == "t.yaml" })
}

@Test func `all findings of a file come in one run, in file order`() {
    let text = """
        topology: Bad
        sources:
          m: { topic: a b, schema: s, key: [], event_time: { field: at, max_ahead: x } }
        streams:
          x: { form: m, filter: a }
          x: { from: m, filter: a }
          y: { from: m, filter: a, filter: b }
        views:
          v: { from: x, key: [a], keep: 1 week }
        """
    let findings = TopologyLoader.read(text, path: "t").findings
    #expect(
        findings.map { "\($0.location.line) \($0.code)" } == [
            "1 topology.bad_name", "3 topology.bad_name", "3 topology.empty", "3 topology.bad_duration",
            "5 topology.unknown_key", "6 topology.duplicate_key", "7 topology.duplicate_key", "9 topology.bad_duration",
        ])
}

@Test func `an unknown key is answered with the nearest one and all that are allowed`() throws {
    let finding = try #require(TopologyLoader.read(stream("{ fromm: m, from: m, filter: a }"), path: "t").findings.first)
    #expect(finding.message == "unknown key 'fromm' in stream 'x'")
    #expect(finding.remedy == "Did you mean 'from'? Allowed: from, filter, map, select, window, aggregate, renamed_from.")
}

@Test func `a complete file reads into its specification with defaults filled in`() throws {
    let text = sources + """
        streams:
          f: { from: m, filter: 'a == "x: y"' }
          w:
            from: f
            window: { tumbling: 1h30m, by: [id, meta.kind] }
            aggregate: { n: count(), mean: "avg(a + max(b, [1, 2][0]))" }
        outputs:
          o: { from: w, topic: out }
        views:
          v: { from: w, key: [id, window.start], indexes: [[mean], [n, window.start]], keep: 30d, path: /api/v1/x }
        """
    let reading = TopologyLoader.read(text, path: "t")
    let specification = try #require(reading.specification)
    #expect(reading.findings.isEmpty)
    #expect(specification.sources[0].eventTime.outOfOrder == .seconds(10))
    #expect(specification.sources[0].eventTime.maxAhead == .hours(1))
    #expect(specification.streams.map(\.name.value) == ["f", "w"])
    guard case .window(let window, let aggregates) = specification.streams[1].operation else {
        Issue.record("no window")
        return
    }
    #expect(window.tumbling.value == .minutes(90))
    #expect(window.by?.map(\.value) == ["id", "meta.kind"])
    #expect(aggregates.map(\.function.value) == [.count, .avg])
    #expect(aggregates[1].argument?.text == "a + max(b, [1, 2][0])")
    #expect(specification.views[0].keep == .days(30))
    #expect(specification.views[0].indexes.map { $0.map(\.value) } == [["mean"], ["n", "window.start"]])
}

@Test func `a stream that could not be read is remembered, so that those who read from it are not blamed`() throws {
    let reading = TopologyLoader.read(stream("{ from: m, join: { table: x } }\n  y: { from: x, filter: a }"), path: "t")
    let specification = try #require(reading.specification)
    #expect(specification.unreadable == ["x"])
    #expect(specification.streams.map(\.name.value) == ["y"])
}

@Test func `files that cannot be read say why`() {
    #expect(TopologyLoader.load(path: "/nonexistent/x.yaml").findings.map(\.code) == [.fileNotFound])
    #expect(TopologyLoader.load(path: "/tmp").findings.map(\.code) == [.fileNotReadable])
    #expect(TopologyLoader.load(path: "/bin/ls").findings.map(\.code).first.map { [.fileNotUTF8, .fileTooLarge].contains($0) } == true)
}

@Test(arguments: [
    ("filter: a\n    form: m\n", "form", "from"), ("from: m\n    filtr: a\n", "filtr", "filter"),
    ("from: m\n    window: { tumblin: 5m }\n    aggregate: { n: count() }\n", "tumblin", "tumbling"),
    ("from: m\n    window: { tumbling: 5m }\n    aggregat: { n: count() }\n", "aggregat", "aggregate"),
])
func `a misspelt key is one finding, which names the key that was meant`(text: String, given: String, meant: String) {
    let findings = TopologyLoader.read(stream(text), path: "t.yaml").findings
    #expect(findings.map(\.code) == [.unknownKey], "\(findings)")
    #expect(findings.first?.message.contains("'\(given)'") == true)
    #expect(findings.first?.remedy?.hasPrefix("Did you mean '\(meant)'?") == true)
}

@Test func `a key that is there already is not what a misspelt one was meant to be`() {
    let view = "views:\n  v: { from: m, key: [id], kep: 1d }\n"
    let findings = TopologyLoader.read(sources + view, path: "t.yaml").findings
    #expect(findings.count == 1 && findings.first?.remedy?.hasPrefix("Did you mean 'keep'?") == true)
}

@Test func `what is readable of a stream with mistakes is kept`() throws {
    let text = """
        streams:
          x: { from: m, map: { a: null, b: c } }
          y: { from: m, window: { tumbling: 5 }, aggregate: { n: count(), o: nix() } }
          z: { from: m, filter: a, select: [b] }
        """
    let specification = try #require(TopologyLoader.read(sources + text, path: "t").specification)
    #expect(specification.streams.isEmpty && specification.unreadable == ["x", "y", "z"])
    #expect(specification.fragments.map(\.name.value) == ["x", "y", "z"])
    #expect(specification.fragments.allSatisfy { $0.from?.value == "m" })
    guard case .map(let assignments) = specification.fragments[0].operation else {
        Issue.record("no map")
        return
    }
    #expect(assignments.map(\.expression.text) == ["c"])
    #expect(specification.fragments[1].operation == nil && specification.fragments[1].aggregates.map(\.name.value) == ["n"])
    // Which operator comes first is open, and with it what their expressions are over.
    #expect(specification.fragments[2].operation == nil)
}

@Test func `a remedy about topics ends with one full stop`() {
    let findings = TopologyLoader.read(sources.replacing("a.b", with: "a b"), path: "t").findings
    #expect(findings.first?.remedy?.hasSuffix("..") == false)
}
