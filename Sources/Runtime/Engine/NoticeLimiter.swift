import Base

/// Decides which of many like happenings are told: the first at once, and from then on their number once a span.
struct NoticeLimiter<Key: Hashable> {
    private struct Notice {
        var toldAt: EventTime
        /// Since then, and not told yet.
        var waiting = 0
    }

    private let span: TimeSpan
    private var notices: [Key: Notice] = [:]
    private var hasWaiting = false

    init(span: TimeSpan = Limits.noticeInterval) { self.span = span }

    /// Notes `count` happenings, and returns how many are to be told of now; nil: none.
    mutating func note(_ key: Key, _ count: Int, now: EventTime) -> Int? {
        guard count > 0 else { return nil }
        guard var notice = notices[key] else {
            notices[key] = Notice(toldAt: now)
            return count
        }
        notice.waiting += count
        let isDue = now >= notice.toldAt + span
        notices[key] = isDue ? Notice(toldAt: now) : notice
        if !isDue { hasWaiting = true }
        return isDue ? notice.waiting : nil
    }

    /// What has waited long enough, for a time in which nothing more happens; everything that waits where `now` is nil.
    mutating func due(now: EventTime?) -> [(key: Key, count: Int)] {
        guard hasWaiting else { return [] }
        var told: [(key: Key, count: Int)] = []
        hasWaiting = false
        for (key, notice) in notices where notice.waiting > 0 {
            guard now.map({ $0 >= notice.toldAt + span }) ?? true else {
                hasWaiting = true
                continue
            }
            told.append((key, notice.waiting))
            notices[key] = Notice(toldAt: now ?? notice.toldAt)
        }
        return told
    }
}
