public import Base
import Columns
import Expressions
import Operators
import TopologyFile

extension ErrorCode {
    public static let nullLiteral = ErrorCode("topology.null_literal")
}

extension Planner {
    /// Pass 4: the row type of every stream, in the order of the data. A stream with a fault has none, and neither has
    /// what reads it.
    static func inferTypes(
        _ specification: TopologySpecification, _ order: [Int], _ sources: [PlannedSource], _ tables: [PlannedTable],
        _ findings: FindingCollector
    ) -> TypedStreams {
        var typed = TypedStreams(topology: specification.name.value, sources: sources, tables: tables)
        // What reads a rekeyed source reads its hop: from there on its rows are where those of any other source are.
        for index in sources.indices where sources[index].isRekeyed { typed.hops.append(hop(rekeying: index, typed)) }
        for index in order {
            let stream = specification.streams[index]
            guard typed.input(named: stream.name.value) == nil, let input = typed.input(named: stream.from.value) else { continue }
            guard let (planned, hop) = plan(stream, input, typed, findings) else { continue }
            typed.streams.append(planned)
            if let hop { typed.hops.append(hop) }
        }
        for fragment in specification.fragments { check(fragment, typed, findings) }
        return typed
    }

    /// Checks what could be read of a stream with mistakes. Whatever comes of it, the stream gets no type: what reads it
    /// is not to be blamed for fields that it may have once it is mended.
    private static func check(_ fragment: StreamFragment, _ typed: TypedStreams, _ findings: FindingCollector) {
        guard let from = fragment.from, let input = typed.input(named: from.value) else { return }
        if let operation = fragment.operation {
            _ = plan(
                StreamSpecification(name: fragment.name, from: from, operation: operation), input, typed, findings)
        }
        for aggregate in fragment.aggregates { _ = definition(of: aggregate, over: typed.type(of: input), findings) }
    }

    /// A stream, and the hop that it reads where it needs one that is not there yet.
    private static func plan(
        _ stream: StreamSpecification, _ input: PlanInput, _ typed: TypedStreams, _ findings: FindingCollector
    ) -> (PlannedStream, PlannedHop?)? {
        let inputType = typed.type(of: input)
        let key = typed.partitionKey(of: input)
        func planned(_ definition: OperatorDefinition, _ type: RowType, key: [Int]?) -> (PlannedStream, PlannedHop?) {
            let planned = PlannedStream(
                name: stream.name.value, input: input, definition: definition, type: type, partitionKey: key,
                sources: typed.origins(of: input), origin: typed.origin(of: input), text: stream.operation.text,
                renamedFrom: stream.renamedFrom?.value)
            return (planned, nil)
        }
        switch stream.operation {
        case .filter(let condition):
            return compile(condition, over: inputType, expecting: .bool, findings).map { planned(.filter($0), inputType, key: key) }
        case .map(let assignments):
            guard let (type, expressions) = map(assignments, over: inputType, findings) else { return nil }
            return planned(.map(expressions), type, key: key)
        case .select(let fields):
            guard let (type, columns) = select(fields, of: inputType, stream.from.value, findings) else { return nil }
            let kept = key?.compactMap { columns.firstIndex(of: $0) }
            return planned(.select(columns), type, key: kept?.count == key?.count ? kept : nil)
        case .window(let window, let aggregates):
            guard let plan = self.window(window, aggregates, stream, input, typed, findings) else { return nil }
            let by = plan.definition.by
            if let key, key.allSatisfy(by.contains) {
                return planned(.window(plan.definition), plan.type, key: key.compactMap(by.firstIndex(of:)))
            }
            var (behind, _) = planned(.window(plan.definition), plan.type, key: Array(by.indices))
            behind.input = .hop(typed.hops.count)
            behind.origin = behind.input
            return (behind, hop(to: stream, by, from: input, typed))
        }
    }

    private static func hop(to stream: StreamSpecification, _ by: [Int], from input: PlanInput, _ typed: TypedStreams) -> PlannedHop {
        PlannedHop(
            // Rows that are on their way to a stream that gets another name go on to it.
            name: stream.name.value, isRekeying: false,
            topic: .hop(to: stream.renamedFrom?.value ?? stream.name.value, of: typed.topology), input: input,
            type: typed.type(of: input), columns: Array(typed.type(of: input).columns.indices), keyColumns: by)
    }

    private static func hop(rekeying source: Int, _ typed: TypedStreams) -> PlannedHop {
        let name = typed.sources[source].name, type = typed.sources[source].type
        return PlannedHop(
            name: name, isRekeying: true, topic: .hop(to: name, of: typed.topology), input: .source(source), type: type,
            columns: Array(type.columns.indices), keyColumns: typed.sources[source].keyColumns)
    }

    /// Compiles an expression; what is wrong with it is reported at the character where it stands in the file.
    static func compile(
        _ expression: ExpressionText, over type: RowType, expecting expected: ValueType? = nil, _ findings: FindingCollector
    ) -> CompiledExpression? {
        let (compiled, issues) = Expression.compile(expression.text, over: type, expecting: expected)
        for issue in issues {
            findings.add(issue.code, issue.message, remedy: issue.remedy, at: expression.location(atUTF8Offset: issue.range.lowerBound))
        }
        return compiled
    }

    private static func map(
        _ assignments: [StreamSpecification.Assignment], over input: RowType, _ findings: FindingCollector
    ) -> (RowType, [CompiledExpression])? {
        var type = input
        // Each expression sees the input's fields, not those that the same map adds.
        let expressions = assignments.compactMap { assignment -> CompiledExpression? in
            let isFree = isFree(assignment.name, in: type, findings)
            guard let expression = compile(assignment.expression, over: input, findings) else { return nil }
            guard let value = expression.type.value else {
                findings.add(
                    .nullLiteral, "'\(assignment.name.value)' is always null, of no type", remedy: "Give it a value of some type.",
                    at: assignment.expression.location)
                return nil
            }
            type.columns.append(.init(assignment.name.value, value, isNullable: expression.type.isNullable))
            return isFree ? expression : nil
        }
        return expressions.count == assignments.count ? (type, expressions) : nil
    }

    /// Whether a new field's name clashes with none that is there, neither as a path nor flattened.
    static func isFree(_ name: Located<String>, in type: RowType, _ findings: FindingCollector) -> Bool {
        let clash = type.columns.first { $0.flatName == name.value || $0.path.hasPrefix(name.value + ".") }
        guard let clash else { return true }
        reportClash(clash.path == name.value ? name.value : clash.path, name.value, at: name.location, findings)
        return false
    }

    /// The columns kept, in the order named. A field of a nullable record that is kept without the rest of the record
    /// becomes nullable itself.
    private static func select(
        _ fields: [Located<String>], of input: RowType, _ from: String, _ findings: FindingCollector
    ) -> (RowType, [Int])? {
        var columns: [Int] = []
        var isComplete = true
        for field in fields {
            let named: [Int]
            if input.isRecord(field.value) {
                named = input.columns.indices.filter {
                    input.columns[$0].path == field.value || input.columns[$0].path.hasPrefix(field.value + ".")
                }
            } else if let index = column(field, of: input, "'\(from)'", findings) {
                named = [index]
            } else {
                isComplete = false
                continue
            }
            if let twice = named.first(where: columns.contains) {
                reportClash(input.columns[twice].path, input.columns[twice].path, at: field.location, findings)
                isComplete = false
            }
            columns += named
        }
        guard isComplete else { return nil }
        let type = RowType(
            columns.map { index in
                var column = input.columns[index]
                let lost = input.enclosingRecords(of: index).contains { $0 != index && !columns.contains($0) }
                if lost, column.type != .record { column.isNullable = true }
                return column
            })
        return (type, columns)
    }
}
