import Base
import Stores

/// Which partitions a view's table has, as far as this process knows, and which ones it is to have.
///
/// A partition is a range of the first timestamp in the view's key, about a sixteenth of `keep` long, aligned to whole spans
/// since 1970. Those are made that lie around the newest rows; rows far away from them, and those without a place, lie in the
/// default partition.
struct PartitionBook {
    struct Range: Equatable {
        var from: EventTime
        var until: EventTime
        func contains(_ time: EventTime) -> Bool { from <= time && time < until }
    }

    /// Partitions of one table; beyond them rows go to the default one. `keep` takes about 16 to 32.
    static let partitionsMax = 64
    /// Changes after which one that somebody's lock stood in the way of is tried again.
    static let changesBetweenTries = 16

    /// The years 1 to 9999, µs since 1970: what texts of times can say.
    private static let calendar: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_800_000_000

    let keep: TimeSpan
    let width: TimeSpan
    var known: [Range] = []
    /// Changes to pass by before anything is made again.
    var pause = 0
    /// Up to where rows were over when partitions were last looked through.
    var maintainedUntil = EventTime.earliest

    init(keep: TimeSpan) {
        self.keep = keep
        width = Self.width(for: keep)
    }

    private static let spans: [TimeSpan] = [
        .minutes(1), .minutes(2), .minutes(5), .minutes(10), .minutes(15), .minutes(30), .hours(1), .hours(2), .hours(3), .hours(6),
        .hours(12), .days(1), .days(2), .days(7), .days(14), .days(28), .days(91), .days(364),
    ]

    /// About a sixteenth: the longest span that is not longer.
    static func width(for keep: TimeSpan) -> TimeSpan {
        spans.last { $0.microseconds <= keep.microseconds / 16 } ?? .minutes(1)
    }

    /// The ranges that lack a partition and should have one, in order; `times` are of the rows, `newest` the newest event time.
    func missing(_ times: UnsafeBufferPointer<Int64>, isValid: (Int) -> Bool, newest: EventTime) -> [Range] {
        let earliest = newest - keep - width - width, latest = newest + width + width
        var found: [Range] = []
        var last = Range(from: .latest, until: .earliest)
        for (row, word) in times.enumerated() where isValid(row) {
            let time = EventTime(microseconds: word)
            if last.contains(time) { continue }
            if let range = known.first(where: { $0.contains(time) }) ?? found.first(where: { $0.contains(time) }) {
                last = range
                continue
            }
            guard earliest <= time, time < latest, let range = range(around: time, besides: found) else { continue }
            found.append(range)
            last = range
        }
        return Array(found.sorted { $0.from < $1.from }.suffix(max(0, Self.partitionsMax - known.count)))
    }

    /// The aligned span around the time, less what others have of it: `keep` may have changed.
    private func range(around time: EventTime, besides others: [Range]) -> Range? {
        let span = width.microseconds
        let (start, overflow) = (time.microseconds.floorDivided(by: span)).multipliedReportingOverflow(by: span)
        guard !overflow, start >= Self.calendar.lowerBound, start < Self.calendar.upperBound - span else { return nil }
        var range = Range(from: EventTime(microseconds: start), until: EventTime(microseconds: start + span))
        for other in known + others {
            if other.until <= time { range.from = max(range.from, other.until) }
            if other.from > time { range.until = min(range.until, other.from) }
        }
        return range
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
