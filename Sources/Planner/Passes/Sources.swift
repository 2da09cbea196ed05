public import Base
import Columns
import TopologyFile

extension ErrorCode {
    public static let unknownSchema = ErrorCode("topology.unknown_schema")
    public static let unknownField = ErrorCode("topology.unknown_field")
    public static let keyType = ErrorCode("topology.key_type")
    public static let timeType = ErrorCode("topology.time_type")
    public static let nameClash = ErrorCode("topology.name_clash")
}

extension Planner {
    /// Pass 3: sources and tables, those without a fault of their own.
    static func planInputs(
        _ specification: TopologySpecification, _ catalog: SchemaCatalog, _ findings: FindingCollector
    ) -> ([PlannedSource], [PlannedTable]) {
        var readings: [String: SchemaReading] = [:]
        func schema(_ located: Located<String>) -> Schema? {
            let name = located.value
            guard catalog.names.contains(name) else {
                reportUnknownSchema(located, catalog, findings)
                return nil
            }
            if readings[name] == nil {
                let reading = catalog.read(name)
                for finding in reading.findings { findings.add(finding) }
                readings[name] = reading
            }
            return readings[name]?.schema
        }
        let sources = specification.sources.compactMap { source in schema(source.schema).flatMap { plan(source, $0, findings) } }
        let tables = specification.tables.compactMap { table in schema(table.schema).flatMap { plan(table, $0, findings) } }
        return (sources, tables)
    }

    private static func plan(_ table: TableSpecification, _ schema: Schema, _ findings: FindingCollector) -> PlannedTable? {
        let type = schema.rowType
        if let (a, b) = type.flatNameClash { reportClash(a.path, b.path, at: table.schema.location, findings) }
        guard let keys = keys(table.key, of: type, schema: table.schema.value, "a table's key", findings),
            let topic = TopicName(table.topic.value)
        else { return nil }
        return PlannedTable(
            name: table.name.value, topic: topic, schemaName: table.schema.value, schema: schema, type: type, keyColumns: keys,
            isEverywhere: table.isEverywhere)
    }

    private static func keys(
        _ key: [Located<String>], of type: RowType, schema: String, _ what: String, _ findings: FindingCollector
    ) -> [Int]? {
        let keys = key.compactMap { field -> Int? in
            guard let index = column(field, of: type, "schema '\(schema)'", findings) else { return nil }
            return isKey(index, field, of: type, what, findings) ? index : nil
        }
        return keys.count == key.count ? keys : nil
    }

    private static func reportUnknownSchema(_ name: Located<String>, _ catalog: SchemaCatalog, _ findings: FindingCollector) {
        guard !catalog.isMissing else {
            findings.add(
                .unknownSchema, "there is no directory \(catalog.place) to hold the schema '\(name.value)'",
                remedy: "Name the schemas' directory with --schemas; without it, it is 'schemas' beside the directory of the topology.",
                at: name.location)
            return
        }
        let nearest = nearestName(to: name.value, among: catalog.names).map { "Did you mean '\($0)'? " } ?? ""
        let there = catalog.names.isEmpty
            ? "There are none: a schema is a file NAME.avsc" : "There are: " + catalog.names.joined(separator: ", ")
        findings.add(
            .unknownSchema, "there is no schema '\(name.value)' in \(catalog.place)", remedy: nearest + there + ".", at: name.location)
    }

    private static func plan(_ source: SourceSpecification, _ schema: Schema, _ findings: FindingCollector) -> PlannedSource? {
        let type = schema.rowType
        if let (a, b) = type.flatNameClash { reportClash(a.path, b.path, at: source.schema.location, findings) }
        let keys = keys(source.key, of: type, schema: source.schema.value, "a source's key", findings)
        guard let time = column(source.eventTime.field, of: type, "schema '\(source.schema.value)'", findings) else { return nil }
        guard type.columns[time].type == .timestamp, !type.isNullable(at: time) else {
            let isNullable = type.isNullable(at: time)
            findings.add(
                .timeType, "'\(source.eventTime.field.value)' is \(type.columns[time].type.withArticle)\(isNullable ? " or null" : "")",
                remedy: "An event's time is a timestamp that is never null: timestamp-millis or timestamp-micros in the schema.",
                at: source.eventTime.field.location)
            return nil
        }
        guard let keys, let topic = TopicName(source.topic.value) else { return nil }
        return PlannedSource(
            name: source.name.value, topic: topic, schemaName: source.schema.value, schema: schema, type: type, keyColumns: keys,
            isRekeyed: source.isRekeyed, eventTimeColumn: time, outOfOrder: source.eventTime.outOfOrder,
            idleAfter: source.eventTime.idleAfter, maxAhead: source.eventTime.maxAhead,
            neededColumns: Array(repeating: true, count: type.columns.count))
    }

    /// The column that a field path names, or nil and a finding.
    static func column(_ field: Located<String>, of type: RowType, _ what: String, _ findings: FindingCollector) -> Int? {
        if let index = type.index(of: field.value), type.columns[index].type != .record { return index }
        let paths = type.columns.filter { $0.type != .record }.map(\.path)
        guard !type.isRecord(field.value) else {
            let leaves = paths.filter { $0.hasPrefix(field.value + ".") }
            findings.add(
                .unknownField, "'\(field.value)' is a record", remedy: "Name one of its fields: \(leaves.joined(separator: ", ")).",
                at: field.location)
            return nil
        }
        let nearest = nearestName(to: field.value, among: paths).map { "Did you mean '\($0)'? " } ?? ""
        findings.add(
            .unknownField, "\(what) has no field '\(field.value)'", remedy: nearest + "There are: \(paths.joined(separator: ", ")).",
            at: field.location)
        return nil
    }

    /// Whether a column can be part of a key: a value that is always there and equal only to itself.
    static func isKey(_ index: Int, _ field: Located<String>, of type: RowType, _ what: String, _ findings: FindingCollector) -> Bool {
        let column = type.columns[index]
        let isNullable = type.isNullable(at: index)
        guard isNullable || ![.string, .int, .bool, .timestamp, .bytes].contains(column.type) else { return true }
        findings.add(
            .keyType, "'\(field.value)' is \(column.type.withArticle)\(isNullable ? " or null" : ""), and cannot be part of \(what)",
            remedy: "A key has strings, ints, bools, timestamps and bytes that are never null.", at: field.location)
        return false
    }

    static func reportClash(_ a: String, _ b: String, at location: SourceLocation, _ findings: FindingCollector) {
        let flat = RowType.Column(a, .bool).flatName
        findings.add(
            .nameClash, a == b ? "the field '\(a)' is there already"
                : "the fields '\(a)' and '\(b)' are both '\(flat)' in tables and files",
            remedy: "Give one of them another name.", at: location)
    }
}
