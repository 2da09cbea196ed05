import Base

extension TestsFormat {
    static func read(_ root: YAMLNode, _ findings: FindingCollector) -> [TopologyTestSpecification] {
        guard let reader = ObjectReader(root, object, what: "the tests file", findings) else { return [] }
        let tests = reader.read(tests) ?? []
        var seen: Set<String> = []
        for test in tests where !seen.insert(test.name.value).inserted {
            findings.add(
                .duplicateKey, "two tests are named '\(test.name.value.shortened)'", remedy: "Give each its own name.",
                    at: test.name.location)
        }
        return tests
    }
}

extension TestFormat {
    @Sendable
    static func read(_ reader: ObjectReader) -> TopologyTestSpecification? {
        let name = reader.read(name)
        let given = reader.read(given)
        let advanceTo = reader.read(advanceTo)
        let expect = reader.read(expect)
        guard let name, let given, let expect else { return nil }
        return TopologyTestSpecification(name: name, given: given, advanceTo: advanceTo, expect: expect)
    }
}

extension GivenFormat {
    private static let seriesKeys: [FormatKey] = [
        every.declaration, from.declaration, until.declaration, event.declaration, value.declaration,
    ]
    private static let seriesOnly = ["every", "from", "until", "value", "field"]
    private static let singleOnly = ["events", "raw", "at"]

    @Sendable
    static func read(_ reader: ObjectReader) -> TestInput? {
        let partition = reader.read(partition)
        guard !reader.usesLater else { return nil }
        let isSeries = reader.has(series)
        guard isSeries != reader.has(source) else {
            reader.report(
                .badValue, isSeries ? "'given' has both source and series" : "'given' names neither source nor series",
                remedy: "Give one: source for single records, series for events at equal distances.")
            return nil
        }
        for name in isSeries ? singleOnly : seriesOnly where reader.entry(name) != nil {
            reader.report(
                .badValue, "'\(name)' does not go with '\(isSeries ? "series" : "source")'",
                remedy: "With source: event, events or raw, and at. With series: every, from, until, event, value, field.", at: name)
        }
        let source = isSeries ? reader.read(series) : reader.read(source)
        let records = isSeries ? series(reader) : single(reader)
        guard let source, let records else { return nil }
        return TestInput(location: reader.location, source: source, records: records, partition: partition)
    }

    private static func single(_ reader: ObjectReader) -> TestInput.Records? {
        let event = reader.read(event), events = reader.read(events), raw = reader.read(raw), at = reader.read(at)
        let given = ["event", "events", "raw"].filter { reader.entry($0) != nil }
        guard given.count == 1 else {
            reader.report(
                .badValue, given.isEmpty ? "'given' has no records" : "'given' has \(given.joined(separator: " and "))",
                remedy: "Give one of event, events, raw.")
            return nil
        }
        if let raw { return .raw(raw) }
        return (events ?? event.map { [$0] }).map { .events($0, at: at) }
    }

    private static func series(_ reader: ObjectReader) -> TestInput.Records? {
        for key in seriesKeys where reader.entry(key.name) == nil { reader.reportMissing(key) }
        let every = reader.read(every), from = reader.read(from), until = reader.read(until)
        let event = reader.read(event), value = reader.read(value)
        let field = reader.has(field) ? reader.read(field) : Located(TestInput.Series.fieldDefault, reader.location)
        guard let every, let from, let until, let event, let value, let field else { return nil }
        let length = until.value - from.value
        guard length > .zero else {
            reader.report(.badValue, "the series ends before it begins", remedy: "'until' has to be later than 'from'.", at: "until")
            return nil
        }
        guard length.microseconds / every.value.microseconds < TestInput.Series.eventsMax else {
            reader.report(
                .badValue, "the series has more than \(TestInput.Series.eventsMax) events", remedy: "Make it shorter, or every longer.",
                at: "every")
            return nil
        }
        return .series(.init(every: every, from: from, until: until, event: event, value: value, field: field))
    }
}

extension ExpectFormat {
    @Sendable
    static func read(_ reader: ObjectReader) -> TestExpectation? {
        let stream = reader.read(stream).map(TestExpectation.Target.stream)
        let view = reader.read(view).map(TestExpectation.Target.view)
        let deadLetters = reader.read(deadLetters).map(TestExpectation.Target.deadLetters)
        let matching = reader.read(matching), count = reader.read(count), none = reader.read(none), row = reader.read(row)
        let targets = ["stream", "view", "dead_letters"].filter { reader.entry($0) != nil }
        guard targets.count == 1 else {
            if targets.isEmpty, reader.isMeant("stream") || reader.isMeant("view") || reader.isMeant("dead_letters") { return nil }
            reader.report(
                .badValue, targets.isEmpty ? "'expect' says of nothing what is expected"
                    : "'expect' has \(targets.joined(separator: " and "))",
                remedy: "Give one of stream, view, dead_letters.")
            return nil
        }
        if none == true, count != nil || row != nil {
            reader.report(.badValue, "'none' goes with neither count nor row", remedy: "Leave them out, or leave out none.", at: "none")
            return nil
        }
        guard let target = stream ?? view ?? deadLetters else { return nil }
        let wanted: TestExpectation.Count = none == true ? .exactly(0) : count.map { .exactly($0.value) } ?? .atLeastOne
        return TestExpectation(location: reader.location, target: target, matching: matching ?? [], count: wanted, row: row ?? [])
    }
}
