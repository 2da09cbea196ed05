/// Something that happened inside the engine and is worth a line or a number: declared once, beside the code it
/// happens in, and turned into both a log line and metrics by `Telemetry.emit(_:)`.
///
///     struct EpochCommitted: InternalEvent {
///         static let name = "epoch_committed"
///         static let level = EventLevel.debug
///         var task: String, records: Int, nanoseconds: UInt64
///         var message: String { "Committed an epoch." }
///         var fields: [EventField] { [.init("task", task), .init("records", records)] }
///         var effects: [MetricEffect] {
///             [.add(records, to: .records, ["topology": topology]), .time(.commitSeconds, nanoseconds: nanoseconds)]
///         }
///     }
///
/// For what happens once an epoch, a request or a retry; never once a record.
public protocol InternalEvent: Sendable {
    /// Noun and past verb in snake case, unique in the project: `epoch_committed`, `append_refused`.
    static var name: String { get }
    static var level: EventLevel { get }
    /// One sentence for a person; the values stand in `fields`.
    var message: String { get }
    /// What happened to what, in reading order.
    var fields: [EventField] { get }
    /// What the event changes in the metrics.
    var effects: [MetricEffect] { get }
}

extension InternalEvent {
    public var fields: [EventField] { [] }
    public var effects: [MetricEffect] { [] }
}

/// How much an event asks for attention.
public enum EventLevel: String, Sendable, CaseIterable {
    /// For following what the engine does.
    case debug
    /// A change of state an operator may want to know of: started, stopped, deployed.
    case info
    /// Something went wrong and was dealt with, or was lost as configured.
    case warning
    /// Something went wrong that a person has to deal with.
    case error
}

/// A named value of an event.
public struct EventField: Sendable {
    public var name: String
    public var value: Value

    public enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int64)
        case number(Double)
        case flag(Bool)
    }

    public init(_ name: String, _ text: String) { self.init(name, value: .text(text)) }
    public init(_ name: String, _ integer: some BinaryInteger) { self.init(name, value: .integer(Int64(clamping: integer))) }
    public init(_ name: String, _ number: Double) { self.init(name, value: .number(number)) }
    public init(_ name: String, _ flag: Bool) { self.init(name, value: .flag(flag)) }
    /// Ids, times and spans by their text.
    @_disfavoredOverload
    public init(_ name: String, _ described: some CustomStringConvertible) { self.init(name, value: .text(described.description)) }

    private init(_ name: String, value: Value) {
        self.name = name
        self.value = value
    }
}

extension EventField.Value: CustomStringConvertible {
    public var description: String {
        switch self {
        case .text(let text): text
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        }
    }
}

/// One change of one metric, with a value for each label that the metric declares.
public enum MetricEffect: Sendable {
    /// Adds to a counter.
    case add(Int, to: MetricDeclaration, [String: String] = [:])
    /// Sets a gauge.
    case set(Double, of: MetricDeclaration, [String: String] = [:])
    /// Notes how long something took, in a histogram of seconds.
    case time(MetricDeclaration, nanoseconds: UInt64, [String: String] = [:])
}
