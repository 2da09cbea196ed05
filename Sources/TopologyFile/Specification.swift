public import Base

/// A value with the place in the file where it stands.
public struct Located<Value: Sendable>: Sendable {
    public var value: Value
    public var location: SourceLocation
    public init(_ value: Value, _ location: SourceLocation) {
        self.value = value
        self.location = location
    }
}

extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}

/// A topology as its file declares it: shapes, types and values are checked, names and expressions are not yet resolved
/// (the planner does that).
public struct TopologySpecification: Sendable {
    public var name: Located<String>
    public var description: String?
    public var sources: [SourceSpecification]
    public var tables: [TableSpecification]
    public var streams: [StreamSpecification]
    public var outputs: [OutputSpecification]
    public var views: [ViewSpecification]
    /// Sources, tables and streams that the file names but whose declarations could not be read, which was reported: a
    /// reference to one of them is not another mistake.
    public var unreadable: Set<String>
    /// What could be read of the streams among them, in file order.
    public var fragments: [StreamFragment]

    public init(
        name: Located<String>, description: String?, sources: [SourceSpecification], tables: [TableSpecification],
        streams: [StreamSpecification], outputs: [OutputSpecification], views: [ViewSpecification], unreadable: Set<String> = [],
        fragments: [StreamFragment] = []
    ) {
        self.unreadable = unreadable
        self.fragments = fragments
        self.name = name
        self.description = description
        self.sources = sources
        self.tables = tables
        self.streams = streams
        self.outputs = outputs
        self.views = views
    }
}

/// A topic read as a stream.
public struct SourceSpecification: Sendable {
    public struct EventTime: Sendable {
        public var field: Located<String>
        /// How far behind the greatest event time seen the watermark stays.
        public var outOfOrder: TimeSpan
        /// A partition silent for this long no longer holds the watermark.
        public var idleAfter: TimeSpan
        /// A record further than this ahead of the clock is a dead letter.
        public var maxAhead: TimeSpan
        public init(field: Located<String>, outOfOrder: TimeSpan, idleAfter: TimeSpan, maxAhead: TimeSpan) {
            self.field = field
            self.outOfOrder = outOfOrder
            self.idleAfter = idleAfter
            self.maxAhead = maxAhead
        }
        public static let outOfOrderDefault = TimeSpan.seconds(10)
        public static let idleAfterDefault = TimeSpan.minutes(1)
        public static let maxAheadDefault = TimeSpan.hours(1)
    }

    public var name: Located<String>
    public var topic: Located<String>
    public var schema: Located<String>
    /// How the topic is partitioned: field paths.
    public var key: [Located<String>]
    public var eventTime: EventTime
    /// The topic is not partitioned by the key: its rows are sent on to where their keys belong.
    public var isRekeyed: Bool

    public init(
        name: Located<String>, topic: Located<String>, schema: Located<String>, key: [Located<String>], eventTime: EventTime,
        isRekeyed: Bool
    ) {
        self.name = name
        self.topic = topic
        self.schema = schema
        self.key = key
        self.eventTime = eventTime
        self.isRekeyed = isRekeyed
    }
}

/// A topic read as the latest value per key.
public struct TableSpecification: Sendable {
    public var name: Located<String>
    public var topic: Located<String>
    public var schema: Located<String>
    /// How the topic is keyed, and partitioned: field paths.
    public var key: [Located<String>]
    /// Every task has all of it.
    public var isEverywhere: Bool

    public init(name: Located<String>, topic: Located<String>, schema: Located<String>, key: [Located<String>], isEverywhere: Bool) {
        self.name = name
        self.topic = topic
        self.schema = schema
        self.key = key
        self.isEverywhere = isEverywhere
    }
}

/// A named result: one operator applied to one stream.
public struct StreamSpecification: Sendable {
    /// `name: expression`
    public struct Assignment: Sendable {
        public var name: Located<String>
        public var expression: ExpressionText
        public init(name: Located<String>, expression: ExpressionText) {
            self.name = name
            self.expression = expression
        }
    }

    /// `name: function(argument)`
    public struct Aggregate: Sendable {
        /// What an aggregate may compute over the rows of a window; nulls are skipped.
        public enum Function: String, Sendable, CaseIterable {
            case count, sum, avg, min, max, first, last
        }
        public var name: Located<String>
        public var function: Located<Function>
        /// Nil for `count()`.
        public var argument: ExpressionText?
        public init(name: Located<String>, function: Located<Function>, argument: ExpressionText?) {
            self.name = name
            self.function = function
            self.argument = argument
        }
    }

    public struct Window: Sendable {
        public enum Late: String, Sendable, CaseIterable {
            /// Late records are counted and change nothing.
            case drop
        }
        public var tumbling: Located<TimeSpan>
        /// Nil: the source's key.
        public var by: [Located<String>]?
        public var late: Late
        public init(tumbling: Located<TimeSpan>, by: [Located<String>]?, late: Late) {
            self.tumbling = tumbling
            self.by = by
            self.late = late
        }
    }

    public enum Operation: Sendable {
        case filter(ExpressionText)
        case map([Assignment])
        case select([Located<String>])
        case window(Window, aggregate: [Aggregate])
    }

    public var name: Located<String>
    public var from: Located<String>
    public var operation: Operation
    /// The name it had before: its state goes on.
    public var renamedFrom: Located<String>?

    public init(name: Located<String>, from: Located<String>, operation: Operation, renamedFrom: Located<String>? = nil) {
        self.name = name
        self.from = from
        self.operation = operation
        self.renamedFrom = renamedFrom
    }
}

/// A stream written to a topic.
public struct OutputSpecification: Sendable {
    public var name: Located<String>
    public var from: Located<String>
    public var topic: Located<String>
    /// Nil: the stream's partition key.
    public var key: [Located<String>]?
    public init(name: Located<String>, from: Located<String>, topic: Located<String>, key: [Located<String>]?) {
        self.name = name
        self.from = from
        self.topic = topic
        self.key = key
    }
}

/// A stream projected into a table.
public struct ViewSpecification: Sendable {
    public var name: Located<String>
    public var from: Located<String>
    public var key: [Located<String>]
    /// Fields of further indexes; none is empty.
    public var indexes: [[Located<String>]]
    public var keep: TimeSpan?
    public var path: Located<String>?
    public var description: String?
    public init(
        name: Located<String>, from: Located<String>, key: [Located<String>], indexes: [[Located<String>]], keep: TimeSpan?,
        path: Located<String>?, description: String?
    ) {
        self.name = name
        self.from = from
        self.key = key
        self.indexes = indexes
        self.keep = keep
        self.path = path
        self.description = description
    }
}
