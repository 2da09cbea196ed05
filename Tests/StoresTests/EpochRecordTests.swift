import Base
import Stores
import Testing

/// The epoch record's bytes, of this version and of the one before.
@Suite struct EpochRecordTests {
    private let hop = TopicPartition(.hop(to: "s", of: "t"), PartitionNumber(1))

    private func record(_ upstreams: [EpochRecord.UpstreamTime]) -> EpochRecord {
        EpochRecord(
            epoch: Epoch(7), topologyVersion: "v", steps: [.slice(input: hop, from: .zero, to: Offset(3)), .tick(EventTime(seconds: 5)), .idle(input: hop)],
            positions: [
                .init(
                    input: hop, next: Offset(3), maxEventTime: EventTime(seconds: 4), watermark: EventTime(seconds: 2), isIdle: true,
                    upstreams: upstreams)
            ],
            clock: EventTime(seconds: 6), watermark: EventTime(seconds: 2))
    }

    private func encoded(_ record: EpochRecord) -> [UInt8] {
        let arena = ByteArena()
        record.encode(to: arena)
        return Array(arena.bytes)
    }

    private func decode(_ bytes: [UInt8]) -> EpochRecord? { bytes.withUnsafeBytes { EpochRecord(decoding: $0) } }

    @Test func `what the tasks before a hop have told comes back`() {
        let told = record([.init(), .init(watermark: EventTime(seconds: 9), isIdle: true), .init(watermark: EventTime(seconds: 2))])
        #expect(decode(encoded(told)) == told)
        #expect(decode(encoded(record([]))) == record([]))
    }

    @Test func `a record of the version before is read, and nobody has told anything`() {
        // Version 1 lacks the count of upstreams, which for one position is the last four bytes.
        var old = Array(encoded(record([])).dropLast(4))
        old[0] = 1
        #expect(decode(old) == record([]))
        old[0] = 4
        #expect(decode(old) == nil)
        // Version 2 lacks the end of doubts, which stands last.
        var second = Array(encoded(record([.init(isIdle: true)])).dropLast(8))
        second[0] = 2
        #expect(decode(second) == record([.init(isIdle: true)]))
    }

    @Test func `doubts about idle tasks come back, and when they were given up`() {
        var doubting = record([.init(isIdle: true), .init(), .init(isIdle: true)])
        doubting.positions[0].doubted = [0, 2]
        doubting.positions[0].doubtUntil = EventTime(seconds: 30)
        doubting.steps.append(.believed(input: hop))
        #expect(decode(encoded(doubting)) == doubting)
    }

    @Test func `a record that is cut anywhere is none`() {
        let whole = encoded(record([.init(), .init(watermark: EventTime(seconds: 9), isIdle: true)]))
        for count in 0..<whole.count { #expect(decode(Array(whole.prefix(count))) == nil) }
    }
}
