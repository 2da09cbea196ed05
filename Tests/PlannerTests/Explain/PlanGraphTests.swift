import Base
import Foundation
import Testing
import TopologyFile

@testable import Planner

#if canImport(FoundationXML)
import FoundationXML
#endif

private let settings = PlanExplanation.Settings(partitionCount: 4, commitInterval: .seconds(1))

func explanation(ofShipped name: String) throws -> PlanExplanation {
    let checked = Planner.check(path: root + "/topologies/\(name).yaml")
    return PlanExplanation(try #require(checked.plan), of: try #require(checked.specification), settings)
}

/// The text of a file in `Tests/Goldens`; written where `PIONEER_TEST_WRITE_GOLDENS` is set.
func golden(_ name: String, _ actual: String) throws -> String {
    let path = root + "/Tests/Goldens/" + name
    if ProcessInfo.processInfo.environment["PIONEER_TEST_WRITE_GOLDENS"] != nil {
        try (actual + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
    return try String(contentsOfFile: path, encoding: .utf8)
}

/// A topology of as many streams as told: chains and branches of every operator, ended by views and outputs.
func wideTopology(streams: Int, _ random: inout SeededRandom) -> String {
    var text = head + "streams:\n"
    var readable = ["m"]
    for number in 0..<streams {
        let name = "stream_\(number)", from = readable.randomElement(using: &random)!
        switch Int.random(in: 0...2, using: &random) {
        case 0: text += "  \(name): { from: \(from), filter: 'id != \"<&>\"' }\n"
        case 1: text += "  \(name): { from: \(from), map: { n\(number): size(id) } }\n"
        default:
            text += "  \(name): { from: \(from), window: { tumbling: \(1 + number)m, by: [id] }, aggregate: { n: count() } }\n"
            readable.removeAll { $0 == name }
        }
        readable.append(name)
    }
    text += "views:\n  v: { from: m, key: [id] }\n"
    for (number, from) in readable.enumerated() where number % 2 == 1 { text += "  v\(number): { from: \(from), key: [id], keep: 1d }\n" }
    text += "outputs:\n  o: { from: m, topic: out.o }\n"
    for (number, from) in readable.enumerated() where number % 4 == 2 { text += "  o\(number): { from: \(from), topic: out.\(number) }\n" }
    return text
}

let hopTopology = head + """
    tables:
      machines: { topic: machines, schema: metric, key: [id] }
      prices: { topic: prices, schema: metric, key: [metric, shard], everywhere: true }
    streams:
      busy: { from: m, filter: value > 1.0 }
      by_metric:
        from: busy
        window: { tumbling: 5m, by: [metric, unit] }
        aggregate: { n: count(), mean: avg(value) }
      hourly: { from: by_metric, window: { tumbling: 1h }, aggregate: { n: sum(n) } }
      by_size: { from: hourly, window: { tumbling: 1d, by: [n] }, aggregate: { times: count() } }
    outputs:
      o: { from: by_metric, topic: out, key: [metric] }
    views:
      sizes: { from: by_size, key: [n, window.start] }
    """

let rekeyTopology = head.replacing("event_time: { field: at }", with: "event_time: { field: at }, rekey: true") + """
    streams:
      busy: { from: m, filter: value > 1.0 }
      five: { from: busy, window: { tumbling: 5m }, aggregate: { mean: avg(value) } }
      by_metric: { from: m, window: { tumbling: 5m, by: [metric] }, aggregate: { n: count() } }
    outputs:
      o: { from: busy, topic: out }
    views:
      v: { from: five, key: [id, window.start] }
    """

struct PlanGraphTests {
    private static let remedy: Comment = "write anew: PIONEER_TEST_WRITE_GOLDENS=1 swift test --filter PlanGraphTests"

    @Test(arguments: ["fleet", "usage", "live"])
    func `a shipped topology's chart is as it was`(_ name: String) throws {
        let graph = PlanGraph(try explanation(ofShipped: name))
        #expect(try graph.mermaid + "\n" == golden("\(name).mmd", graph.mermaid), Self.remedy)
        #expect(try graph.svg + "\n" == golden("\(name).svg", graph.svg), Self.remedy)
    }

    @Test(arguments: [("hops", hopTopology), ("rekey", rekeyTopology)])
    func `hops and tables are boxes of their own`(name: String, text: String) throws {
        let checked = TopologyLoader.read(text, path: "t.yaml")
        let explanation = PlanExplanation(try plan(text), of: try #require(checked.specification), settings)
        let graph = PlanGraph(explanation)
        #expect(try graph.mermaid + "\n" == golden("\(name).mmd", graph.mermaid), Self.remedy)
        #expect(try graph.svg + "\n" == golden("\(name).svg", graph.svg), Self.remedy)
        let words = (explanation.facts + explanation.parts.flatMap { part in
            [.init(label: "\(part.kind) \(part.name)", text: part.from.map { "from \($0)" } ?? "")] + part.facts
        }).map { "\($0.label): \($0.text)" }.joined(separator: "\n")
        #expect(try words + "\n" == golden("\(name).txt", words), Self.remedy)
    }

    @Test(arguments: 0..<12)
    func `all text of a picture is inside its box, and the picture is valid XML`(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let text = wideTopology(streams: 1 + seed * 2, &random)
        let specification = try #require(TopologyLoader.read(text, path: "t.yaml").specification)
        let graph = PlanGraph(PlanExplanation(try plan(text), of: specification, settings))
        let picture = PlanPicture(graph)
        for (box, labels) in zip(picture.layout.boxes, picture.labels) {
            for label in labels {
                #expect(label.x >= box.x + 4 && label.x + label.style.width(label.text) <= box.x + box.width - 4)
                #expect(label.y - label.style.size >= box.y - 1 && label.y + 4 <= box.y + box.height)
            }
            for (above, below) in zip(labels, labels.dropFirst()) { #expect(below.y - above.y >= below.style.size) }
        }
        let parser = XMLParser(data: Data(graph.svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(!graph.svg.contains("href") && !graph.svg.contains("@import"))
        for edge in graph.edges { #expect(edge.from != edge.to && graph.nodes.indices.contains(edge.to)) }
    }

    @Test func `what has a meaning in Mermaid or XML is escaped`() throws {
        var graph = PlanGraph(title: "a<b>&\"c\"\u{1}")
        graph.nodes = [.init(kind: .stream, title: "end \"x\" #1 <b>`&`", lines: ["é\u{7}"], facts: ["a\nb"])]
        #expect(graph.mermaid == """
            flowchart LR
              n0["end #quot;x#quot; #35;1 #lt;b#gt;#96;#amp;#96;<br/>é\u{7}"]
              classDef stream fill:#efe9fc,stroke:#7350c4,color:#1c2430
              class n0 stream
            """)
        #expect(graph.svg.contains("<title>a&lt;b&gt;&amp;&quot;c&quot; </title>"))
        #expect(graph.svg.contains(">end &quot;x&quot; #1 &lt;b&gt;`&amp;`</text>") && graph.svg.contains(">é </text>"))
        #expect(XMLParser(data: Data(graph.svg.utf8)).parse())
    }

    @Test func `a text that is too long is cut in its box and whole in its tooltip`() throws {
        let long = String(repeating: "x", count: 60)
        var graph = PlanGraph(title: "t")
        graph.nodes = [.init(kind: .view, title: "v", lines: [long], facts: [])]
        #expect(graph.svg.contains(">\(String(repeating: "x", count: 39))…</text>") && graph.svg.contains("\(long)</title>"))
    }
}
