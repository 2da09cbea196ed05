public import Base

/// One test of a topology: what is fed in, how far time is moved, and what must have come out.
public struct TopologyTestSpecification: Sendable {
    public var name: Located<String>
    public var given: [TestInput]
    /// Where watermark and clock are moved after the input. Nil: the input alone moves them.
    public var advanceTo: Located<EventTime>?
    public var expect: [TestExpectation]

    public init(name: Located<String>, given: [TestInput], advanceTo: Located<EventTime>?, expect: [TestExpectation]) {
        self.name = name
        self.given = given
        self.advanceTo = advanceTo
        self.expect = expect
    }
}

/// Records fed into a source or table, in the order of the file.
public struct TestInput: Sendable {
    public enum Target: Sendable {
        case source(Located<String>)
        case table(Located<String>)
    }

    public enum Records: Sendable {
        /// Each an object in the source's schema. `at` is put into the event time field of those that lack it.
        case events([TestValue], at: Located<EventTime>?)
        /// The record's value as it stands, decodable or not.
        case raw(Located<String>)
        case series(Series)
        /// A record without a value, for the key with these fields.
        case deletion(TestValue)
    }

    /// Events at equal distances.
    public struct Series: Sendable {
        public var every: Located<TimeSpan>
        public var from: Located<EventTime>
        /// Exclusive.
        public var until: Located<EventTime>
        /// What all of them have; each gets its own time in the source's event time field.
        public var event: TestValue
        /// Of `t`, the seconds since `from` as a double; goes into `field`.
        public var value: ExpressionText
        public var field: Located<String>
        public static let fieldDefault = "value"
        /// More would be a slip: a year of seconds is 31 million.
        public static let eventsMax: Int64 = 1_000_000

        public init(
            every: Located<TimeSpan>, from: Located<EventTime>, until: Located<EventTime>, event: TestValue, value: ExpressionText,
            field: Located<String>
        ) {
            self.every = every
            self.from = from
            self.until = until
            self.event = event
            self.value = value
            self.field = field
        }

        /// The events' times, ascending.
        public var times: [EventTime] {
            var times: [EventTime] = []
            var time = from.value
            while time < until.value {
                times.append(time)
                time = time + every.value
            }
            return times
        }
    }

    public var location: SourceLocation
    public var target: Target
    public var records: Records
    /// Nil: where the key belongs; 0 for a raw record.
    public var partition: Located<Int>?

    public init(location: SourceLocation, target: Target, records: Records, partition: Located<Int>?) {
        self.location = location
        self.target = target
        self.records = records
        self.partition = partition
    }
}

/// What must have come out of a stream, a view, or to the dead letters.
///
/// `matching` picks rows: those that have all of its values. Of these there must be exactly `count`, or none, or else at
/// least one; and each must have the values of `row`.
public struct TestExpectation: Sendable {
    public enum Target: Sendable {
        case stream(Located<String>)
        case view(Located<String>)
        /// Of the topology of this name. Its rows have the columns code, message, topic, partition, offset, operator.
        case deadLetters(Located<String>)
    }

    public enum Count: Sendable, Equatable {
        case atLeastOne
        case exactly(Int)
    }

    /// A column, by its path or its flattened name, and the value wanted.
    public struct Condition: Sendable {
        public var column: Located<String>
        public var value: TestValue
        public init(column: Located<String>, value: TestValue) {
            self.column = column
            self.value = value
        }
    }

    public var location: SourceLocation
    public var target: Target
    public var matching: [Condition]
    public var count: Count
    public var row: [Condition]

    public init(location: SourceLocation, target: Target, matching: [Condition], count: Count, row: [Condition]) {
        self.location = location
        self.target = target
        self.matching = matching
        self.count = count
        self.row = row
    }
}
