import Base
import Columns
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Stores
import Testing

@testable import HTTPAPI

@Suite struct ChangeCursorTests {
    private static let digest = "0123abcd"

    private static func cursor(_ position: [Int64] = [0], view: ViewDefinition = FakeEngine.usage) throws -> ChangeCursor {
        let query = try ViewQueryParser(view, now: EventTime(seconds: 1_000)).parse(try QueryParameters(nil)).query
        return ChangeCursor(query, position: ChangePosition(next: position.map { Offset($0) }), digest: digest, limit: .max)
    }

    @Test func `a position reads back as it was written, and nothing else is one`() throws {
        let position = ChangePosition(next: [Offset(0), Offset(7), Offset(9_000_000_000)])
        let text = position.text(digest: Self.digest)
        #expect(text == "0123abcd-0.7.9000000000")
        #expect(try ChangePosition(text, partitionCount: 3, digest: Self.digest) == position)
        for (text, isForeign) in [
            ("0123abcd-0.7", true), ("0123abce-0.7.1", true), ("0123abcd-0.7.-1", false), ("0123abcd", false), ("", false), ("0123abcd-1..2", false),
            ("x-0.7.1", false), ("0123abcd-0.7.99999999999999999999", false),
        ] {
            let fault = #expect(throws: ChangePosition.Fault.self) { try ChangePosition(text, partitionCount: 3, digest: Self.digest) }
            #expect((fault == .foreign) == isForeign, "\(text)")
        }
    }

    @Test func `logs and topics have digests of their own, the same in every process`() {
        let topic = TopicName.view("usage", of: "t")
        #expect(ChangePosition.digest(log: LogID("a"), topic: topic) == ChangePosition.digest(log: LogID("a"), topic: topic))
        let digests = ["a", "b", "c"].map { ChangePosition.digest(log: LogID($0), topic: topic) }
        #expect(Set(digests).count == 3 && digests.allSatisfy { $0.count == 8 })
        #expect(ChangePosition.digest(log: LogID("log"), topic: TopicName("topic")!) == "779947ab")
    }

    @Test func `a reader that retention has passed is told where it goes on`() throws {
        let engine = try FakeEngine()
        try engine.change("a", "\"samples\":1")
        var cursor = try Self.cursor()
        _ = try cursor.advance(engine.log)
        for n in 2...4 { try engine.change("a", "\"samples\":\(n)") }
        try engine.store.deleteRecords(before: .latest, in: TopicPartition(FakeEngine.usage.topic, PartitionNumber(0)))
        var reader = EventReader(String(buffer: try cursor.advance(engine.log)))
        #expect(reader.events.map(\.name) == ["expired"] && reader.lastID == "0123abcd-4")
        let data = try JSONValue.parse(try #require(reader.events.first).data)
        #expect(data["offset"]?.int == 1 && data["first_offset"]?.int == 4 && data["remedy"]?.string?.contains("/api/v1/views/usage") == true)
        try engine.change("a", "\"samples\":5")
        reader = EventReader(String(buffer: try cursor.advance(engine.log)))
        #expect(reader.changes.count == 1 && reader.lastID == "0123abcd-5")
    }

    @Test func `a record that is no row of the view is an error with the remedy`() throws {
        let engine = try FakeEngine()
        try engine.change("a", "\"samples\":\"many\"")
        var cursor = try Self.cursor()
        let error = #expect(throws: EngineError.self) { try cursor.advance(engine.log) }
        #expect(error?.code == .apiRowDamaged && error?.remedy?.contains("--rebuild rightsizing") == true)
        #expect(String(buffer: cursor.failure(APIError(try #require(error)))).contains("event: failed\ndata: {\"error\":{"))
    }

    @Test func `the watermark is told once everything before it was sent`() throws {
        let engine = try FakeEngine()
        for n in 0..<3 { try engine.change("a", "\"samples\":\(n)") }
        var cursor = try Self.cursor()
        func position(_ next: Int64, _ seconds: Int64) -> [PartitionNumber: ViewPosition] {
            [PartitionNumber(0): ViewPosition(next: Offset(next), watermark: EventTime(seconds: seconds))]
        }
        cursor.note(position(3, 60))
        let early = cursor.watermarkEvent()
        #expect(early == nil && cursor.waitsForWatermark)
        _ = try cursor.advance(engine.log)
        let told = cursor.watermarkEvent()
        let event = EventReader(String(buffer: try #require(told))).events.first
        #expect(event == .init(name: "watermark", data: "{\"watermark\":\"1970-01-01T00:01:00Z\"}", id: "0123abcd-3"))
        cursor.note(position(3, 60))
        #expect(!cursor.waitsForWatermark)
        cursor.note(position(3, 61))
        let later = cursor.watermarkEvent()
        #expect(later != nil)
    }

    @Test func `of several partitions the least watermark is told, when all were projected and all were sent`() throws {
        var cursor = try Self.cursor([5, 2], view: FakeEngine.empty)
        func position(_ next: Int64, _ seconds: Int64) -> ViewPosition {
            ViewPosition(next: Offset(next), watermark: EventTime(seconds: seconds))
        }
        cursor.note([PartitionNumber(0): position(5, 60)])
        #expect(!cursor.waitsForWatermark)
        cursor.note([PartitionNumber(0): position(5, 60), PartitionNumber(1): position(3, 30)])
        let early = cursor.watermarkEvent()
        #expect(early == nil && cursor.waitsForWatermark)
        cursor = try Self.cursor([5, 3], view: FakeEngine.empty)
        cursor.note([PartitionNumber(0): position(5, 60), PartitionNumber(1): position(3, 30)])
        let told = cursor.watermarkEvent()
        #expect(String(buffer: try #require(told)).contains("00:00:30Z"))
    }

    @Test func `a heartbeat is due when nothing was written for its interval, the watermark once an interval`() {
        var pace = ChangePace()
        pace.heartbeatInterval = 10
        pace.watermarkInterval = 5
        #expect([9, 10, 11, 19, 20].map { pace.needsHeartbeat(at: $0) } == [false, true, false, false, true])
        pace.didWrite(at: 25)
        #expect([30, 34, 35].map { pace.needsHeartbeat(at: $0) } == [false, false, true])
        #expect([0, 1, 4, 5, 9, 12].map { pace.mayLookAtWatermark(at: $0) } == [true, false, false, true, false, true])
    }

    @Test func `a key of one column is told under its name`() throws {
        let engine = try FakeEngine()
        let buffer = RecordBuffer()
        Array("i \"1\"".utf8).withUnsafeBufferPointer { buffer.append(timestamp: 0, key: $0, value: nil) }
        _ = try engine.store.append(AppendRequest(topic: FakeEngine.empty.topic, producer: nil, records: [(PartitionNumber(1), buffer)]))
        var cursor = try Self.cursor([0, 0], view: FakeEngine.empty)
        let events = EventReader(String(buffer: try cursor.advance(engine.log))).events
        #expect(events == [.init(name: "delete", data: "{\"id\":\"i \\\"1\\\"\"}", id: "0123abcd-0.1")])
    }

    @Test func `with long partitions each gets its turn`() throws {
        let engine = try FakeEngine()
        func append(_ count: Int, to partition: Int) throws {
            let buffer = RecordBuffer()
            for n in 0..<count {
                Array("{\"id\":\"\(String(repeating: "x", count: 900))\(n)\"}".utf8).withUnsafeBufferPointer { value in
                    Array("\(n)".utf8).withUnsafeBufferPointer { buffer.append(timestamp: 0, key: $0, value: value) }
                }
            }
            let request = AppendRequest(
                topic: FakeEngine.empty.topic, producer: nil, records: [(PartitionNumber(partition), buffer)])
            _ = try engine.store.append(request)
        }
        for _ in 0..<4 { try append(500, to: 0) }
        try append(1, to: 1)
        var cursor = try Self.cursor([0, 0], view: FakeEngine.empty)
        _ = try cursor.advance(engine.log)
        _ = try cursor.advance(engine.log)
        #expect(cursor.position.next[1] == Offset(1) && cursor.position.next[0] < Offset(2_000))
    }
}
