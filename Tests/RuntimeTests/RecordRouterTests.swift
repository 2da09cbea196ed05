import Base
import Columns
import Stores
import Testing

@testable import Runtime

/// How the lines of an append become records.
@Suite struct RecordRouterTests {
    private func route(_ bytes: [UInt8], partitions: Int = 1) throws -> RoutedRecords {
        let store = InMemoryStore()
        var settings = EngineSettings()
        settings.partitionCount = partitions
        let parts = Engine.Parts(
            log: store, state: store, committer: store, views: MemoryViews(), clock: ManualClock(Sample.start),
            maintain: { _ in MaintenanceReport() }, trim: { try store.deleteRecords(before: $1, in: $0) })
        let engine = try Engine(plans: [try Sample.plan()], settings: settings, parts: parts)
        return try bytes.withUnsafeBytes { try engine.route(topic: TopicName("readings")!, lines: $0, now: Sample.start) }
    }

    private func line(_ id: String) -> String {
        String(decoding: Sample.Event(id: id, at: Sample.start, kind: "cpu", value: 1).json, as: UTF8.self)
    }

    @Test func `lines of white space are no records, and a byte order mark belongs to none`() throws {
        let text = line("a") + "\r\n\n \t \r\n\t\n\r\n" + line("b") + " \t\r\n   "
        for bytes in [Array(text.utf8), [0xEF, 0xBB, 0xBF] + Array(text.utf8)] {
            let routed = try route(bytes)
            #expect(routed.count == 2 && routed.withoutKeyCount == 0)
            #expect(routed.records[0].buffer.count == 2)
        }
        for text in ["", "\u{FEFF}", "\u{FEFF}\r\n", " ", "\t", "\n\n"] { #expect(try route(Array(text.utf8)).count == 0) }
    }

    @Test func `records spread over the partitions by key, and those without one go to the first`() throws {
        let ids = (0..<20).map { "i-\($0)" }
        let text = ids.map(line).joined(separator: "\n") + "\n\n{\"id\":null}\nno json\n" + line("i-3")
        let routed = try route(Array(text.utf8), partitions: 4)
        #expect(routed.count == 23 && routed.withoutKeyCount == 2)
        let counts = routed.records.map(\.buffer.count)
        #expect(counts.reduce(0, +) == 23 && counts.allSatisfy { $0 > 0 })
        let alone = try route(Array(line("i-3").utf8), partitions: 4)
        let partition = try #require(alone.records.firstIndex { $0.buffer.count == 1 })
        let without = try route(Array("no json\n{}".utf8), partitions: 4)
        #expect(without.records.map(\.buffer.count) == [2, 0, 0, 0])
        let once = try route(Array((ids.map(line).joined(separator: "\n")).utf8), partitions: 4)
        #expect(counts[partition] == once.records[partition].buffer.count + 1 + (partition == 0 ? 2 : 0))
    }
}
