public import Base
public import Columns
import Operators
import Stores
public import TopologyFile

/// A plan in words: what is read, done, kept and written, part by part. Everything is taken from the plan, so that it
/// stays true when the planner learns more; expressions are quoted from the specification.
public struct PlanExplanation: Sendable {
    /// How an engine would run the plan.
    public struct Settings: Sendable {
        public var partitionCount: Int
        public var commitInterval: TimeSpan
        public init(partitionCount: Int, commitInterval: TimeSpan) {
            self.partitionCount = partitionCount
            self.commitInterval = commitInterval
        }
    }

    /// One thing that is known of a part.
    public struct Fact: Hashable, Sendable {
        public var label: String
        /// What is best not broken over lines: words, and the elements of lists.
        public var pieces: [String]
        public var text: String { pieces.joined(separator: " ") }

        init(label: String, text: String) {
            self.label = label
            pieces = text.split(separator: " ").map(String.init)
        }

        /// `first, second, third`, after a word or two where there are some.
        init(label: String, after lead: String? = nil, list: [String]) {
            self.label = label
            pieces = (lead.map { [$0] } ?? []) + list.enumerated().map { $0 < list.count - 1 ? $1 + "," : $1 }
        }
    }

    /// A source, table, stream, output, view or internal topic.
    public struct Part: Sendable {
        public enum Kind: String, Sendable {
            case source, table, stream, output, view, topic
        }
        public var kind: Kind
        public var name: String
        /// What it reads; nil for sources and topics.
        public var from: String?
        public var facts: [Fact]
    }

    public var topology: String
    public var description: String?
    public var version: String
    /// The whole in a sentence or two.
    public var facts: [Fact]
    public var parts: [Part]

    let plan: Plan
    let settings: Settings
    let streamsByName: [String: StreamSpecification]

    /// - Parameter specification: what the plan was made of.
    /// - Complexity: O(parts × parts).
    public init(_ plan: Plan, of specification: TopologySpecification, _ settings: Settings) {
        self.plan = plan
        self.settings = settings
        streamsByName = Dictionary(specification.streams.map { ($0.name.value, $0) }) { first, _ in first }
        topology = plan.topology
        description = plan.description
        version = plan.version
        facts = []
        parts = []
        facts = summary
        parts =
            plan.sources.indices.map(source) + plan.tables.map(table) + plan.streams.indices.map(stream) + plan.outputs.map(output)
            + plan.views.map(view) + internalTopics
    }

    private var summary: [Fact] {
        let hops = [("behind", plan.hops.filter(\.isRekeying)), ("before", plan.hops.filter { !$0.isRekeying })]
            .filter { !$0.1.isEmpty }.map { "\($0) \($1.map(\.name).joined(separator: ", "))" }
        let grouping = plan.streams.indices.contains { plan.hopColumns(of: $0) != nil }
        let local = grouping ? "none: each 'by' holds its source's partition key" : "none: nothing is grouped"
        let partitions = settings.partitionCount
        return [
            Fact(label: "version", text: plan.version),
            Fact(label: "tasks", text: partitions == 1 ? "1, for 1 partition" : "\(partitions), one a partition"),
            Fact(label: "hops", text: hops.isEmpty ? local : hops.joined(separator: ", ")),
            Fact(label: "commit", text: "every \(settings.commitInterval); rows are seen with it"),
        ]
    }

    // MARK: Sources and ends

    private func source(_ index: Int) -> Part {
        let source = plan.sources[index]
        let time = source.type.columns[source.eventTimeColumn].path
        let needed = source.neededColumns.count { $0 }
        let key = plan.keyPaths(ofSource: index).joined(separator: ", ")
        let hop = plan.hops.first { $0.isRekeying && $0.input == .source(index) }
        return Part(kind: .source, name: source.name, from: nil, facts: [
            Fact(label: "topic", text: "\(source.topic), \(Self.count(settings.partitionCount, "partition")), schema \(source.schemaName)"),
            Fact(label: "key", text: hop.map { "\(key), to whose partitions all rows hop through \($0.topic)" } ?? key),
            Fact(
                label: "time",
                text: "\(time); out_of_order \(source.outOfOrder), idle_after \(source.idleAfter), max_ahead \(source.maxAhead)"),
            Fact(label: "silence", text: silence(index)),
            Fact(label: "columns", list: Self.columns(source.type)),
            Fact(label: "decoded", text: "\(needed) of \(Self.count(source.type.columns.count, "column")): those that something reads"),
            readers(of: .source(index)),
        ])
    }

    private func table(_ table: PlannedTable) -> Part {
        Part(kind: .table, name: table.name, from: nil, facts: [
            Fact(
                label: "topic",
                text: "\(table.topic), \(Self.count(settings.partitionCount, "partition")), schema \(table.schemaName), compacted"),
            Fact(label: "key", text: table.keyColumns.map { table.type.columns[$0].path }.joined(separator: ", ")),
            Fact(
                label: "held",
                text: table.isEverywhere
                    ? "by each task whole, in memory; read to its end before the first event, after every start"
                    : "by each task for its own partition, in its state"),
            Fact(label: "columns", list: Self.columns(table.type)),
        ])
    }

    /// A window is closed by its own source's watermark, which no other source and no clock moves.
    private func silence(_ index: Int) -> String {
        let source = plan.sources[index]
        let hasWindow = plan.streams.contains { stream in
            if case .window = stream.definition { stream.sources.contains(index) } else { false }
        }
        return (hasWindow ? "windows wait for the next event; " : "") + "after \(source.idleAfter) the topology's watermark, by which views"
            + " keep rows, goes on without it"
    }

    func readers(of input: PlanInput) -> Fact {
        let readers = plan.readers(of: input)
        return Fact(label: "read by", list: readers.isEmpty ? ["nothing"] : readers)
    }

    private func output(_ output: PlannedOutput) -> Part {
        let type = plan.type(of: output.input)
        let key = output.keyColumns.map { type.columns[$0].path }.joined(separator: ", ")
        return Part(kind: .output, name: output.name, from: plan.name(of: output.input), facts: [
            Fact(label: "topic", text: "\(output.topic), \(Self.count(settings.partitionCount, "partition")), JSON"),
            Fact(label: "key", text: "\(key), by which its partitions are chosen"),
            Fact(label: "latency", text: latency(of: output.input)),
        ])
    }

    private func view(_ view: PlannedView) -> Part {
        let definition = view.definition
        let paths = ["/api/v1/views/\(definition.name)", definition.path].compactMap { $0 }
        let indexes = definition.indexes.map { "[\($0.joined(separator: ", "))]" }
        return Part(kind: .view, name: definition.name, from: plan.name(of: view.input), facts: [
            Fact(label: "key", text: definition.key.joined(separator: ", ")),
        ] + (indexes.isEmpty ? [] : [Fact(label: "indexes", list: indexes)]) + [
            Fact(label: "keep", text: definition.keep.map { "\($0) behind the watermark" } ?? "for good: the last row of each key"),
            Fact(label: "paths", text: paths.joined(separator: ", ")),
            Fact(label: "latency", text: latency(of: view.input)),
        ])
    }

    private var internalTopics: [Part] {
        let partitions = Self.count(settings.partitionCount, "partition")
        func part(_ name: TopicName, _ text: String) -> Part {
            Part(kind: .topic, name: name.text, from: nil, facts: [Fact(label: "holds", text: "\(text); \(partitions)")])
        }
        let hops = plan.hops.map { hop in
            let key = hop.keyColumns.map { hop.type.columns[$0].path }.joined(separator: ", ")
            let end = hop.isRekeying ? "the partitions of their keys" : "stream \(hop.name)"
            return part(hop.topic, "rows of \(plan.name(of: hop.input)) on their way to \(end), by \(key)")
        }
        return hops + plan.views.map { part($0.definition.topic, "rows of view \($0.definition.name), compacted by its key") } + [
            part(.journal(of: plan.topology), "epoch records, kept as long as the inputs"),
            part(.deadLetters(of: plan.topology), "records that could not be used, with the reason"),
        ]
    }

    // MARK: Words

    /// `id string`, `count int?`
    static func columns(_ type: RowType) -> [String] {
        type.columns.indices.map { "\(type.columns[$0].path) \(typeName(type, $0))" }
    }

    /// `double`, `string?`
    public static func typeName(_ type: RowType, _ index: Int) -> String {
        "\(type.columns[index].type)" + (type.columns[index].type == .record || type.isNullable(at: index) ? "?" : "")
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
