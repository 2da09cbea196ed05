/// A topic's name: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` or `..`, as Kafka has it.
public struct TopicName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String
    public var description: String { text }

    public static let allowedForm = "1 to 249 letters, digits, '.', '_' or '-'"

    /// Nil when `text` is no topic name. Use where the name comes from outside.
    public init?(_ text: String) {
        guard (1...249).contains(text.utf8.count), text != ".", text != "..",
            text.utf8.allSatisfy({ byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                    || byte == 46 || byte == 95 || byte == 45
            })
        else { return nil }
        self.text = text
    }

    public static func < (a: TopicName, b: TopicName) -> Bool { a.text < b.text }

    /// Topics the engine keeps for itself; nobody else appends to them.
    public var isInternal: Bool { text.hasPrefix("_pioneer.") }

    private init(internal parts: String...) { text = "_pioneer." + parts.joined(separator: ".") }

    /// Every epoch record of a topology, in order: with the inputs it replays the topology byte for byte.
    public static func journal(of topology: String) -> TopicName { TopicName(internal: topology, "journal") }
    /// Records that a topology could not use, as they came, with the reason as headers.
    public static func deadLetters(of topology: String) -> TopicName { TopicName(internal: topology, "dead-letters") }
    /// Never written: who owns a partition of it in the topology's group owns the task of that number.
    public static func tasks(of topology: String) -> TopicName { TopicName(internal: topology, "tasks") }
    /// The tasks' state and last epoch records, compacted: where a process that takes a task over has its state from.
    public static func changelog(of topology: String) -> TopicName { TopicName(internal: topology, "changelog") }
    /// Rows on their way to the task that groups them, where a stream's `by` lacks the partition key.
    public static func hop(to stream: String, of topology: String) -> TopicName { TopicName(internal: topology, "hop", stream) }
    /// Whether it is one of the topology's hops, of whatever stream and version.
    public func isHop(of topology: String) -> Bool { text.hasPrefix(TopicName.hop(to: "", of: topology).text) }
    /// A viewed stream's rows, compacted by the view's key: a lost view is rebuilt from it.
    public static func view(_ view: String, of topology: String) -> TopicName { TopicName(internal: topology, "view", view) }
}

/// A partition of a topic, counted from 0.
@frozen
public struct PartitionNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: Int32
    @inlinable
    public init(_ number: Int32) { self.number = number }
    @inlinable
    public init(_ number: Int) { self.number = Int32(number) }
    @inlinable
    public static func < (a: PartitionNumber, b: PartitionNumber) -> Bool { a.number < b.number }
    public var description: String { "\(number)" }
}

/// A record's place in its partition, counted from 0; also the offset one past the last, as "next" or "end".
@frozen
public struct Offset: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: Int64
    @inlinable
    public init(_ number: Int64) { self.number = number }
    public static let zero = Offset(0)
    @inlinable
    public static func < (a: Offset, b: Offset) -> Bool { a.number < b.number }
    @inlinable
    public static func + (offset: Offset, count: Int) -> Offset { Offset(offset.number + Int64(count)) }
    public var description: String { "\(number)" }
}

public struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let topic: TopicName
    public let partition: PartitionNumber
    public init(_ topic: TopicName, _ partition: PartitionNumber) {
        self.topic = topic
        self.partition = partition
    }
    public static func < (a: TopicPartition, b: TopicPartition) -> Bool {
        (a.topic, a.partition) < (b.topic, b.partition)
    }
    public var description: String { "\(topic)[\(partition)]" }
}

/// What one commit of a task makes durable, counted from 1; 0 is the state before the first commit.
@frozen
public struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt64
    @inlinable
    public init(_ number: UInt64) { self.number = number }
    public static let none = Epoch(0)
    public var next: Epoch { Epoch(number + 1) }
    @inlinable
    public static func < (a: Epoch, b: Epoch) -> Bool { a.number < b.number }
    public var description: String { "\(number)" }
}

/// One topology on one partition number: the unit that is owned, run, committed and restored.
public struct TaskID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let topology: String
    public let partition: PartitionNumber
    public init(topology: String, partition: PartitionNumber) {
        self.topology = topology
        self.partition = partition
    }
    public static func < (a: TaskID, b: TaskID) -> Bool { (a.topology, a.partition) < (b.topology, b.partition) }
    public var description: String { "\(topology)/\(partition)" }
}
