public import Base
public import Columns
public import Expressions

/// What is computed over a window's rows. Nulls are skipped by all but `count()`.
public enum AggregateFunction: String, Sendable, CaseIterable {
    /// Rows; with an argument, rows where it is not null.
    case count
    /// The sum; of ints exact, and a fault of the window's row if it does not fit an int.
    case sum
    /// The arithmetic mean, as a double.
    case avg
    case min
    case max
    /// The value of the row with the least event time; of several such, the one that came first.
    case first
    /// The value of the row with the greatest event time; of several such, the one that came last.
    case last

    public var takesArgument: Bool { self != .count }

    /// Argument types the function takes.
    public func accepts(_ type: ValueType) -> Bool {
        switch self {
        case .count: true
        case .sum, .avg: type == .int || type == .double
        case .min, .max: [.int, .double, .string, .timestamp, .duration, .bool].contains(type)
        case .first, .last: type != .record
        }
    }

    public func resultType(of argument: ValueType?) -> ValueType {
        switch self {
        case .count: .int
        case .avg: .double
        case .sum, .min, .max, .first, .last: argument ?? .int
        }
    }
}

public struct AggregateDefinition: Sendable {
    public var name: String
    public var function: AggregateFunction
    /// Nil only for `count()`.
    public var argument: CompiledExpression?
    /// The argument as the topology has it; empty without one.
    public var text: String

    public init(name: String, function: AggregateFunction, argument: CompiledExpression?, text: String) {
        self.name = name
        self.function = function
        self.argument = argument
        self.text = text
    }
}

/// A tumbling window with its aggregates. Windows start at multiples of their size since 1970-01-01T00:00:00Z.
///
/// The stream's row type is: the `by` columns in order, `window.start`, `window.end`, `window.hours`, the aggregates.
public struct WindowDefinition: Sendable {
    public var size: TimeSpan
    /// Input columns that group the rows.
    public var by: [Int]
    public var aggregates: [AggregateDefinition]
    /// The `by` columns as the input declares them, in order.
    public var byColumns: [RowType.Column]

    public init(size: TimeSpan, by: [Int], input: RowType, aggregates: [AggregateDefinition]) {
        precondition(size > .zero, "the planner lets no window of size zero through")
        self.size = size
        self.by = by
        byColumns = by.map { RowType.Column(input.columns[$0].path, input.columns[$0].type, isNullable: input.isNullable(at: $0)) }
        self.aggregates = aggregates
    }

    /// About what a group takes in memory for each open window, in bytes: its row and its entries of the index. Its key,
    /// and the texts that `min`, `max`, `first` and `last` hold, come on top.
    public var groupBytes: Int {
        GroupTable.headerBytes + Accumulator.layout(aggregates).byteCount + GroupTable.indexBytesPerRow
    }

    /// What the stored state depends on.
    public var layout: WindowLayout {
        let (accumulators, _) = Accumulator.layout(aggregates)
        let slots = zip(aggregates, accumulators).map { aggregate, accumulator in
            WindowLayout.Slot(identity: aggregate.identity, byteCount: accumulator.byteCount, holdsBytes: accumulator.holdsBytes)
        }
        return WindowLayout(grouping: grouping, slots: slots)
    }

    private var grouping: String {
        "tumbling \(size) by " + byColumns.map { "\($0.path) \($0.type)\($0.isNullable ? "?" : "")" }.joined(separator: ", ")
    }

    /// The layout as a text, as it was stored before layouts had numbers: compared, and never written any more.
    public var legacyLayout: String {
        let parts = aggregates.map { "\($0.name) \($0.function.rawValue)(\($0.argument?.type.value?.description ?? ""))" }
        return "\(grouping): \(parts.joined(separator: ", "))"
    }
}

extension AggregateDefinition {
    /// What is computed, whatever it is called: `avg(double: value)`.
    public var identity: String {
        let type = argument?.type.value.map { "\($0): " } ?? ""
        return "\(function.rawValue)(\(type)\(text))"
    }
}
