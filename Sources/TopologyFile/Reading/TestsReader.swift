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
    /// What goes with each kind of target beside the partition.
    private static let allowed: [String: [String]] = [
        "source": ["event", "events", "raw", "at"], "table": ["event", "events", "raw", "deleted"],
        "series": ["every", "from", "until", "event", "value", "field"],
    ]

    @Sendable
    static func read(_ reader: ObjectReader) -> TestInput? {
        let partition = reader.read(partition)
        guard !reader.usesLater else { return nil }
        let kinds = ["source", "table", "series"].filter { reader.entry($0) != nil }
        guard let kind = kinds.first, kinds.count == 1 else {
            reader.report(
                .badValue,
                kinds.isEmpty ? "'given' names neither source nor table nor series" : "'given' has \(kinds.joined(separator: " and "))",
                remedy: "Give one: source for single records, table for rows of a table, series for events at equal distances.")
            return nil
        }
        let known = Set(allowed.values.joined()), fitting = allowed[kind] ?? []
        for name in object.names where known.contains(name) && !fitting.contains(name) && reader.entry(name) != nil {
            reader.report(
                .badValue, "'\(name)' does not go with '\(kind)'", remedy: "With \(kind): \(fitting.joined(separator: ", ")).", at: name)
        }
        let records = kind == "series" ? series(reader) : single(reader)
        let target: TestInput.Target? = switch kind {
        case "table": reader.read(table).map { .table($0) }
        case "series": reader.read(series).map { .source($0) }
        default: reader.read(source).map { .source($0) }
        }
        guard let target, let records else { return nil }
        return TestInput(location: reader.location, target: target, records: records, partition: partition)
    }

    private static func single(_ reader: ObjectReader) -> TestInput.Records? {
        let event = reader.read(event), events = reader.read(events), raw = reader.read(raw), at = reader.read(at)
        let deleted = reader.read(deleted)
        let given = ["event", "events", "raw", "deleted"].filter { reader.entry($0) != nil }
        guard given.count == 1 else {
            reader.report(
                .badValue, given.isEmpty ? "'given' has no records" : "'given' has \(given.joined(separator: " and "))",
                remedy: "Give one of event, events, raw; or deleted, of a table.")
            return nil
        }
        if let raw { return .raw(raw) }
        if let deleted { return .deletion(deleted) }
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
