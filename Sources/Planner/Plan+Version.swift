import Base
import Columns
import TopologyFile

extension StableHash {
    /// The version of a topology: over what it does and the schemas it reads, in an order of its own. Comments, layout,
    /// the order of declarations, descriptions and docs do not count.
    static func version(of specification: TopologySpecification, schemas: [String: Schema]) -> String {
        var hash = StableHash()
        // Of the canonical form itself: another number when the form below changes.
        hash.combine(1)
        hash.combine(specification.name.value)
        for source in specification.sources.sorted(by: { $0.name.value < $1.name.value }) { hash.combine(source, schemas) }
        for table in specification.tables.sorted(by: { $0.name.value < $1.name.value }) { hash.combine(table, schemas) }
        for stream in specification.streams.sorted(by: { $0.name.value < $1.name.value }) { hash.combine(stream) }
        for output in specification.outputs.sorted(by: { $0.name.value < $1.name.value }) {
            hash.combine(["output", output.name.value, output.from.value, output.topic.value])
            hash.combine(output.key?.map(\.value))
        }
        for view in specification.views.sorted(by: { $0.name.value < $1.name.value }) {
            hash.combine(["view", view.name.value, view.from.value, view.keep?.description ?? "", view.path?.value ?? ""])
            hash.combine(view.key.map(\.value))
            if !view.indexes.isEmpty {
                hash.combine("indexes")
                for index in view.indexes { hash.combine(index.map(\.value)) }
            }
        }
        return hash.hex
    }

    private mutating func combine(_ source: SourceSpecification, _ schemas: [String: Schema]) {
        let time = source.eventTime
        combine(["source", source.name.value, source.topic.value])
        combine(source.key.map(\.value))
        combine([time.field.value, "\(time.outOfOrder)", "\(time.idleAfter)", "\(time.maxAhead)"])
        if source.isRekeyed { combine("rekey") }
        if let schema = schemas[source.schema.value] { combine(schema) }
    }

    private mutating func combine(_ table: TableSpecification, _ schemas: [String: Schema]) {
        combine(["table", table.name.value, table.topic.value, table.isEverywhere ? "everywhere" : ""])
        combine(table.key.map(\.value))
        if let schema = schemas[table.schema.value] { combine(schema) }
    }

    /// What readers of a schema's records depend on.
    mutating func combine(_ schema: Schema) {
        combine(schema.fields.count)
        for field in schema.fields {
            combine([field.name, field.isNullable ? "?" : "", field.defaultJSON ?? ""])
            switch field.type {
            case .record(let nested):
                combine("record")
                combine(nested)
            case .enumeration(_, let symbols):
                combine("enum")
                combine(symbols)
            default: combine("\(field.type)")
            }
        }
    }

    private mutating func combine(_ stream: StreamSpecification) {
        combine(["stream", stream.name.value, stream.from.value])
        if let former = stream.renamedFrom { combine(["renamed from", former.value]) }
        switch stream.operation {
        case .filter(let condition): combine(["filter", condition.text])
        case .map(let assignments):
            combine("map")
            for assignment in assignments { combine([assignment.name.value, assignment.expression.text]) }
        case .select(let fields):
            combine("select")
            combine(fields.map(\.value))
        case .window(let window, let aggregates):
            combine(["window", "\(window.tumbling.value)", window.late.rawValue])
            combine(window.by?.map(\.value))
            for aggregate in aggregates {
                combine([aggregate.name.value, aggregate.function.value.rawValue, aggregate.argument?.text ?? ""])
            }
        }
    }
}
