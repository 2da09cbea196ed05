import Base
import Testing
import TopologyFile

@testable import Planner

struct PlanTimingTests {
    private func windows(_ sizes: [String], outOfOrder: String = "10s") throws -> Plan {
        var text = head.replacing("event_time: { field: at }", with: "event_time: { field: at, out_of_order: \(outOfOrder) }") + "streams:\n"
        for (number, size) in sizes.enumerated() {
            let from = number == 0 ? "m" : "w\(number - 1)"
            text += "  w\(number): { from: \(from), window: { tumbling: \(size), by: [id] }, aggregate: { n: count() } }\n"
        }
        return try plan(text)
    }

    /// The end of the last window after an event, by following an event at every second of two days through them.
    private func measured(_ sizes: [TimeSpan]) -> TimeSpan {
        var most: Int64 = 0
        for second in 0..<172_800 {
            let start = Int64(second) * 1_000_000
            var time = start, end = start
            for size in sizes {
                end = (time / size.microseconds + 1) * size.microseconds
                time = end - 1
            }
            most = max(most, end - start)
        }
        return TimeSpan(microseconds: most)
    }

    @Test(arguments: [
        ["5m"], ["5m", "1h"], ["5m", "1h", "1d"], ["1h", "5m"], ["1h", "1h"], ["10m", "15m"], ["4m", "6m", "12m"], ["1m", "7m"],
    ])
    func `the latest end of a chain of windows is never less than what events meet`(_ sizes: [String]) throws {
        let plan = try windows(sizes), last = PlanInput.stream(sizes.count - 1)
        let spans = sizes.compactMap { TimeSpan($0) }
        #expect(plan.timing(of: last).windowed >= measured(spans))
        #expect(plan.timing(of: last).windows == spans && plan.timing(of: last).outOfOrder == .seconds(10))
        let isAligned = zip(spans, spans.dropFirst()).allSatisfy { $1.microseconds % $0.microseconds == 0 }
        if isAligned { #expect(plan.timing(of: last).windowed == measured(spans)) }
    }

    @Test func `a stream without a window waits for the commit alone`() throws {
        let plan = try plan(head + "streams:\n  x: { from: m, filter: value > 1.0 }\n")
        #expect(plan.timing(of: .stream(0)).latencyMax(commitInterval: .seconds(2)) == .seconds(2))
        #expect(plan.openWindowsMax(of: 0) == nil && plan.hopColumns(of: 0) == nil)
    }

    @Test(arguments: [("5m", "0s", 1), ("5m", "10s", 2), ("5m", "5m", 2), ("5m", "301s", 3), ("1m", "1h", 61)])
    func `as many windows are open as lie between the watermark and the latest event`(_ size: String, _ late: String, _ count: Int) throws {
        let plan = try windows([size, "1d"], outOfOrder: late)
        #expect(plan.openWindowsMax(of: 0) == count && plan.openWindowsMax(of: 1) == 1)
    }

    @Test func `work is local where by holds the partition key`() throws {
        #expect(try windows(["5m", "1h"]).hopColumns(of: 1) == [])
    }

    @Test func `readers are told in the plan's order`() throws {
        let plan = try plan(head + """
            streams:
              a: { from: m, filter: value > 1.0 }
              b: { from: a, filter: value > 2.0 }
            views: { v: { from: a, key: [id] } }
            outputs: { o: { from: a, topic: out } }
            """)
        #expect(plan.readers(of: .stream(0)) == ["stream b", "output o", "view v"] && plan.readers(of: .stream(1)).isEmpty)
    }
}
