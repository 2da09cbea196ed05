import Base
import OwnThreads
import RocksStore
import Stores
import StoresConformance
import Testing

/// Fault model: the machine stops in the middle of the write of an epoch nobody was told of. Of the bytes written since
/// the last acknowledged one, any prefix is on the disk, and what follows it is missing, zero, or garbage. Everything
/// acknowledged is on the disk, as each write is synced before it is acknowledged.
@Suite(.ownThreadsInTurn) struct TornWriteTests {
    enum Tail: CaseIterable {
        case missing, zero, garbage
    }

    /// The store before and after the last epoch, as files.
    private struct Images {
        let path: String
        let log: String
        let acknowledged: Int
        let whole: [UInt8]

        /// Every byte for what most often happens; each seventh, and the last ones, for the rest.
        func cuts(_ tail: Tail) -> [Int] {
            (acknowledged...whole.count).filter { tail == .missing || $0 % 7 == 0 || $0 > whole.count - 4 }
        }
    }

    private func makeImages(_ directory: TemporaryDirectory) throws -> Images {
        let store = try directory.open()
        try underTest(store).makeTopics()
        for epoch in 1...5 as ClosedRange<UInt64> { #expect(try store.commit(write(epoch)) == .committed) }
        let path = directory.path + "/store"
        let log = try #require(TemporaryDirectory.entries(path).last { $0.hasSuffix(".log") })
        let acknowledged = TemporaryDirectory.read("\(path)/\(log)").count
        #expect(try store.commit(write(6)) == .committed)
        // The files are copied while the store is open: closing it would leave nothing to recover.
        let copy = directory.path + "/image"
        try TemporaryDirectory.copy(path, to: copy)
        store.close()
        return Images(path: copy, log: log, acknowledged: acknowledged, whole: TemporaryDirectory.read("\(copy)/\(log)"))
    }

    private func write(_ epoch: UInt64) -> EpochWrite {
        epochWrite(
            epoch, outputs: [(events, buffer("out \(epoch)")), (otherEvents, buffer("other \(epoch)"))],
            state: [("count", "\(epoch)"), ("of \(epoch)", "there")])
    }

    /// The number of the epoch that all parts of the store agree on.
    private func consistentEpoch(_ store: RocksStore) throws -> UInt64 {
        let epoch = try store.lastEpoch(of: task)?.epoch.number ?? 0
        let expected = epoch == 0 ? [] : Array(1...epoch)
        #expect(try readAll(store, events) == expected.map { "\($0 - 1):out \($0)" })
        #expect(try readAll(store, otherEvents) == expected.map { "\($0 - 1):other \($0)" })
        #expect(try store.range(of: TopicPartition(.journal(of: "t"), PartitionNumber(0))).end.number == Int64(epoch))
        #expect(try stateValues(store, ["count", "of \(epoch)", "of \(epoch + 1)"]) == ["\(epoch)", "there", nil])
        return epoch
    }

    @Test(arguments: Tail.allCases)
    func `a write torn at any byte leaves exactly the epoch before it`(tail: Tail) throws {
        let directory = try TemporaryDirectory(inMemory: true)
        let images = try makeImages(directory)
        #expect(images.whole.count > images.acknowledged)
        var random = SeededRandom(seed: 1)
        for cut in images.cuts(tail) {
            var bytes = Array(images.whole[..<cut])
            switch tail {
            case .missing: break
            case .zero: bytes += [UInt8](repeating: 0, count: images.whole.count - cut)
            // No byte keeps its value.
            case .garbage: bytes += images.whole[cut...].map { $0 &+ 1 &+ UInt8(truncatingIfNeeded: random.below(255)) }
            }
            try TemporaryDirectory.copy(images.path, to: directory.path + "/torn")
            try TemporaryDirectory.write(bytes, to: "\(directory.path)/torn/\(images.log)")
            let store = try directory.open("torn")
            let epoch = try consistentEpoch(store)
            if cut == images.whole.count { #expect(epoch == 6) }
            if tail != .zero, cut < images.whole.count { #expect(epoch == 5) }
            #expect(epoch == 5 || epoch == 6)
            if cut % 16 == 0 {
                #expect(try store.commit(write(epoch + 1)) == .committed)
                #expect(try consistentEpoch(store) == epoch + 1)
            }
            store.close()
            TemporaryDirectory.remove(directory.path + "/torn")
        }
    }
}
