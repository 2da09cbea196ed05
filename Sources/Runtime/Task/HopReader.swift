public import Base
import Columns
import Planner
import Stores

extension ErrorCode {
    /// A record of a hop's topic that is neither a row nor a mark.
    public static let hopDamaged = ErrorCode("hop.damaged")
    /// A row on its way through a hop that was written by another version of the topology.
    public static let hopLayout = ErrorCode("hop.layout")
}

/// Turns records of one partition of a hop into a batch of rows, and follows the time of the tasks that write them.
///
/// The watermark is the least over the tasks that write, of those that are not idle where there are such; one that has told
/// nothing yet holds it, and one that is idle before it has met anything holds it never. When all were idle and one wakes, the
/// others may have woken too and not told yet, as when old events are appended to all partitions at once: for half of
/// `idle_after` they hold the watermark again.
///
/// A row has met the watermark as it stands when the row comes, with what it has met in its own task: that task's rows and
/// marks come in its own order, and so no row that was in time there is late here, unless its task had stepped aside.
final class HopReader {
    let hop: PlannedHop
    private let decoder: RowDecoder
    private let doubtSpan: TimeSpan

    /// - Parameter idleAfter: of the source that the rows descend from.
    init(_ hop: PlannedHop, idleAfter: TimeSpan) {
        self.hop = hop
        // Those who woke must not have fallen idle again before the others are believed.
        doubtSpan = TimeSpan(microseconds: idleAfter.microseconds / 2)
        decoder = RowDecoder(RowLayout(columns: hop.columns, of: hop.type))
    }

    /// - Complexity: O(bytes); and, for each record that moves a task's time, O(tasks).
    func rows(of records: RecordBatch, clock: EventTime, time: inout InputTime, issues: inout [RecordIssue]) -> Batch? {
        let eventTimes = Column(.timestamp, capacity: records.count), watermarks = Column(.timestamp, capacity: records.count)
        decoder.begin(capacity: records.count)
        for index in 0..<records.count {
            let record = records[index].valueBytes.flatMap { HopFormat.decode(UnsafeRawBufferPointer($0)) }
            switch record {
            case .mark(let task, let watermark, let isIdle) where task < time.upstreams.count:
                let told = EpochRecord.UpstreamTime(watermark: max(time.upstreams[task].watermark, watermark), isIdle: isIdle)
                take(told, of: task, clock: clock, &time)
            case .row(let task, let watermark, let eventTime, let layout, let bytes) where task < time.upstreams.count:
                guard layout == decoder.layout.fingerprint else {
                    issues.append(Self.otherLayout(index))
                    continue
                }
                guard decoder.append(bytes) else {
                    issues.append(Self.damaged(index))
                    continue
                }
                if watermark > time.upstreams[task].watermark.microseconds {
                    time.upstreams[task].watermark = EventTime(microseconds: watermark)
                    // A row says nothing of its task's being idle, only the mark behind it does.
                    Self.follow(&time, isMarked: false)
                }
                let row = decoder.count - 1
                eventTimes.words[row] = eventTime
                watermarks.words[row] = time.watermark.microseconds
                time.maxEventTime = max(time.maxEventTime, EventTime(microseconds: eventTime))
            default: issues.append(Self.damaged(index))
            }
        }
        let count = decoder.count
        let columns = decoder.finish()
        guard count > 0 else { return nil }
        eventTimes.count = count
        watermarks.count = count
        return Batch(type: hop.type, count: count, columns: columns, eventTimes: eventTimes, watermarks: watermarks, origins: nil)
    }

    private func take(_ told: EpochRecord.UpstreamTime, of task: Int, clock: EventTime, _ time: inout InputTime) {
        guard told != time.upstreams[task] || time.doubted.contains(task) else { return }
        let wakes = time.isIdle && !told.isIdle
        time.upstreams[task] = told
        time.doubted.remove(task)
        if wakes {
            time.doubted = Set(time.upstreams.indices.filter { time.upstreams[$0].isIdle })
            time.doubtUntil = time.doubted.isEmpty ? nil : clock + doubtSpan
        }
        Self.follow(&time)
    }

    /// Believes again those who were idle before the hop woke.
    static func endDoubt(_ time: inout InputTime) {
        time.doubted = []
        time.doubtUntil = nil
        follow(&time)
    }

    /// Takes over what the tasks have told; the watermark never falls.
    /// - Parameter isMarked: whether those that are told to be idle are.
    static func follow(_ time: inout InputTime, isMarked: Bool = true) {
        var least = EventTime.latest, leastHolding = EventTime.latest
        time.isIdle = true
        for (task, upstream) in time.upstreams.enumerated() {
            if upstream.watermark > .earliest || !isMarked { least = min(least, upstream.watermark) }
            guard !upstream.isIdle || time.doubted.contains(task) else { continue }
            leastHolding = min(leastHolding, upstream.watermark)
            time.isIdle = false
        }
        if time.isIdle, least == .latest { return }
        time.watermark = max(time.watermark, time.isIdle ? least : leastHolding)
    }

    private static func damaged(_ record: Int) -> RecordIssue {
        RecordIssue(
            record: record, code: .hopDamaged,
            message: "the record is no row of this topology; nobody but the topology's own tasks may write to the topic")
    }

    private static func otherLayout(_ record: Int) -> RecordIssue {
        RecordIssue(
            record: record, code: .hopLayout,
            message: "the row was on its way to another task when the topology changed what rows have there, and cannot be read any"
                + " more; its source's record is still in the log")
    }
}
