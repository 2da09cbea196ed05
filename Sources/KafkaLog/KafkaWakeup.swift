import Base

/// Wakes those who wait for records: every queue of every reader of a log, and every append, counts here.
final class KafkaWakeup: Sendable {
    private let appends = Monitor<UInt64>(0)

    var count: UInt64 { appends.withLock { $0 } }

    func note() {
        appends.withLock { $0 += 1 }
        appends.wakeAll()
    }

    func wait(since seen: UInt64, timeout: TimeSpan) { _ = appends.wait(timeout: timeout) { $0 != seen ? true : nil } }
}
