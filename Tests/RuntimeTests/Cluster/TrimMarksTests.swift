import Base
import OwnThreads
import Stores
import Testing

@testable import Runtime

@Suite(.ownThreadsInTurn) struct TrimMarksTests {
    @Test(arguments: 1...20) func `nothing that is kept is given up, and what is over goes`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let start = EventTime(seconds: 1_000_000)
        var marks = TrimMarks(from: .start)
        var rows: [(offset: Int64, time: EventTime)] = []
        var trimmed: Int64 = 0
        for round in 0..<2_000 {
            let batch = (0...random.below(200)).map { _ in
                start + .seconds(Int64(round * 10 + random.below(300)))
            }
            for time in batch { rows.append((Int64(rows.count), time)) }
            marks.note(Offset(Int64(rows.count)), newest: batch.max() ?? start)
            let cut = start + .seconds(Int64(round * 10 - 3_600))
            guard let end = marks.take(before: cut) else { continue }
            #expect(end.number > trimmed)
            trimmed = end.number
            #expect(rows[..<Int(trimmed)].allSatisfy { $0.time < cut })
        }
        // All but the last few hours' rows, and what shares a mark with them.
        #expect(Double(trimmed) > 0.6 * Double(rows.count))
    }

    @Test func `what an earlier process projected goes a margin after its watermark`() {
        let watermark = EventTime(seconds: 1_000_000)
        var marks = TrimMarks(from: ViewPosition(next: Offset(500), watermark: watermark))
        #expect(marks.take(before: watermark + .hours(1)) == nil)
        #expect(marks.take(before: watermark + .days(2)) == Offset(500))
        var unknown = TrimMarks(from: ViewPosition(next: Offset(500), watermark: .earliest))
        #expect(unknown.take(before: watermark + .days(2)) == nil)
    }
}
