import Base
import Glibc
@testable import RocksStore
import Stores
import StoresConformance
import Testing

@Suite struct RocksStoreTests {
    @Test(arguments: LogCase.all(for: LogUnderTest.storeAbilities))
    func `keeps the contract of a log`(_ contract: LogCase) throws {
        let directory = try TemporaryDirectory()
        let store = try directory.open()
        try contract.run(LogUnderTest(store, LogUnderTest.storeAbilities) { try store.deleteRecords(before: $0, in: $1) })
        store.close()
    }

    @Test(arguments: ConformanceCase.all)
    func `keeps the stores' contract`(_ contract: ConformanceCase) throws {
        let directory = try TemporaryDirectory()
        let store = try directory.open()
        try contract.run(underTest(store))
        store.close()
    }

    @Test func `everything is there after it was closed and opened again`() throws {
        let directory = try TemporaryDirectory()
        let retention = Retention(age: .hours(2), bytesMax: 77, isCompacted: true)
        var store = try directory.open()
        try underTest(store).makeTopics()
        try store.createTopic(TopicDescription(name: topic("more"), partitionCount: 3, retention: retention))
        _ = try append(store, events, buffer("a", "b"), producer: .init(id: "p", sequence: 5))
        _ = try store.commit(epochWrite(1, outputs: [(otherEvents, buffer("c"))], state: [("x", "1")]))
        let id = store.id
        store.close()
        store = try RocksStore.open(directory: directory.path + "/store", newLogID: "another", clock: ManualClock(.earliest))
        #expect(store.id == id)
        #expect(try store.topics().map(\.name.text) == ["_pioneer.t.journal", "events", "more"])
        #expect(try store.topic(topic("more"))?.retention == retention)
        #expect(try readAll(store, events) == ["0:a", "1:b"])
        #expect(try readAll(store, otherEvents) == ["0:c"])
        #expect(try stateValues(store, ["x"]) == ["1"])
        #expect(try store.lastEpoch(of: task) == record(1))
        #expect(try store.commit(epochWrite(1)) == .committed)
        #expect(try store.commit(epochWrite(3)) == .fenced)
        #expect(try append(store, events, buffer("a"), producer: .init(id: "p", sequence: 5)) == .duplicate(lastSequence: 5))
        #expect(try append(store, events, buffer("d")) == .appended([PartitionNumber(0): Offset(2)]))
        store.close()
    }

    @Test func `a partition whose records are all gone remembers its end`() throws {
        let directory = try TemporaryDirectory()
        var store = try directory.open()
        try underTest(store).makeTopics()
        _ = try append(store, events, buffer("a", "b", "c"))
        try store.deleteRecords(before: .latest, in: events)
        store.close()
        store = try directory.open()
        #expect(try store.range(of: events) == OffsetRange(first: Offset(3), end: Offset(3)))
        #expect(try append(store, events, buffer("d")) == .appended([PartitionNumber(0): Offset(3)]))
        store.close()
        store = try directory.open()
        #expect(try store.range(of: events) == OffsetRange(first: Offset(3), end: Offset(4)))
        store.close()
    }

    @Test func `a second engine on the directory is told so, and the first goes on`() throws {
        let directory = try TemporaryDirectory()
        let store = try directory.open()
        try underTest(store).makeTopics()
        let error = #expect(throws: EngineError.self) { _ = try directory.open() }
        #expect(error?.code == .storeLocked)
        #expect(error?.message.contains(directory.path) == true)
        #expect(try append(store, events, buffer("a")) == .appended([PartitionNumber(0): .zero]))
        store.close()
    }

    @Test func `a directory of a newer format or of another program is refused and left as it is`() throws {
        let directory = try TemporaryDirectory()
        let store = try directory.open()
        try underTest(store).makeTopics()
        store.close()
        let path = directory.path + "/store"
        try TemporaryDirectory.write(Array("pioneer-store 2\n".utf8), to: path + "/FORMAT")
        let before = TemporaryDirectory.entries(path).map { TemporaryDirectory.read(path + "/" + $0) }
        #expect(#expect(throws: EngineError.self) { _ = try directory.open() }?.code == .storeNewerVersion)
        unlink(path + "/FORMAT")
        #expect(#expect(throws: EngineError.self) { _ = try directory.open() }?.code == .storeForeign)
        try TemporaryDirectory.write(Array("pioneer-store 2\n".utf8), to: path + "/FORMAT")
        #expect(TemporaryDirectory.entries(path).map { TemporaryDirectory.read(path + "/" + $0) } == before)
        try TemporaryDirectory.write(Array("garbage".utf8), to: path + "/FORMAT")
        #expect(#expect(throws: EngineError.self) { _ = try directory.open() }?.code == .storeCorrupted)
    }

    @Test func `a directory that cannot be made is named`() throws {
        let error = #expect(throws: EngineError.self) {
            _ = try RocksStore.open(directory: "/proc/nowhere/data", newLogID: "x", clock: ManualClock(.earliest))
        }
        #expect(error?.code == .storeNotWritable)
        #expect(error?.message.contains("/proc/nowhere/data") == true)
    }

    @Test func `a closed store answers store.closed, and commits are fenced`() throws {
        let directory = try TemporaryDirectory()
        let store = try directory.open()
        try underTest(store).makeTopics()
        store.close()
        store.close()
        #expect(#expect(throws: EngineError.self) { _ = try store.range(of: events) }?.code == .storeClosed)
        #expect(#expect(throws: EngineError.self) { _ = try append(store, events, buffer("a")) }?.code == .storeClosed)
        #expect(try store.commit(epochWrite(1)) == .fenced)
    }

    @Test func `of an epoch's changes the last of each key is kept, whatever the keys`() throws {
        let directory = try TemporaryDirectory()
        let store = try directory.open()
        try underTest(store).makeTopics()
        var random = SeededRandom(seed: 3)
        var expected: [String: String] = [:]
        for epoch in 1...5 as ClosedRange<UInt64> {
            var changes: [(key: String, value: String?)] = []
            for index in 0..<2_000 {
                let digits = String(random.next() & 0x3FF, radix: 2).dropLast(random.below(4))
                let key = "shared " + digits + (random.below(2) == 0 ? "" : "\u{0}")
                let value = random.below(4) == 0 ? nil : "\(epoch).\(index)"
                changes.append((key, value))
                expected[key] = value
            }
            #expect(try store.commit(epochWrite(epoch, state: changes)) == .committed)
        }
        let all = try scanned(store, prefix: "shared", from: "shared")
        let sorted = expected.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { "\($0.key)=\($0.value)" }
        #expect(all.count == sorted.count)
        #expect(zip(all, sorted).first { $0 != $1 } == nil)
        store.close()
    }

    @Test func `the checksum is XXH64`() {
        func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes { Checksum.xxh64($0) } }
        #expect(hash("") == 0xEF46_DB37_51D8_E999)
        #expect(hash("a") == 0xD24E_C4F1_A98C_6E5B)
        #expect(hash("abc") == 0x44BC_2CF5_AD77_0999)
        #expect(hash("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
    }

    @Test func `statistics count disk, memory and chunks`() throws {
        let directory = try TemporaryDirectory()
        let store = try directory.open()
        try underTest(store).makeTopics()
        _ = try append(store, events, buffer(String(repeating: "x", count: 10_000)))
        let statistics = try store.statistics()
        #expect(statistics.diskBytes > 0 && statistics.memoryBytes > 0)
        #expect(statistics.logBytes == (try store.storedBytes(of: events)))
        #expect(statistics.logBytes < 10_000)
        store.close()
    }
}
