public import Base

extension ErrorCode {
    public static let operatorMissing = ErrorCode("topology.operator_missing")
    public static let operatorConflict = ErrorCode("topology.operator_conflict")
}

extension TopologyFormat {
    /// Reads a whole file. Nil when there is not even a name and something to read.
    static func read(_ root: YAMLNode, _ findings: FindingCollector) -> TopologySpecification? {
        guard let reader = ObjectReader(root, object, what: "the topology", findings) else { return nil }
        let name = reader.read(topology)
        let description = reader.read(description)
        let sources = reader.read(sources)
        let tables = reader.read(tables) ?? []
        let streams = reader.read(streams) ?? []
        let outputs = reader.read(outputs) ?? []
        let views = reader.read(views) ?? []
        var unreadable = Set((sources ?? []).filter { $0.value == nil }.map(\.name.value))
        let faulty = streams.filter { $0.value?.whole == nil }
        unreadable.formUnion(faulty.map(\.name.value))
        unreadable.formUnion(tables.filter { $0.value == nil }.map(\.name.value))
        guard let name, let sources else { return nil }
        return TopologySpecification(
            name: name, description: description, sources: sources.compactMap(\.value), tables: tables.compactMap(\.value),
            streams: streams.compactMap { $0.value?.whole }, outputs: outputs.compactMap(\.value), views: views.compactMap(\.value),
            unreadable: unreadable, fragments: faulty.compactMap(\.content))
    }
}

extension SourceFormat {
    static func read(_ name: Located<String>, _ node: YAMLNode, _ findings: FindingCollector) -> SourceSpecification? {
        guard let reader = ObjectReader(node, object, what: "source '\(name.value.shortened)'", findings) else { return nil }
        let topic = reader.read(topic)
        let schema = reader.read(schema)
        let key = reader.read(key)
        let eventTime = reader.read(eventTime)
        let isRekeyed = reader.has(rekey) ? reader.read(rekey) : false
        // There is one format; reading it reports any other.
        let isFormatRead = !reader.has(format) || reader.read(format) != nil
        guard let topic, let schema, let key, let eventTime, let isRekeyed, isFormatRead, !reader.usesLater else { return nil }
        return SourceSpecification(name: name, topic: topic, schema: schema, key: key, eventTime: eventTime, isRekeyed: isRekeyed)
    }
}

extension TableFormat {
    static func read(_ name: Located<String>, _ node: YAMLNode, _ findings: FindingCollector) -> TableSpecification? {
        guard let reader = ObjectReader(node, object, what: "table '\(name.value.shortened)'", findings) else { return nil }
        let topic = reader.read(topic)
        let schema = reader.read(schema)
        let key = reader.read(key)
        let isEverywhere = reader.has(everywhere) ? reader.read(everywhere) : false
        let isFormatRead = !reader.has(format) || reader.read(format) != nil
        guard let topic, let schema, let key, let isEverywhere, isFormatRead, !reader.usesLater else { return nil }
        return TableSpecification(name: name, topic: topic, schema: schema, key: key, isEverywhere: isEverywhere)
    }
}

extension EventTimeFormat {
    @Sendable
    static func read(_ reader: ObjectReader) -> SourceSpecification.EventTime? {
        let field = reader.read(field)
        let outOfOrder = reader.read(outOfOrder)?.value ?? SourceSpecification.EventTime.outOfOrderDefault
        let idleAfter = reader.read(idleAfter)?.value ?? SourceSpecification.EventTime.idleAfterDefault
        let maxAhead = reader.read(maxAhead)?.value ?? SourceSpecification.EventTime.maxAheadDefault
        return field.map { .init(field: $0, outOfOrder: outOfOrder, idleAfter: idleAfter, maxAhead: maxAhead) }
    }
}

extension StreamFormat {
    static func read(_ name: Located<String>, _ node: YAMLNode, _ findings: FindingCollector) -> StreamFragment? {
        guard let reader = ObjectReader(node, object, what: "stream '\(name.value.shortened)'", findings) else { return nil }
        var stream = StreamFragment(name: name, from: reader.read(from))
        readOperation(of: &stream, reader, findings)
        if reader.has(renamedFrom) {
            stream.renamedFrom = reader.read(renamedFrom)
            if stream.renamedFrom == nil { stream.isWhole = false }
        }
        return stream
    }

    /// Reads every operator that is there, so that all of their findings are reported, and takes the one.
    private static func readOperation(of stream: inout StreamFragment, _ reader: ObjectReader, _ findings: FindingCollector) {
        let filter = reader.read(filter)
        let map = reader.read(map)
        let select = reader.read(select)
        let (window, aggregates) = readWindow(reader)
        let given = operators.filter { reader.entry($0) != nil }
        if given.count > 1 {
            findings.add(
                .operatorConflict, "\(reader.what) has \(given.count) operators: \(given.joined(separator: ", "))",
                remedy: "One stream, one operator: make a stream of each, the second reading from the first.",
                at: reader.location(of: given[1]))
        }
        if given.isEmpty, !reader.usesLater, !reader.has(aggregate), !operators.contains(where: reader.isMeant) {
            findings.add(
                .operatorMissing, "\(reader.what) has no operator", remedy: "Give it one of: \(operators.joined(separator: ", ")).",
                at: reader.location)
        }
        stream.isWhole = given.count == 1 && !reader.usesLater
        guard given.count <= 1, !reader.usesLater else { return }
        if let filter {
            stream.operation = .filter(filter)
        } else if let map {
            stream.operation = .map(readable(map, &stream.isWhole))
        } else if let select {
            stream.operation = .select(select)
        } else if let window {
            stream.isWhole = aggregates != nil
            stream.operation = .window(window, aggregate: readable(aggregates ?? [], &stream.isWhole))
        } else {
            stream.aggregates = readable(aggregates ?? [], &stream.isWhole)
        }
    }

    private static func readWindow(
        _ reader: ObjectReader
    ) -> (StreamSpecification.Window?, [NamedValue<StreamSpecification.Aggregate>]?) {
        let window = reader.read(window)
        let aggregates = reader.read(aggregate)
        switch (reader.has(Self.window), reader.has(aggregate)) {
        case (true, false) where !reader.usesLater: reader.reportMissing(aggregate.declaration)
        case (false, true) where !reader.usesLater: reader.reportMissing(Self.window.declaration)
        default: break
        }
        return (window, aggregates)
    }

    /// The values that could be read, also those beside something that is no name.
    private static func readable<Value>(_ named: [NamedValue<Value>], _ isWhole: inout Bool) -> [Value] {
        if named.contains(where: { $0.value == nil }) { isWhole = false }
        return named.compactMap(\.content)
    }
}

extension WindowFormat {
    @Sendable
    static func read(_ reader: ObjectReader) -> StreamSpecification.Window? {
        let tumbling = reader.read(tumbling)
        let by = reader.read(by)
        let late = reader.has(late) ? reader.read(late).flatMap(StreamSpecification.Window.Late.init(rawValue:)) : .drop
        guard let tumbling, let late, !reader.usesLater, by != nil || !reader.has(Self.by) else { return nil }
        return .init(tumbling: tumbling, by: by, late: late)
    }
}

extension OutputFormat {
    static func read(_ name: Located<String>, _ node: YAMLNode, _ findings: FindingCollector) -> OutputSpecification? {
        guard let reader = ObjectReader(node, object, what: "output '\(name.value.shortened)'", findings) else { return nil }
        let from = reader.read(from)
        let topic = reader.read(topic)
        let key = reader.read(key)
        guard let from, let topic, key != nil || !reader.has(Self.key) else { return nil }
        return OutputSpecification(name: name, from: from, topic: topic, key: key)
    }
}

extension ViewFormat {
    static func read(_ name: Located<String>, _ node: YAMLNode, _ findings: FindingCollector) -> ViewSpecification? {
        guard let reader = ObjectReader(node, object, what: "view '\(name.value.shortened)'", findings) else { return nil }
        let from = reader.read(from)
        let key = reader.read(key)
        let indexes = reader.has(Self.indexes) ? reader.read(indexes) : []
        let keep = reader.read(keep)?.value
        let path = reader.read(path)
        let description = reader.read(description)
        guard let from, let key, let indexes else { return nil }
        return ViewSpecification(name: name, from: from, key: key, indexes: indexes, keep: keep, path: path, description: description)
    }
}
