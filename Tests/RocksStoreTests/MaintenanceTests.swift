import Base
import RocksStore
import Stores
import StoresConformance
import Testing

@Suite struct MaintenanceTests {
    private let p0 = TopicPartition(topic("kept"), PartitionNumber(0))

    private func make(_ directory: TemporaryDirectory, _ retention: Retention, chunkBytesMax: Int = 4_096) throws -> RocksStore {
        let options = RocksStoreOptions(
            memoryMaxBytes: 16 << 20, chunkBytesMax: chunkBytesMax, dirtyBytesMin: 1_000, tombstoneAgeMicroseconds: 1_000)
        let store = try directory.open(options: options)
        try store.createTopic(TopicDescription(name: p0.topic, partitionCount: 1, retention: retention))
        return store
    }

    @Test func `chunks older than the topic's age go, and no others`() throws {
        let directory = try TemporaryDirectory()
        let store = try make(directory, Retention(age: .seconds(10)))
        for second in 0..<20 { _ = try append(store, p0, buffer("a", "b", timestamp: Int64(second) * 1_000_000)) }
        #expect(try store.maintain(now: EventTime(seconds: 10)).chunksExpired == 0)
        let report = try store.maintain(now: EventTime(seconds: 15))
        #expect(report.chunksExpired == 5)
        #expect(try store.range(of: p0) == OffsetRange(first: Offset(10), end: Offset(40)))
        #expect(try readAll(store, p0, from: 10).count == 30)
        _ = try store.maintain(now: EventTime(seconds: 1_000))
        #expect(try store.range(of: p0) == OffsetRange(first: Offset(40), end: Offset(40)))
        #expect(try store.storedBytes(of: p0) == 0)
        store.close()
    }

    @Test func `the oldest chunks go while a partition holds too many bytes, the last one stays`() throws {
        let directory = try TemporaryDirectory()
        let store = try make(directory, Retention(bytesMax: 1_000))
        for _ in 0..<20 { _ = try append(store, p0, buffer("0123456789")) }
        let before = try store.storedBytes(of: p0)
        #expect(before > 1_000)
        _ = try store.maintain(now: .earliest)
        let after = try store.storedBytes(of: p0)
        #expect(after <= 1_000 && after > 800)
        try store.createTopic(TopicDescription(name: p0.topic, partitionCount: 1, retention: Retention(bytesMax: 1)))
        _ = try store.maintain(now: .earliest)
        #expect(try store.range(of: p0) == OffsetRange(first: Offset(19), end: Offset(20)))
        store.close()
    }

    @Test func `small chunks are joined without changing what is read`() throws {
        let directory = try TemporaryDirectory()
        var store = try make(directory, .forever)
        for index in 0..<600 { _ = try append(store, p0, buffer("record \(index)", timestamp: Int64(index))) }
        let expected = try readAll(store, p0)
        #expect(expected.count == 600)
        let report = try store.maintain(now: .earliest)
        #expect(report.chunksRewritten > 500 && report.recordsSuperseded == 0)
        #expect(try readAll(store, p0) == expected)
        for start in [1, 250, 599] { #expect(try readAll(store, p0, from: Int64(start)) == Array(expected[start...])) }
        #expect(try store.maintain(now: .earliest).chunksRewritten == 0)
        _ = try append(store, p0, buffer("more"))
        store.close()
        store = try make(directory, .forever)
        #expect(try readAll(store, p0) == expected + ["600:more"])
        store.close()
    }

    /// A compacted topic against the plain meaning: the last value of each key, tombstones removing it.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a compacted topic keeps the last value of each key at its offset`(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        var random = SeededRandom(seed: seed)
        let retention = Retention(isCompacted: true)
        var store = try make(directory, retention)
        var last: [String: (offset: Int64, value: String?)] = [:]
        var end: Int64 = 0
        var superseded = 0
        for round in 0..<8 {
            for _ in 0..<15 {
                var records: [(key: String?, value: String?)] = []
                for _ in 0...random.below(30) {
                    let key = "key \(random.below(60))"
                    let value = random.below(5) == 0 ? nil : "\(end) " + String(repeating: "v", count: random.below(200))
                    records.append((key, value))
                    last[key] = (end, value)
                    end += 1
                }
                _ = try append(store, p0, buffer(records, timestamp: end))
            }
            let report = try store.maintain(now: EventTime(microseconds: end))
            superseded += report.recordsSuperseded
            if round % 4 == 3 {
                store.close()
                store = try make(directory, retention)
            }
            try compare(store, last, end)
        }
        #expect(superseded > 0)
        let count = try readAll(store, p0).count
        #expect(Double(count) < Double(end) * 0.75)
        store.close()
    }

    /// What a reader from the start ends up with, and that it meets each last record at its offset.
    private func compare(_ store: RocksStore, _ last: [String: (offset: Int64, value: String?)], _ end: Int64) throws {
        #expect(try store.range(of: p0) == OffsetRange(first: .zero, end: Offset(end)))
        let batch = RecordBatch()
        var found: [String: (offset: Int64, value: String?)] = [:]
        var offset = Offset.zero
        var before: Int64 = -1
        while case .records(let next) = try store.read(p0, from: offset, recordsMax: 37, bytesMax: 9_999, into: batch) {
            for index in 0..<batch.count {
                try check(batch[index].offset > before, "offsets ascend")
                before = batch[index].offset
                found[text(batch[index].keyBytes) ?? ""] = (before, text(batch[index].valueBytes))
            }
            offset = next
        }
        #expect(offset == Offset(end))
        for (key, record) in last {
            if let value = record.value {
                #expect(found[key]?.offset == record.offset && found[key]?.value == value)
            } else {
                #expect(found[key] == nil || (found[key]?.offset == record.offset && found[key]?.value == nil))
            }
        }
        #expect(found.keys.allSatisfy { last[$0] != nil })
    }

    /// Text that does not pack well.
    private func filler(_ number: Int) -> String {
        var random = SeededRandom(seed: UInt64(number))
        return (0..<8).map { _ in String(random.next(), radix: 36) }.joined()
    }

    @Test func `a tombstone stays for one pass at least and goes when it is old`() throws {
        let directory = try TemporaryDirectory()
        let store = try make(directory, Retention(isCompacted: true), chunkBytesMax: 1 << 20)
        func fill(_ name: String) throws {
            _ = try append(
                store, p0, buffer((0..<2_000).map { (key: "\(name)\($0)", value: filler($0)) }, timestamp: 1))
        }
        _ = try append(store, p0, buffer([(key: "gone", value: "v")], timestamp: 0))
        _ = try append(store, p0, buffer([(key: "gone", value: nil)], timestamp: 1))
        try fill("a")
        try fill("b")
        _ = try store.maintain(now: EventTime(seconds: 100))
        #expect(try readAll(store, p0).prefix(2) == ["1:-", "2:\(filler(0))"])
        try fill("a")
        try fill("c")
        _ = try store.maintain(now: EventTime(seconds: 100))
        #expect(try readAll(store, p0).first?.hasSuffix(":-") == false)
        store.close()
    }

    @Test func `readers from any offset are right while chunks are joined and expire`() throws {
        let directory = try TemporaryDirectory()
        let store = try make(directory, .forever)
        for index in 0..<600 { _ = try append(store, p0, buffer("\(index)", timestamp: Int64(index))) }
        let failures = Failures()
        onThreads(count: 3) { thread in
            do {
                if thread == 0 {
                    for _ in 0..<3 { _ = try store.maintain(now: .earliest) }
                    for time in stride(from: Int64(0), to: 550, by: 20) {
                        try store.deleteRecords(before: EventTime(microseconds: time), in: p0)
                    }
                    return
                }
                var random = SeededRandom(seed: UInt64(thread))
                let batch = RecordBatch()
                for _ in 0..<400 {
                    let offset = Offset(Int64(random.below(600)))
                    switch try store.read(p0, from: offset, recordsMax: 1 + random.below(300), bytesMax: 1 << 20, into: batch) {
                    case .records(let next):
                        try checkEqual(next, offset + batch.count)
                        for index in 0..<batch.count { try checkEqual(text(batch[index].valueBytes), "\(offset + index)") }
                    case .expired(let first): try check(first > offset, "expired is before the first offset")
                    case let other: throw ConformanceFailure(description: "a reader met \(other)")
                    }
                }
            } catch { failures.add("\(error)") }
        }
        #expect(failures.all == [])
        store.close()
    }

    @Test func `a producer that is asked about, or repeats itself, is not forgotten`() throws {
        let directory = try TemporaryDirectory()
        let clock = ManualClock(EventTime(seconds: 0))
        let store = try directory.open(clock: clock)
        try underTest(store).makeTopics()
        for id in ["asked", "repeating", "silent"] { _ = try append(store, events, buffer("a"), producer: .init(id: id, sequence: 7)) }
        clock.set(EventTime(seconds: 20 * 86_400))
        #expect(try store.lastSequence(of: "asked", topic: eventsTopic) == 7)
        let again = AppendRequest.Producer(id: "repeating", sequence: 7)
        #expect(try append(store, events, buffer("a"), producer: again) == .duplicate(lastSequence: 7))
        #expect(try store.maintain(now: EventTime(seconds: 31 * 86_400)).producersForgotten == 1)
        for id in ["asked", "repeating"] { #expect(try store.lastSequence(of: id, topic: eventsTopic) == 7) }
        #expect(try store.lastSequence(of: "silent", topic: eventsTopic) == nil)
        store.close()
    }

    @Test func `a producer that is silent for long is forgotten`() throws {
        let directory = try TemporaryDirectory()
        let clock = ManualClock(EventTime(seconds: 0))
        let store = try directory.open(clock: clock)
        try underTest(store).makeTopics()
        _ = try append(store, events, buffer("a"), producer: .init(id: "old", sequence: 1))
        clock.set(EventTime(seconds: 20 * 86_400))
        _ = try append(store, events, buffer("a"), producer: .init(id: "new", sequence: 1))
        #expect(try store.maintain(now: EventTime(seconds: 31 * 86_400)).producersForgotten == 1)
        #expect(try store.lastSequence(of: "old", topic: eventsTopic) == nil)
        #expect(try store.lastSequence(of: "new", topic: eventsTopic) == 1)
        store.close()
    }
}

/// What went wrong on threads of their own.
final class Failures: Sendable {
    private let texts = Monitor<[String]>([])
    func add(_ text: String) { texts.withLock { $0.append(text) } }
    var all: [String] { texts.withLock { $0 } }
}
