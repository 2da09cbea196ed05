import Base
import Columns

/// Sources and streams whose types are known so far.
struct TypedStreams {
    var sources: [PlannedSource]
    var streams: [PlannedStream] = []

    var schemas: [String: Schema] { Dictionary(sources.map { ($0.schemaName, $0.schema) }) { first, _ in first } }

    /// Nil for what is not there or was reported.
    func input(named name: String) -> PlanInput? {
        if let index = sources.firstIndex(where: { $0.name == name }) { return .source(index) }
        return streams.firstIndex { $0.name == name }.map(PlanInput.stream)
    }

    func type(of input: PlanInput) -> RowType {
        switch input {
        case .source(let index): sources[index].type
        case .stream(let index): streams[index].type
        }
    }

    func partitionKey(of input: PlanInput) -> [Int]? {
        switch input {
        case .source(let index): sources[index].keyColumns
        case .stream(let index): streams[index].partitionKey
        }
    }

    func origins(of input: PlanInput) -> [Int] {
        switch input {
        case .source(let index): [index]
        case .stream(let index): streams[index].sources
        }
    }

    /// `[resource_id]`: the key of the sources that the input descends from, for messages.
    func keyText(of input: PlanInput) -> String {
        let source = sources[origins(of: input)[0]]
        return "[" + source.keyColumns.map { source.type.columns[$0].path }.joined(separator: ", ") + "]"
    }
}
