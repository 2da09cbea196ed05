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
}

/// A topic read as a stream.
public struct PlannedSource: Sendable {
    public var name: String
    public var topic: TopicName
    public var schemaName: String
    public var schema: Schema
    public var type: RowType
    /// The columns that the topic is partitioned by, in the key's order; never null.
    public var keyColumns: [Int]
    /// A timestamp, never null.
    public var eventTimeColumn: Int
    public var outOfOrder: TimeSpan
    public var idleAfter: TimeSpan
    public var maxAhead: TimeSpan
    /// For each column, whether anything of the plan reads it; the others need not be decoded.
    public var neededColumns: [Bool]
}

/// A named result.
public struct PlannedStream: Sendable {
    public var name: String
    public var input: PlanInput
    public var definition: OperatorDefinition
    public var type: RowType
    /// The columns that carry the source's key, in the key's order; nil where a `select` has dropped one.
    public var partitionKey: [Int]?
    /// The sources it descends from, ascending.
    public var sources: [Int]
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
        }
    }

    public func name(of input: PlanInput) -> String {
        switch input {
        case .source(let index): sources[index].name
        case .stream(let index): streams[index].name
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
        return plan
    }
}
