import Base
import Columns
import Testing

@testable import pioneer

struct TimelinessTests {
    private func counts(_ records: Int, late: Int = 0, ahead: Int = 0, next: Int = 0) throws -> TopologyCounts {
        let json = try JSONValue.parse("""
            {"topologies":[{"topology":"t","tasks":[
            {"records":\(records),"late_by_stream":{"w":\(late),"v":\(late / 2)},"watermark":"2011-05-01T00:00:00Z","clock":null,
             "dead_letters_by_code":{"source.too_far_ahead":\(ahead),"decode.syntax":9},
             "positions":[{"topic":"readings","partition":0,"next_offset":\(next)},{"topic":"other","partition":0,"next_offset":99}]}]}]}
            """)
        return try #require(TopologyCounts.read(json, topic: "readings")?["t"])
    }

    @Test func `only what was counted since the append began counts`() throws {
        let found = TopologyTimeliness("t", try counts(1_000, late: 70, ahead: 5).since(try counts(900, late: 40, ahead: 5)))
        #expect(found.records == 100 && found.late == 30 && found.lateStream == "w" && found.ahead == 0)
        #expect(found.isWorthSaying(.late) && !found.isWorthSaying(.ahead))
        // The engine was started again: it counts from zero.
        #expect(TopologyTimeliness("t", try counts(10, late: 3).since(try counts(900, late: 40))).late == 3)
    }

    @Test(arguments: [(2_000, 20, false), (1_999, 20, true), (100, 19, false), (20, 20, true)])
    func `more than one in a hundred and no handful is worth a word`(records: Int, late: Int, isWorth: Bool) throws {
        #expect(TopologyTimeliness("t", try counts(records, late: late)).isWorthSaying(.late) == isWorth)
    }

    @Test func `everything is read once the positions are at the ends`() throws {
        #expect(try counts(5, next: 5).hasRead([5]))
        #expect(try !counts(5, next: 5).hasRead([6]))
        #expect(try !counts(5, next: 5).hasRead([5, 1]))
    }

    @Test func `a warning says how many, why, and what to do, in eighty columns`() throws {
        var times = TimeRange()
        for step in 0..<100 { times.add(Int64(step % 50) * 300_000_000, outOfOrder: .seconds(30)) }
        #expect(times.count == 100 && times.disordered == 49)
        func words(_ kind: TopologyTimeliness.Kind, _ times: TimeRange, before: EventTime = .earliest) throws -> String {
            let topology = TopologyTimeliness("t", try counts(1_000, late: 900, ahead: 15))
            let warning = TimelinessWarning(
                kind: kind, topologies: [topology], topic: TableReaderTests.topic, times: times, watermarkBefore: before,
                isSorted: false)
            for line in warning.lines { #expect(line.count <= 80, "\(line)") }
            return warning.lines.map { $0.drop { $0 == " " } }.joined(separator: " ")
        }
        let disordered = try words(.late, times)
        #expect(disordered.hasPrefix("pioneer: warning: 90% of the records came too late for 'w' of 't' 900 of 1,000 that 't' read"))
        #expect(disordered.contains("49 of 100 lie more than 30s (out_of_order) behind a line before them"))
        #expect(disordered.contains("with --sort"))
        var ordered = TimeRange()
        for step in 0..<100 { ordered.add(Int64(step) * 300_000_000, outOfOrder: .seconds(30)) }
        let old = try words(.late, ordered, before: EventTime(seconds: 1_000))
        #expect(old.contains("its watermark was at 1970-01-01T00:16:40Z when the append began") && old.contains("fresh data directory"))
        #expect(try words(.ahead, ordered).contains("1.5% of the records lie too far ahead for 't'"))
        #expect(try words(.ahead, ordered).contains("more than 1h (max_ahead)"))
    }
}
