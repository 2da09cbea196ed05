import Testing

@testable import TopologyFile

private let keys = FormatReference.objects.flatMap { object in object.keys.map { (object.title, $0) } }

@Test(arguments: keys.map { "\($0.0).\($0.1.name)" })
func `every declared key is explained and its example is accepted`(_ name: String) throws {
    let (_, key) = try #require(keys.first { "\($0.0).\($0.1.name)" == name })
    #expect(key.doc.hasSuffix("."))
    #expect(!key.example.isEmpty)
    let findings = FindingCollector()
    let node = try #require(YAMLDocument.parse("key: \(key.example)", file: "example", into: findings))
    guard case .mapping(let entries) = node.content, let entry = entries.first else {
        Issue.record("the example is not one value")
        return
    }
    #expect(key.accepts(entry.value, findings))
    #expect(findings.findings.isEmpty)
}

@Test func `the reference names every object and every key`() {
    let text = FormatReference.text
    for object in FormatReference.objects {
        #expect(text.contains("\(object.title): \(object.doc)"))
        for key in object.keys { #expect(text.contains("  \(key.name)  (\(key.kind.rawValue), ")) }
    }
    #expect(FormatReference.objects.map(\.title) == [
        "topology", "source", "event_time", "table", "stream", "window", "output", "view", "tests", "test", "given", "expect",
    ])
}

@Test func `no object declares a key twice`() {
    for object in FormatReference.objects { #expect(Set(object.keys.map(\.name)).count == object.keys.count) }
}
