import Base
import Testing

@testable import TopologyFile

private let seedText = """
    topology: usage
    description: "How \\u00e4 busy: 'it' is"
    sources:
      metrics: { topic: cloud.metrics, schema: resource-metric, key: [resource_id], event_time: { field: observed_at, out_of_order: 30s } }
    streams:
      a: { from: metrics, filter: 'metric == "cpu"' }
      b:
        from: a
        window: { tumbling: 5m, by: [resource_id] }
        aggregate: { mean: avg(value), n: count() }
      c:
        from: b
        map:
          x: >-
            mean * 2.0
            + 1.0
    views:
      v: { from: c, key: [resource_id, window.start], keep: 30d, path: /api/v1/x }
    """

private let seedTests = """
    tests:
      - name: n
        given:
          - { source: m, event: { id: i-1, v: 1.5 }, at: 2026-01-05T00:00:00Z }
          - { series: m, every: 5m, from: 2026-01-05T00:00:00Z, until: 2026-01-05T00:15:00Z, event: { id: i-1 }, value: t }
        expect:
          - { stream: s, where: { id: i-1 }, count: 1 }
    """

@Test(arguments: 0..<8)
func `no mutation of a file crashes the reader, and what it refuses it explains`(_ seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    let pieces: [String] = [
        "{", "}", "[", "]", ":", ": ", ",", "-", "- ", "'", "\"", "|", ">", "&a ", "*a", "!!str ", "#", "\n", "\r\n", "\t", " ", "~",
            "null",
        "ü", "\u{1F600}", "\u{E000}", "\u{85}", "? ", "<<: ", "%", "@", "`", "from", "a: 1\n", "\\", "---\n", "...", "\u{FEFF}", "5m", "0",
    ]
    for round in 0..<150 {
        var text = Array((round % 4 == 0 ? seedTests : seedText).unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: text.removeSubrange(at..<min(text.count, at + Int.random(in: 1...8, using: &random)))
            case 1: text.insert(contentsOf: pieces.randomElement(using: &random)!.unicodeScalars, at: at)
            default:
                let from = Int.random(in: 0..<text.count, using: &random)
                text.insert(contentsOf: Array(text[from..<min(text.count, from + 30)]), at: at)
            }
            if text.isEmpty { text = ["a"] }
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        let reading = TopologyLoader.read(String(view), path: "f")
        #expect(reading.specification != nil || !reading.findings.isEmpty)
        #expect(reading.findings.allSatisfy { $0.location.line >= 1 && $0.location.column >= 1 })
        _ = TopologyLoader.readTests(String(view), path: "f")
    }
}

@Test func `deep nesting and nested aliases are refused without harm`() {
    let deep = "topology: " + String(repeating: "[", count: 16_000)
    #expect(!TopologyLoader.read(deep, path: "f").findings.isEmpty)
    let manyTimes = "topology: t\ndescription: 1" + String(repeating: " *a", count: 5_000)
    #expect(TopologyLoader.read(manyTimes, path: "f").findings.map(\.code) == [.missingKey])
    #expect(TopologyLoader.read("topology: " + String(repeating: "a", count: 20_000), path: "f").findings.map(\.code) == [.notYAML])
    let nested = "topology: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(!TopologyLoader.read(nested, path: "f").findings.isEmpty)
    var bomb = "a0: &a0 [x, x]\n"
    for level in 1..<40 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(!TopologyLoader.read(bomb + "? *a39\n: 1\n", path: "f").findings.isEmpty)
}
