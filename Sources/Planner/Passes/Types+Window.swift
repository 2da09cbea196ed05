public import Base
import Columns
import Expressions
import Operators
import TopologyFile

extension ErrorCode {
    public static let aggregateType = ErrorCode("topology.aggregate_type")
}

extension Planner {
    /// A window's definition and row type: the `by` columns in order, `window.start`, `window.end`, `window.hours`, then
    /// the aggregates. An aggregate of something that may be null may be null itself (there may be nothing to sum);
    /// counts never are.
    static func window(
        _ window: StreamSpecification.Window, _ aggregates: [StreamSpecification.Aggregate], _ stream: StreamSpecification,
        _ input: PlanInput, _ typed: TypedStreams, _ findings: FindingCollector
    ) -> (definition: WindowDefinition, type: RowType)? {
        let inputType = typed.type(of: input)
        let by = groups(window, stream, input, typed, findings)
        var type = RowType((by ?? []).map { index in
            let column = inputType.columns[index]
            return .init(column.path, column.type, isNullable: inputType.isNullable(at: index), doc: column.doc)
        })
        addWindowColumns(&type, window, findings)
        let definitions = aggregates.compactMap { aggregate -> AggregateDefinition? in
            let isFree = by == nil || isFree(aggregate.name, in: type, findings)
            guard let definition = definition(of: aggregate, over: inputType, findings) else { return nil }
            let result = definition.function.resultType(of: definition.argument?.type.value)
            let isNullable = definition.function != .count && definition.argument?.type.isNullable == true
            type.columns.append(.init(aggregate.name.value, result, isNullable: isNullable))
            return isFree ? definition : nil
        }
        guard let by, definitions.count == aggregates.count else { return nil }
        return (WindowDefinition(size: window.tumbling.value, by: by, input: inputType, aggregates: definitions), type)
    }

    private static func addWindowColumns(_ type: inout RowType, _ window: StreamSpecification.Window, _ findings: FindingCollector) {
        let added: [RowType.Column] = [
            .init("window.start", .timestamp, doc: "The window's start, which belongs to it."),
            .init("window.end", .timestamp, doc: "The window's end, which does not belong to it."),
            .init("window.hours", .double, doc: "The window's length in hours."),
        ]
        for column in added {
            if let clash = type.columns.first(where: { $0.flatName == column.flatName || $0.path == "window" }) {
                let at = window.by?.first { $0.value == clash.path }?.location ?? window.tumbling.location
                reportClash(clash.path, column.path, at: at, findings)
            }
            type.columns.append(column)
        }
    }

    /// The columns that group the rows: those of `by`, or else those that they are partitioned by.
    private static func groups(
        _ window: StreamSpecification.Window, _ stream: StreamSpecification, _ input: PlanInput, _ typed: TypedStreams,
        _ findings: FindingCollector
    ) -> [Int]? {
        let type = typed.type(of: input)
        let by = window.by.map { fields in fields.compactMap { column($0, of: type, "'\(stream.from.value)'", findings) } }
        if let by, by.count != window.by?.count { return nil }
        if let groups = by ?? typed.partitionKey(of: input) { return groups }
        findings.add(
            .keyDropped,
            "'\(stream.from.value)' no longer has the fields \(typed.keyText(of: input)) that its \(typed.keyOwner(of: input)) is"
                + " partitioned by",
            remedy: "Say with 'by' what the window groups by, or keep them in the select before.", at: window.tumbling.location)
        return nil
    }

    static func definition(
        of aggregate: StreamSpecification.Aggregate, over input: RowType, _ findings: FindingCollector
    ) -> AggregateDefinition? {
        guard let function = AggregateFunction(rawValue: aggregate.function.value.rawValue) else { return nil }
        guard let text = aggregate.argument else {
            return AggregateDefinition(name: aggregate.name.value, function: function, argument: nil, text: "")
        }
        guard let argument = compile(text, over: input, findings) else { return nil }
        guard let type = argument.type.value, function.accepts(type) else {
            let takes = allTypes.filter(function.accepts).map(\.description).joined(separator: ", ")
            findings.add(
                .aggregateType, "\(function.rawValue) cannot take \(argument.type.withArticle)", remedy: "It takes one of: \(takes).",
                at: text.location(atUTF8Offset: text.text.utf8.prefix { $0 == UInt8(ascii: " ") }.count))
            return nil
        }
        return AggregateDefinition(name: aggregate.name.value, function: function, argument: argument, text: text.trimmed)
    }

    private static let allTypes: [ValueType] = [.bool, .int, .double, .string, .bytes, .timestamp, .duration, .map]
}
