import Base
import Columns
import Operators
import Stores

extension Plan {
    /// The plan as text for people: each source, stream, output and view with the type inferred for it.
    public func describe() -> String {
        var text = "topology \(topology), version \(version.prefix(12))\n"
        for source in sources {
            text += "\nsource \(source.name): topic \(source.topic), schema \(source.schemaName),"
                + " key \(Self.list(source.keyColumns, source.type)), time \(source.type.columns[source.eventTimeColumn].path)"
                + " (out of order \(source.outOfOrder), idle after \(source.idleAfter), ahead at most \(source.maxAhead))\n"
            text += Self.columns(source.type)
        }
        for stream in streams {
            let input = type(of: stream.input)
            text += "\nstream \(stream.name): \(Self.operation(stream.definition, input)) from \(name(of: stream.input))\n"
            text += Self.columns(stream.type)
        }
        if !outputs.isEmpty || !views.isEmpty { text += "\n" }
        for output in outputs {
            text += "output \(output.name): \(name(of: output.input)) to topic \(output.topic),"
                + " key \(Self.list(output.keyColumns, type(of: output.input)))\n"
        }
        for view in views {
            text += "view \(view.definition.name): \(name(of: view.input)), key [\(view.definition.key.joined(separator: ", "))]"
                + (view.definition.keep.map { ", kept \($0)" } ?? "") + (view.definition.path.map { ", at \($0)" } ?? "") + "\n"
        }
        return text
    }

    private static func operation(_ definition: OperatorDefinition, _ input: RowType) -> String {
        switch definition {
        case .filter: "filter"
        case .map(let expressions): "map, \(expressions.count) new"
        case .select: "select"
        case .window(let window): "window of \(window.size) by \(list(window.by, input))"
        }
    }

    private static func list(_ columns: [Int], _ type: RowType) -> String {
        "[" + columns.map { type.columns[$0].path }.joined(separator: ", ") + "]"
    }

    private static func columns(_ type: RowType) -> String {
        type.columns.indices.map { index in
            let column = type.columns[index]
            let isNullable = column.type == .record || type.isNullable(at: index)
            return "    \(column.path): \(column.type)\(isNullable ? " or null" : "")\n"
        }.joined()
    }
}
