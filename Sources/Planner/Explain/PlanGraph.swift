import Base
import Columns
import Operators
import Stores

/// A plan as boxes and arrows, in the direction of the data.
public struct PlanGraph: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case topic, source, table, hop, stream, view, output
        case deadLetters = "dead letters"
    }

    public struct Node: Sendable {
        public var kind: Kind
        public var title: String
        /// A line or two below the title.
        public var lines: [String]
        /// All that is known of it, for who points at the box.
        public var facts: [String]
    }

    public struct Edge: Hashable, Sendable {
        public var from: Int
        public var to: Int
        /// Whether only what could not be used goes along it.
        public var isFault = false
    }

    public var title: String
    public var nodes: [Node] = []
    /// Without circles: a plan has none.
    public var edges: [Edge] = []
}

extension PlanGraph {
    /// - Complexity: O(parts × parts).
    public init(_ explanation: PlanExplanation) {
        let plan = explanation.plan
        title = "topology \(plan.topology)"
        var facts: [String: [String]] = [:]
        for part in explanation.parts { facts["\(part.kind) \(part.name)"] = part.facts.map { "\($0.label): \($0.text)" } }
        func add(_ kind: Kind, _ title: String, _ lines: [String], _ facts: [String]?) -> Int {
            nodes.append(Node(kind: kind, title: title, lines: lines, facts: facts ?? []))
            return nodes.count - 1
        }
        let sources = plan.sources.indices.map { index in
            let source = plan.sources[index]
            let topic = add(.topic, source.topic.text, [source.schemaName], nil)
            let key = "key " + plan.keyPaths(ofSource: index).joined(separator: ", ")
            let node = add(.source, source.name, [key, "out of order \(source.outOfOrder)"], facts["source \(source.name)"])
            edges.append(Edge(from: topic, to: node))
            return node
        }
        var streams: [Int] = []
        var hops: [Int: Int] = [:]
        func add(hop index: Int, behind node: Int) {
            let hop = plan.hops[index]
            let key = "key " + hop.keyColumns.map { hop.type.columns[$0].path }.joined(separator: ", ")
            let box = add(.hop, hop.topic.text, [key], facts["topic \(hop.topic)"])
            edges.append(Edge(from: node, to: box))
            hops[index] = box
        }
        for (index, hop) in plan.hops.enumerated() where hop.isRekeying {
            if case .source(let source) = hop.input { add(hop: index, behind: sources[source]) }
        }
        func node(_ input: PlanInput) -> Int {
            switch input {
            case .source(let index): sources[index]
            case .stream(let index): streams[index]
            case .hop(let index): hops[index] ?? node(plan.hops[index].input)
            }
        }
        for table in plan.tables {
            let topic = add(.topic, table.topic.text, [table.schemaName], nil)
            let key = "key " + table.keyColumns.map { table.type.columns[$0].path }.joined(separator: ", ")
            let kind = table.isEverywhere ? ["everywhere"] : []
            edges.append(Edge(from: topic, to: add(.table, table.name, [key] + kind, facts["table \(table.name)"])))
        }
        for stream in plan.streams {
            if case .hop(let index) = stream.input, !plan.hops[index].isRekeying { add(hop: index, behind: node(plan.hops[index].input)) }
            let lines = Self.lines(stream.definition)
            streams.append(add(.stream, stream.name, lines, facts["stream \(stream.name)"]))
            edges.append(Edge(from: node(stream.input), to: streams[streams.count - 1]))
        }
        for view in plan.views {
            let name = view.definition.name
            let keep = view.definition.keep.map { ["keep \($0)"] } ?? []
            let key = "key " + view.definition.key.joined(separator: ", ")
            edges.append(Edge(from: node(view.input), to: add(.view, name, [key] + keep, facts["view \(name)"])))
        }
        for output in plan.outputs {
            let key = "key " + output.keyColumns.map { plan.type(of: output.input).columns[$0].path }.joined(separator: ", ")
            let end = add(.output, output.name, [key], facts["output \(output.name)"])
            edges.append(Edge(from: node(output.input), to: end))
            edges.append(Edge(from: end, to: add(.topic, output.topic.text, ["JSON"], nil)))
        }
        addDeadLetters(plan, sources)
    }

    /// Every source and every stream that computes may have some; arrows from the sources stand for all of them.
    private mutating func addDeadLetters(_ plan: Plan, _ sources: [Int]) {
        let text = "Records that a source cannot read or place in time, and rows on which an expression fails."
        nodes.append(Node(kind: .deadLetters, title: "dead letters", lines: ["of sources and streams"], facts: [text]))
        edges += sources.map { Edge(from: $0, to: nodes.count - 1, isFault: true) }
    }

    private static func lines(_ definition: OperatorDefinition) -> [String] {
        switch definition {
        case .filter: ["filter"]
        case .map(let expressions): ["map, \(expressions.count) new"]
        case .select(let columns): ["select \(columns.count)"]
        case .window(let window):
            ["window \(window.size)", "by " + window.byColumns.map(\.path).joined(separator: ", ")]
        }
    }
}
