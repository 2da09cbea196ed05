import Base
import Columns

/// Sources and streams whose types are known so far.
struct TypedStreams {
    let topology: String
    var sources: [PlannedSource]
    var tables: [PlannedTable] = []
    var hops: [PlannedHop] = []
    var streams: [PlannedStream] = []

    var schemas: [String: Schema] {
        Dictionary(sources.map { ($0.schemaName, $0.schema) } + tables.map { ($0.schemaName, $0.schema) }) { first, _ in first }
    }

    /// What is read by this name; nil for what is not there or was reported.
    func input(named name: String) -> PlanInput? {
        if let index = hops.firstIndex(where: { $0.isRekeying && $0.name == name }) { return .hop(index) }
        if let index = sources.firstIndex(where: { $0.name == name }) { return .source(index) }
        return streams.firstIndex { $0.name == name }.map(PlanInput.stream)
    }

    func type(of input: PlanInput) -> RowType {
        switch input {
        case .source(let index): sources[index].type
        case .stream(let index): streams[index].type
        case .hop(let index): hops[index].type
        }
    }

    func partitionKey(of input: PlanInput) -> [Int]? {
        switch input {
        case .source(let index): sources[index].keyColumns
        case .stream(let index): streams[index].partitionKey
        case .hop(let index): hops[index].keyColumns
        }
    }

    func origins(of input: PlanInput) -> [Int] {
        switch input {
        case .source(let index): [index]
        case .stream(let index): streams[index].sources
        case .hop(let index): origins(of: hops[index].input)
        }
    }

    /// The source or hop that the input's rows come into a task by.
    func origin(of input: PlanInput) -> PlanInput {
        if case .stream(let index) = input { streams[index].origin } else { input }
    }

    /// `[resource_id]`: what the input's rows are partitioned by, also where they no longer have it, for messages.
    func keyText(of input: PlanInput) -> String {
        let origin = origin(of: input), type = type(of: origin)
        return "[" + (partitionKey(of: origin) ?? []).map { type.columns[$0].path }.joined(separator: ", ") + "]"
    }

    /// What it is that the input is partitioned by: `source`, or `stream 'x'` behind a hop.
    func keyOwner(of input: PlanInput) -> String {
        if case .hop(let index) = origin(of: input), !hops[index].isRekeying { "stream '\(hops[index].name)'" } else { "source" }
    }
}
