import Base
import Stores

/// Up to where a view's topic holds only rows that its `keep` is over for, on a log that is asked to give records up by
/// offset. Retention by age would count from the clock, and take rows of old events before their time.
///
/// Marks are places the projection has passed, each with the newest event time before it. What was projected by an earlier
/// process is taken for as new as the watermark then, and a margin.
struct TrimMarks {
    private struct Mark {
        var end: Offset
        /// Of all rows before `end`.
        var newest: EventTime
    }

    private static let marksMax = 256
    private static let recordsMin: Int64 = 1_000

    private var marks: [Mark] = []

    init(from position: ViewPosition) {
        guard position.next > .zero else { return }
        // Rows may be ahead of the watermark, by `out_of_order` and by what a window's end is after its rows.
        let newest = position.watermark > .earliest ? position.watermark + Limits.trimMargin : .latest
        marks = [Mark(end: position.next, newest: newest)]
    }

    /// The projection has come to `end`, past rows of event times up to `newest`.
    mutating func note(_ end: Offset, newest: EventTime) {
        let newest = max(newest, marks.last?.newest ?? .earliest)
        let start = marks.count > 1 ? marks[marks.count - 2].end : .zero
        if let last = marks.last, last.newest == newest || (marks.count > 1 && end.number - start.number < Self.recordsMin) {
            marks[marks.count - 1] = Mark(end: end, newest: newest)
        } else {
            marks.append(Mark(end: end, newest: newest))
        }
        // Fewer marks let records stay a little longer.
        if marks.count > Self.marksMax { marks = marks.indices.filter { $0 % 2 == 1 || $0 == marks.count - 1 }.map { marks[$0] } }
    }

    /// Everything before is of event times before `time`; nil: nothing new.
    mutating func take(before time: EventTime) -> Offset? {
        guard let index = marks.lastIndex(where: { $0.newest < time }) else { return nil }
        defer { marks.removeFirst(index + 1) }
        return marks[index].end
    }
}
