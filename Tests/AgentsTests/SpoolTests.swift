import Base
import Testing

@testable import Agents

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A folder that goes when the test ends.
final class TemporaryFolder {
    let path: String
    init() {
        var template = Array("/tmp/pioneer-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }
    deinit {
        for name in (try? SpoolFiles.entries(of: path)) ?? [] { unlink(path + "/" + name) }
        rmdir(path)
    }
    var segments: [String] { ((try? SpoolFiles.entries(of: path)) ?? []).filter { $0.hasSuffix(".segment") } }
}

private let clock = ManualClock(EventTime(seconds: 1_767_571_200))
private let small = SpoolLimits(bytesMax: 16_384, segmentBytesMax: 4_096)

private func payload(_ number: Int64, bytes: Int = 200) -> [UInt8] {
    var random = SeededRandom(seed: UInt64(number))
    return (0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

/// Every batch still in the spool, in order, acknowledged one by one.
private func drain(_ spool: Spool) throws -> [Int64] {
    var sequences: [Int64] = []
    while let batch = try spool.oldest() {
        #expect(batch.payload == payload(batch.sequence, bytes: batch.payload.count))
        sequences.append(batch.sequence)
        try spool.acknowledge(through: batch.sequence)
    }
    return sequences
}

@Test func `batches come out once, in order, over segments and restarts`() throws {
    let folder = TemporaryFolder()
    for round in 0..<3 as Range<Int64> {
        let spool = try Spool(folder: folder.path, limits: small, clock: clock)
        for number in round * 15 + 1...round * 15 + 15 {
            #expect(try spool.append(payload(number)) == .init(sequence: number, dropped: 0))
        }
    }
    #expect(folder.segments.count == 3)
    let spool = try Spool(folder: folder.path, limits: small, clock: clock)
    #expect(try drain(spool) == Array(1...45))
    #expect(folder.segments.count == 1, "acknowledged segments are removed, the newest stays")
    #expect(spool.nextSequence == 46)
}

@Test func `after a cut anywhere what was synced before is there, in order, once, and the spool goes on`() throws {
    var random = SeededRandom(seed: 7)
    for _ in 0..<60 {
        let folder = TemporaryFolder()
        var synced: [Int] = []
        let appended = Int64(1 + random.below(12))
        let newest: String
        do {
            let spool = try Spool(folder: folder.path, limits: SpoolLimits(bytesMax: 1 << 20, segmentBytesMax: 65_536), clock: clock)
            for number in 1...appended {
                _ = try spool.append(payload(number, bytes: random.below(300)))
                synced.append(spool.bytes)
            }
            newest = folder.path + "/" + (try #require(folder.segments.last))
        }
        let cut = SegmentFormat.headerBytes + random.below(synced[synced.count - 1] - SegmentFormat.headerBytes + 1)
        #expect(truncate(newest, off_t(cut)) == 0)
        let whole = Int64(synced.count { $0 <= cut })
        let spool = try Spool(folder: folder.path, clock: clock)
        #expect(spool.nextSequence == whole + 1)
        #expect(try spool.append(payload(whole + 1)).sequence == whole + 1)
        #expect(try drain(spool) == Array(1...whole + 1))
    }
}

@Test func `a flipped bit ends the newest segment before it`() throws {
    let folder = TemporaryFolder()
    do {
        let spool = try Spool(folder: folder.path, clock: clock)
        for number in 1...5 as ClosedRange<Int64> { _ = try spool.append(payload(number)) }
    }
    let path = folder.path + "/" + (try #require(folder.segments.last))
    var bytes = try SpoolFiles.contents(of: path)
    bytes[SegmentFormat.headerBytes + 3 * (SegmentFormat.recordHeaderBytes + 200) + 50] ^= 1
    try SpoolFiles.replace(folder.path, try #require(folder.segments.last), with: bytes)
    let spool = try Spool(folder: folder.path, clock: clock)
    #expect(try drain(spool) == [1, 2, 3])
}

@Test func `damage in an older segment costs its rest and nothing after it`() throws {
    let folder = TemporaryFolder()
    do {
        let spool = try Spool(folder: folder.path, limits: small, clock: clock)
        for number in 1...45 as ClosedRange<Int64> { _ = try spool.append(payload(number)) }
    }
    let first = folder.path + "/" + folder.segments[0]
    #expect(truncate(first, off_t(SegmentFormat.headerBytes + 3 * (SegmentFormat.recordHeaderBytes + 200) + 1)) == 0)
    let spool = try Spool(folder: folder.path, limits: small, clock: clock)
    let sequences = try drain(spool)
    #expect(sequences.prefix(3) == [1, 2, 3])
    #expect(Array(sequences.dropFirst(3)) == Array(sequences[3]...45))
}

@Test func `files of an unfinished rename are cleared away`() throws {
    let folder = TemporaryFolder()
    do { _ = try Spool(folder: folder.path, clock: clock).append(payload(1)) }
    let leftover = Spool.segmentName(2) + ".tmp"
    try SpoolFiles.replace(folder.path, leftover, with: [1, 2, 3])
    let spool = try Spool(folder: folder.path, clock: clock)
    #expect(try drain(spool) == [1])
    #expect(!(try SpoolFiles.entries(of: folder.path)).contains(leftover))
}

@Test func `a number given again after a failed write belongs to the later segment`() throws {
    let folder = TemporaryFolder()
    do {
        let spool = try Spool(folder: folder.path, clock: clock)
        for number in 1...3 as ClosedRange<Int64> { _ = try spool.append(payload(number)) }
    }
    let again = SegmentFormat.header(first: 3) + SegmentFormat.record(payload(3, bytes: 10), sequence: 3)
    try SpoolFiles.replace(folder.path, Spool.segmentName(3), with: again)
    let spool = try Spool(folder: folder.path, clock: clock)
    #expect(spool.nextSequence == 4)
    #expect(try drain(spool) == [1, 2, 3])
}

@Test func `a full spool drops its oldest segment, counts what was not sent, and stays within its limit`() throws {
    let folder = TemporaryFolder()
    let spool = try Spool(folder: folder.path, limits: small, clock: clock)
    var dropped = 0
    for number in 1...200 as ClosedRange<Int64> {
        dropped += try spool.append(payload(number)).dropped
        #expect(spool.bytes <= small.bytesMax)
    }
    let left = try drain(spool)
    #expect(dropped > 0)
    #expect(left == Array(Int64(dropped + 1)...200))
}

@Test func `acknowledged batches that go with a full spool do not count as dropped`() throws {
    let folder = TemporaryFolder()
    let spool = try Spool(folder: folder.path, limits: small, clock: clock)
    for number in 1...500 as ClosedRange<Int64> {
        #expect(try spool.append(payload(number)).dropped == 0)
        try spool.acknowledge(through: number)
    }
    #expect(try spool.oldest() == nil)
}

@Test func `a spool rewinds to what it still has and no further`() throws {
    let folder = TemporaryFolder()
    let spool = try Spool(folder: folder.path, limits: small, clock: clock)
    for number in 1...40 as ClosedRange<Int64> { _ = try spool.append(payload(number)) }
    try spool.acknowledge(through: 38)
    #expect(spool.rewind(to: 37))
    #expect(try spool.oldest()?.sequence == 37)
    #expect(!spool.rewind(to: 1))
    #expect(!spool.rewind(to: 99))
}

@Test func `an identity lasts as long as its folder, and a renewed one is new`() throws {
    let folder = TemporaryFolder(), other = TemporaryFolder()
    let first = try Spool(folder: folder.path, clock: clock).identity
    clock.advance(by: .seconds(1))
    let spool = try Spool(folder: folder.path, clock: clock)
    #expect(spool.identity == first)
    #expect(try Spool(folder: other.path, clock: clock).identity != first)
    try spool.renew()
    #expect(spool.identity != first)
}

@Test func `two spools in one folder, or limits that do not fit, are refused with the remedy`() throws {
    let folder = TemporaryFolder()
    let spool = try Spool(folder: folder.path, clock: clock)
    let second = #expect(throws: EngineError.self) { try Spool(folder: spool.folder, clock: clock) }
    #expect(second?.code == .spoolInUse)
    let limits = #expect(throws: EngineError.self) {
        try Spool(folder: folder.path, limits: SpoolLimits(bytesMax: 4_096, segmentBytesMax: 4_096), clock: clock)
    }
    #expect(limits?.code == .spoolLimit)
    let batch = #expect(throws: EngineError.self) { try spool.append(payload(1, bytes: 2 << 20)) }
    #expect(batch?.code == .spoolLimit)
}

@Test func `the checksum is CRC-32C`() {
    // RFC 3720, appendix B.4.
    #expect(Checksum.of([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(Checksum.of(Array("123456789".utf8)) == 0xe306_9283)
}
