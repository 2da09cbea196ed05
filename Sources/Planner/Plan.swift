public import Base
public import Columns
public import Operators
public import Stores

/// A topology, checked: every name resolved to an index, every expression compiled, every type known. Running it can
/// fail on records and surroundings, not on itself.
public struct Plan: Sendable {
    public var topology: String
    public var description: String?
    /// 32 hex digits, the same exactly as long as the topology and its schemas say the same (see `StableHash`).
    public var version: String
    public var sources: [PlannedSource]
    public var tables: [PlannedTable]
    /// Each after the stream it reads, and before the one that it leads to.
    public var hops: [PlannedHop]
    /// Each after the stream it reads.
    public var streams: [PlannedStream]
    public var outputs: [PlannedOutput]
    public var views: [PlannedView]
}

/// What a stream, output or view reads.
public enum PlanInput: Hashable, Sendable {
    /// An index into `Plan.sources`.
    case source(Int)
    /// An index into `Plan.streams`.
    case stream(Int)
    /// An index into `Plan.hops`: the rows that have come through an internal topic. What reads a rekeyed source reads its hop;
    /// any other is read by one stream.
    case hop(Int)
}

/// A topic read as a stream.
public struct PlannedSource: Sendable {
    public var name: String
    public var topic: TopicName
    public var schemaName: String
    public var schema: Schema
    public var type: RowType
    /// The columns that the topic is partitioned by, or the hop behind it where it is rekeyed, in the key's order; never null.
    public var keyColumns: [Int]
    /// Records may lie in any partition: nothing but a hop, which leads to the partitions of the keys, reads them.
    public var isRekeyed: Bool
    /// A timestamp, never null.
    public var eventTimeColumn: Int
    public var outOfOrder: TimeSpan
    public var idleAfter: TimeSpan
    public var maxAhead: TimeSpan
    /// For each column, whether anything of the plan reads it; the others need not be decoded.
    public var neededColumns: [Bool]
}

/// A topic read as the latest value per key.
public struct PlannedTable: Sendable {
    public var name: String
    public var topic: TopicName
    public var schemaName: String
    public var schema: Schema
    public var type: RowType
    /// The columns that the topic is keyed by, in the key's order; never null.
    public var keyColumns: [Int]
    /// Every task reads all partitions and has all rows; otherwise a task has those of its own partition.
    public var isEverywhere: Bool
}

/// Where rows change partitions: they are written to an internal topic, keyed by what the stream behind it groups by or by
/// the key of the rekeyed source before it, and the tasks of the topology read it as one more input, each its own partition.
public struct PlannedHop: Sendable {
    /// That of the stream that groups behind it; of a rekeyed source's hop, the source's.
    public var name: String
    /// It leads from a rekeyed source to whatever reads that; any other leads to the one stream that has its name.
    public var isRekeying: Bool
    public var topic: TopicName
    /// Whose rows are written.
    public var input: PlanInput
    /// The input's row type, and what is read behind the hop: columns that do not travel are null there.
    public var type: RowType
    /// Columns of the input that travel, ascending.
    public var columns: [Int]
    /// Columns that the rows are keyed and partitioned by; they may be null.
    public var keyColumns: [Int]
}

/// A named result.
public struct PlannedStream: Sendable {
    public var name: String
    public var input: PlanInput
    public var definition: OperatorDefinition
    public var type: RowType
    /// The columns that carry what the rows are partitioned by, the source's key or that of the last hop, in its order; nil
    /// where a `select` has dropped one.
    public var partitionKey: [Int]?
    /// The sources it descends from, ascending.
    public var sources: [Int]
    /// The source or hop that its rows come into the task by, and whose watermark is its own.
    public var origin: PlanInput
    /// The operator as the file has it, in one line: the same as long as that says the same.
    public var text: String
    /// The name it had before, whose state goes on.
    public var renamedFrom: String?
}

/// A stream written to a topic, as JSON.
public struct PlannedOutput: Sendable {
    public var name: String
    public var input: PlanInput
    public var topic: TopicName
    /// Columns of the stream that make the records' keys; never null.
    public var keyColumns: [Int]
}

/// A stream projected into a table.
public struct PlannedView: Sendable {
    public var definition: ViewDefinition
    public var input: PlanInput
    /// Columns of the stream that make the view's key, as `definition.key` names them.
    public var keyColumns: [Int]
}

extension Plan {
    /// The type of what a stream, output or view reads.
    public func type(of input: PlanInput) -> RowType {
        switch input {
        case .source(let index): sources[index].type
        case .stream(let index): streams[index].type
        case .hop(let index): hops[index].type
        }
    }

    /// The source's or stream's name; of a hop, that of what is written to it.
    public func name(of input: PlanInput) -> String {
        switch input {
        case .source(let index): sources[index].name
        case .stream(let index): streams[index].name
        case .hop(let index): name(of: hops[index].input)
        }
    }

    /// The source or hop that the rows come into a task by.
    public func origin(of input: PlanInput) -> PlanInput {
        if case .stream(let index) = input { streams[index].origin } else { input }
    }

    /// The sources that the rows descend from, ascending.
    public func sources(of input: PlanInput) -> [Int] {
        switch input {
        case .source(let index): [index]
        case .stream(let index): streams[index].sources
        case .hop(let index): sources(of: hops[index].input)
        }
    }

    /// The columns that the rows are partitioned by; nil where they have been dropped.
    public func partitionKey(of input: PlanInput) -> [Int]? {
        switch input {
        case .source(let index): sources[index].keyColumns
        case .stream(let index): streams[index].partitionKey
        case .hop(let index): hops[index].keyColumns
        }
    }

    /// The source or stream of this name.
    public func input(named name: String) -> PlanInput? {
        if let index = sources.firstIndex(where: { $0.name == name }) { return .source(index) }
        return streams.firstIndex { $0.name == name }.map(PlanInput.stream)
    }

    /// The same plan with every column of every source decoded, for those who look at the rows of all streams (tests).
    public func observingEverything() -> Plan {
        var plan = self
        for index in plan.sources.indices {
            plan.sources[index].neededColumns = Array(repeating: true, count: plan.sources[index].type.columns.count)
        }
        for index in plan.hops.indices where plan.hops[index].isRekeying {
            plan.hops[index].columns = Array(plan.hops[index].type.columns.indices)
        }
        return plan
    }
}
