public import Base
import Columns
import Stores
import TopologyFile

extension ErrorCode {
    public static let keyDropped = ErrorCode("topology.key_dropped")
    public static let viewKey = ErrorCode("topology.view_key")
}

extension Planner {
    /// Pass 5, outputs: their keys.
    static func planOutputs(
        _ specification: TopologySpecification, _ typed: TypedStreams, _ findings: FindingCollector
    ) -> [PlannedOutput] {
        specification.outputs.compactMap { output in
            guard let input = typed.input(named: output.from.value), let topic = TopicName(output.topic.value) else { return nil }
            let type = typed.type(of: input)
            let columns: [Int]
            if let key = output.key {
                guard let named = keyColumns(key, of: type, output.from.value, "an output's key", findings) else { return nil }
                columns = named
            } else if let key = typed.partitionKey(of: input) {
                // What a window groups by may be null, or of a type that is equal to others than itself.
                let fields = key.map { Located(type.columns[$0].path, output.from.location) }
                guard zip(key, fields).allSatisfy({ isKey($0, $1, of: type, "an output's key", findings) }) else { return nil }
                columns = key
            } else {
                findings.add(
                    .keyDropped,
                    "'\(output.from.value)' no longer has the fields \(typed.keyText(of: input)) that its"
                        + " \(typed.keyOwner(of: input)) is partitioned by",
                    remedy: "Keep them in the select, or give the output a key of its own.", at: output.from.location)
                return nil
            }
            return PlannedOutput(name: output.name.value, input: input, topic: topic, keyColumns: columns)
        }
    }

    /// Pass 5, views: their keys hold the partition key, so that one row is written by one partition alone.
    static func planViews(_ specification: TopologySpecification, _ typed: TypedStreams, _ findings: FindingCollector) -> [PlannedView] {
        specification.views.compactMap { view in
            guard let input = typed.input(named: view.from.value) else { return nil }
            let type = typed.type(of: input)
            guard let columns = keyColumns(view.key, of: type, view.from.value, "a view's key", findings) else { return nil }
            guard let partitionKey = typed.partitionKey(of: input), partitionKey.allSatisfy(columns.contains) else {
                let key = typed.keyText(of: input)
                findings.add(
                    .viewKey, "the key of view '\(view.name.value)' lacks the fields \(key) that the \(typed.keyOwner(of: input)) is"
                        + " partitioned by",
                    remedy: "Add them to the view's key: else several partitions would write one row.",
                    at: view.key.first?.location ?? view.name.location)
                return nil
            }
            guard let indexes = indexColumns(of: view, key: columns, type, findings) else { return nil }
            func names(_ columns: [Int]) -> [String] { columns.map { type.columns[$0].flatName } }
            let definition = ViewDefinition(
                name: view.name.value, topology: specification.name.value, type: type, key: names(columns), indexes: indexes.map(names),
                keep: view.keep, path: view.path?.value, description: view.description)
            return PlannedView(definition: definition, input: input, keyColumns: columns)
        }
    }

    private static func keyColumns(
        _ key: [Located<String>], of type: RowType, _ from: String, _ what: String, _ findings: FindingCollector
    ) -> [Int]? {
        let columns = key.compactMap { field -> Int? in
            guard let index = column(field, of: type, "'\(from)'", findings) else { return nil }
            return isKey(index, field, of: type, what, findings) ? index : nil
        }
        return columns.count == key.count ? columns : nil
    }
}
