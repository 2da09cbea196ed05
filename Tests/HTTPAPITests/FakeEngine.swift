import Base
import Columns
import Foundation
import HTTPAPI
import Runtime
import SQLiteViews
import Stores
import Synchronization

/// An engine without topologies: a log in memory, views in a temporary file, and one topic `events` of two partitions
/// whose records are keyed by their member `id`.
final class FakeEngine: EngineFacade {
    let store = InMemoryStore()
    let sqlite: SQLiteViews
    /// Views that stand before them.
    let joined = Mutex<(any ViewStore)?>(nil)
    var views: any ViewStore { joined.withLock { $0 } ?? sqlite }
    let directory: String
    let status = Mutex(EngineHealth.Status.running)
    /// What projections have told: there is none here.
    let positions = Mutex<[String: [PartitionNumber: ViewPosition]]>([:])
    let rebuilds = Mutex<[String: ViewRebuild]>([:])
    /// Thrown by `route` while it is there.
    let failure = Mutex<(any Error)?>(nil)

    var log: any EventLog { store }
    var appender: any RecordAppender { store }
    let viewDefinitions: [ViewDefinition]

    static let events = TopicPartition(TopicName("events")!, PartitionNumber(0))

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("http-api-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        directory = url.path
        let views = try SQLiteViews(directory: directory)
        sqlite = views
        viewDefinitions = [Self.usage, Self.empty]
        for view in viewDefinitions { try views.prepare(view) }
        try store.createTopic(TopicDescription(name: Self.events.topic, partitionCount: 2, retention: .forever))
        try store.createTopic(TopicDescription(name: TopicName("single")!, partitionCount: 1, retention: .forever))
        try store.createTopic(TopicDescription(name: Self.usage.topic, partitionCount: 1, retention: .forever))
        try store.createTopic(TopicDescription(name: Self.empty.topic, partitionCount: 2, retention: .forever))
        try fillUsage()
        let told = try views.positions(of: "usage", log: store.id)
        positions.withLock { $0["usage"] = told }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func upgrade(of topology: String, to deployment: UnsafeRawBufferPointer) throws -> String {
        "{\"topology\":\"\(topology)\",\"bytes\":\(deployment.count)}"
    }

    func health() -> EngineHealth {
        let position = EpochRecord.InputPosition(
            input: Self.events, next: Offset(3), maxEventTime: EventTime(seconds: 60), watermark: EventTime(seconds: 60), isIdle: false)
        let task = EngineHealth.Task(
            partition: PartitionNumber(0), epoch: Epoch(7), watermark: EventTime(seconds: 50), clock: .earliest, positions: [position],
            recordCount: 3, lateCount: 1, lateByStream: ["usage_5m": 1], deadLetterCount: 2,
            deadLettersByCode: ["decode.syntax": 2])
        return EngineHealth(
            status: status.withLock { $0 }, version: "1.2.3", uptime: .seconds(90), topologies: [.init(name: "usage", tasks: [task])])
    }

    func report() throws -> EngineReport {
        var status = TaskStatus(task: TaskID(topology: "usage", partition: PartitionNumber(0)))
        status.epoch = Epoch(7)
        status.watermark = EventTime(seconds: 50)
        status.clock = EventTime(seconds: 99)
        status.committedAt = EventTime(seconds: 99)
        status.commitNanoseconds = [4_000_000, 12_500_000]
        status.state = StateSize(bytes: 4_096, windows: 2, groups: 5)
        status.counters.records = 3
        status.counters.late = ["minutes": 1]
        status.counters.deadLetters = 2
        status.counters.deadLettersByCode = ["decode.wrong_type": 2]
        status.counters.windowsClosed = 4
        status.inputs = [
            InputStatus(
                source: "readings",
                position: EpochRecord.InputPosition(
                    input: Self.events, next: Offset(3), maxEventTime: EventTime(seconds: 60), watermark: EventTime(seconds: 50),
                    isIdle: false),
                outOfOrder: .seconds(10), idleAfter: .minutes(1), movedAt: EventTime(seconds: 70), readAt: EventTime(seconds: 90))
        ]
        let task = EngineStatus.Task(
            status: status, lags: [.init(records: 12, age: .milliseconds(2_500))],
            rates: TaskRates(recordsPerSecond: 100.5, rowsOutPerSecond: 2))
        let view = EngineStatus.View(
            name: "usage",
            partitions: [
                .init(
                    partition: PartitionNumber(0), position: ViewPosition(next: Offset(12), watermark: EventTime(seconds: 40)),
                    lagRecords: 1)
            ], rowCount: 12)
        return EngineReport(
            phase: self.status.withLock { $0 }, version: "1.2.3", uptime: .seconds(90),
            status: EngineStatus(
                readAt: EventTime(seconds: 100), topologies: [.init(name: "usage", tasks: [task], views: [view])]),
            process: ProcessFigures(residentBytes: 1 << 20, cpuSeconds: 1.5, diskBytes: 2 << 20))
    }

    func positions(of view: ViewDefinition) -> [PartitionNumber: ViewPosition] { positions.withLock { $0[view.name] ?? [:] } }

    func rebuild(of view: ViewDefinition) throws -> EngineStatus.View.Rebuild? {
        rebuilds.withLock { $0[view.name] }.map { EngineStatus.View.Rebuild($0, ranges: [:]) }
    }

    func note(rebuild: ViewRebuild?, of view: ViewDefinition) { rebuilds.withLock { $0[view.name] = rebuild } }

    func readings(of topic: TopicName) -> [SourceReading] {
        guard topic == Self.events.topic else { return [] }
        let schema = Schema(name: "Event", doc: "\"Quoted\".", fields: [
            .init("id", .string), .init("at", .timestampMillis), .init("note", .string, isNullable: true, defaultJSON: "null"),
        ])
        return [
            SourceReading(
                topology: "usage", source: "events", schemaName: "event", schema: schema, key: ["id"],
                time: .init(field: "at", outOfOrder: .seconds(30), idleAfter: .minutes(1), maxAhead: .hours(1))),
            SourceReading(topology: "other", source: "latest", schemaName: "event", schema: schema, key: ["id"], time: nil),
        ]
    }

    func route(topic: TopicName, lines: UnsafeRawBufferPointer, now: EventTime) throws -> RoutedLines {
        if let failure = failure.withLock({ $0 }) { throw failure }
        let count = try log.topic(topic)?.partitionCount ?? 1
        var routed = RoutedLines(records: (0..<count).map { (PartitionNumber($0), RecordBuffer()) }, count: 0, withoutKeyCount: 0)
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self), value = Array(line)
            let id = (try? JSONValue.parse(text))?["id"]?.string
            routed.count += 1
            if id == nil { routed.withoutKeyCount += 1 }
            let key = id.map { Array($0.utf8) }
            let partition = key.map { key in key.withUnsafeBufferPointer { Hashing.partition(of: $0, among: count) } } ?? PartitionNumber(0)
            value.withUnsafeBufferPointer { value in
                let buffer = routed.records[Int(partition.number)].buffer
                guard let key else { return buffer.append(timestamp: now.microseconds, key: nil, value: value) }
                key.withUnsafeBufferPointer { buffer.append(timestamp: now.microseconds, key: $0, value: value) }
            }
        }
        return routed
    }

    /// Appends a record as it stands to partition 0 of `single`.
    func append(key: [UInt8]?, value: [UInt8]?, headers: [(String, String)] = []) throws {
        let buffer = RecordBuffer(), encoded = ByteArena()
        for (name, value) in headers { RecordHeaders.append(name, value, to: encoded) }
        func with(_ bytes: [UInt8]?, _ body: (UnsafeBufferPointer<UInt8>?) -> Void) {
            if let bytes { bytes.withUnsafeBufferPointer { body($0) } } else { body(nil) }
        }
        with(key) { key in
            with(value) { value in
                buffer.append(
                    timestamp: 1_000_000, key: key, value: value,
                    headers: UnsafeBufferPointer(start: encoded.base, count: encoded.count))
            }
        }
        _ = try store.append(
            AppendRequest(topic: TopicName("single")!, producer: nil, records: [(PartitionNumber(0), buffer)]))
    }
}

// MARK: Views

extension FakeEngine {
    static let usage = ViewDefinition(
        name: "usage", topology: "rightsizing",
        type: RowType([
            .init("id", .string, doc: "The machine."), .init("window.start", .timestamp), .init("mean", .double, isNullable: true),
            .init("samples", .int, isNullable: true), .init("is_idle", .bool, isNullable: true), .init("span", .duration, isNullable: true),
            .init("raw", .bytes, isNullable: true), .init("tags", .map, isNullable: true),
        ]),
        key: ["id", "window_start"], indexes: [["mean", "id"]], keep: .hours(1), path: "/api/v1/resources/usage",
        description: "How busy machines are.")

    static let empty = ViewDefinition(
        name: "empty", topology: "rightsizing", type: RowType([.init("id", .string)]), key: ["id"], keep: nil, path: nil, description: nil)

    private static func usageRow(_ n: Int) -> [Value] {
        var row: [Value] = [.string("i-\(n % 3)"), .timestamp(EventTime(seconds: Int64(n) * 300))]
        row.append(n == 11 ? .null : .double(Double(n) + 0.5))
        row += [.int(Int64(n)), .bool(n % 2 == 0), .duration(.seconds(Int64(n))), .bytes([UInt8(n), 255]), .map(["team": "a \"b\""])]
        return row
    }

    private func fillUsage() throws {
        let rows = (0..<12).map(Self.usageRow)
        let columns = Self.usage.type.columns.enumerated().map { index, described in
            let column = Column(
                described.type, capacity: rows.count, isNullable: described.isNullable,
                arena: described.type.layout == .reference ? ByteArena() : nil)
            for row in rows { column.append(row[index]) }
            return column
        }
        let times = columns[1]
        let batch = Batch(type: Self.usage.type, count: rows.count, columns: columns, eventTimes: times, watermarks: times, origins: nil)
        _ = try views.apply(
            ViewChange(
                view: "usage", partition: PartitionNumber(0), log: store.id, expected: .zero,
                position: ViewPosition(next: Offset(12), watermark: EventTime(seconds: 3_600)),
                upserts: batch, deletes: [], expireBefore: nil))
    }
}
