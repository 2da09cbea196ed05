public import Base
public import Stores

public typealias Store = EventLog & RecordAppender & StateStore & EpochCommit

/// A store and what the cases need beside its seams. What it promises as a log is in `LogCase`.
public struct StoreUnderTest: Sendable {
    public var store: any Store

    public init(_ store: any Store) { self.store = store }
}

/// One sentence of the contract and the code that checks it on an empty store.
public struct ConformanceCase: Sendable, CustomStringConvertible {
    public let sentence: String
    public let run: @Sendable (StoreUnderTest) throws -> Void
    public var description: String { sentence }

    init(_ sentence: String, _ run: @escaping @Sendable (StoreUnderTest) throws -> Void) {
        self.sentence = sentence
        self.run = run
    }

    /// Every store runs all of them.
    public static let all: [ConformanceCase] = commitCases + stateCases + concurrencyCases
}

public struct ConformanceFailure: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
}

public func check(_ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line) throws {
    if !condition { throw ConformanceFailure(description: "line \(line): \(what())") }
}

public func checkEqual<T: Equatable>(_ found: T, _ expected: T, line: Int = #line) throws {
    if found != expected { throw ConformanceFailure(description: "line \(line): \(found) is not \(expected)") }
}

/// Checks that the body throws an `EngineError` with the code.
public func checkThrows(_ code: String, line: Int = #line, _ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as EngineError {
        return try checkEqual(error.code.text, code, line: line)
    }
    throw ConformanceFailure(description: "line \(line): nothing was thrown, \(code) should have been")
}

// MARK: Making and reading records

public func topic(_ name: String) -> TopicName {
    guard let topic = TopicName(name) else { preconditionFailure("'\(name)' is a topic name") }
    return topic
}

public func bytes(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    try Array(text.utf8).withUnsafeBytes { try body($0) }
}

/// A buffer of records `key=value`; a nil value makes a tombstone.
public func buffer(_ records: [(key: String?, value: String?)], timestamp: Int64 = 1_000) -> RecordBuffer {
    let buffer = RecordBuffer()
    for (index, record) in records.enumerated() {
        let key = record.key.map { Array($0.utf8) }, value = record.value.map { Array($0.utf8) }
        func put(_ key: UnsafeBufferPointer<UInt8>?) {
            if let value {
                value.withUnsafeBufferPointer { buffer.append(timestamp: timestamp + Int64(index), key: key, value: $0) }
            } else {
                buffer.append(timestamp: timestamp + Int64(index), key: key, value: nil)
            }
        }
        if let key { key.withUnsafeBufferPointer { put($0) } } else { put(nil) }
    }
    return buffer
}

public func buffer(_ values: String..., timestamp: Int64 = 1_000) -> RecordBuffer {
    buffer(values.map { (key: nil, value: $0) }, timestamp: timestamp)
}

public func text(_ bytes: UnsafeBufferPointer<UInt8>?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

public func values(_ batch: RecordBatch) -> [String] {
    (0..<batch.count).map { text(batch[$0].valueBytes) ?? "-" }
}

/// All records from an offset to the end as `offset:value`, read in steps of `recordsMax`.
public func readAll(
    _ log: any EventLog, _ partition: TopicPartition, from start: Int64 = 0, recordsMax: Int = 1_000
) throws -> [String] {
    let batch = RecordBatch()
    var result: [String] = []
    var offset = Offset(start)
    while case .records(let next) = try log.read(partition, from: offset, recordsMax: recordsMax, bytesMax: 1 << 20, into: batch) {
        try check(batch.count > 0 && batch.count <= recordsMax, "a batch holds 1 to \(recordsMax) records, not \(batch.count)")
        try check(next > offset, "next moves on")
        for index in 0..<batch.count { result.append("\(batch[index].offset):\(text(batch[index].valueBytes) ?? "-")") }
        offset = next
    }
    return result
}

public func append(
    _ store: any RecordAppender, _ partition: TopicPartition, _ records: RecordBuffer, producer: AppendRequest.Producer? = nil
) throws -> AppendOutcome {
    try store.append(
        AppendRequest(topic: partition.topic, producer: producer, records: [(partition.partition, records)]))
}

public let eventsTopic = topic("events")
public let events = TopicPartition(eventsTopic, PartitionNumber(0))
public let otherEvents = TopicPartition(eventsTopic, PartitionNumber(1))

extension StoreUnderTest {
    /// Makes the topic `events` with two partitions and the journal of `t`.
    public func makeTopics() throws {
        try store.createTopic(TopicDescription(name: eventsTopic, partitionCount: 2, retention: .forever))
        try store.createTopic(TopicDescription(name: .journal(of: "t"), partitionCount: 2, retention: .forever))
    }
}

// MARK: Epochs

public let task = TaskID(topology: "t", partition: PartitionNumber(0))

public func record(_ epoch: UInt64, version: String = "v1") -> EpochRecord {
    EpochRecord(
        epoch: Epoch(epoch), topologyVersion: version,
        steps: [.slice(input: events, from: .zero, to: Offset(Int64(epoch)))],
        positions: [
            .init(
                input: events, next: Offset(Int64(epoch)), maxEventTime: EventTime(microseconds: 5), watermark: EventTime(microseconds: 4),
                isIdle: false)
        ],
        clock: EventTime(seconds: Int64(epoch)), watermark: EventTime(microseconds: 7))
}

public func epochWrite(
    _ epoch: UInt64, version: String = "v1", task: TaskID = task,
    outputs: [(partition: TopicPartition, buffer: RecordBuffer)] = [], state: [(key: String, value: String?)] = []
) -> EpochWrite {
    var changes = StateChanges()
    for (key, value) in state {
        bytes(key) { key in
            if let value { bytes(value) { changes.put(key: key, value: $0) } } else { changes.delete(key: key) }
        }
    }
    return EpochWrite(task: task, record: record(epoch, version: version), outputs: outputs, changes: changes)
}

public func stateValues(_ store: any StateStore, _ keys: [String]) throws -> [String?] {
    var runs = ByteRuns()
    for key in keys { bytes(key) { runs.append($0) } }
    var result = [String?](repeating: "never called", count: keys.count)
    var calls: [Int] = []
    try store.multiGet(runs) { index, value in
        calls.append(index)
        result[index] = value.map { String(decoding: $0, as: UTF8.self) }
    }
    try checkEqual(calls, Array(keys.indices))
    return result
}

public func scanned(_ store: any StateStore, prefix: String, from start: String, max: Int = .max) throws -> [String] {
    var result: [String] = []
    try Array(prefix.utf8).withUnsafeBytes { prefix in
        try Array(start.utf8).withUnsafeBytes { start in
            try store.scan(prefix: prefix, from: start) { key, value in
                result.append("\(String(decoding: key, as: UTF8.self))=\(String(decoding: value, as: UTF8.self))")
                return result.count < max
            }
        }
    }
    return result
}
