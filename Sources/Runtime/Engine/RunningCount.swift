import Base

/// How many of some threads still run, for those that end after them.
final class RunningCount: Sendable {
    private let count: Monitor<Int>

    init(_ count: Int) { self.count = Monitor(count) }

    func endOne() {
        count.withLock { $0 -= 1 }
        count.wakeAll()
    }

    var isNone: Bool { count.withLock { $0 == 0 } }

    func waitForNone() { count.wait { $0 == 0 ? () : nil } }
}
