import Base
import Stores

/// The thread that keeps all views up with their topics. A view that cannot go on holds up no other.
final class ProjectorThread: @unchecked Sendable {
    private let views: [ViewFollower]
    private let log: any EventLog
    private let stop: StopSignal

    init(_ views: [ViewFollower], log: any EventLog, stop: StopSignal) {
        self.views = views
        self.log = log
        self.stop = stop
    }

    /// Runs until a stop is asked for and the tasks have ended; then once more to the topics' ends.
    func run(untilTasksEnded: () -> Void) {
        var seen = log.appendCount
        while !stop.isStopping {
            var hasMore = false
            for view in views where view.turn() { hasMore = true }
            if hasMore { continue }
            // The committed watermark moves with epochs, and an epoch's journal record is an append.
            log.waitForAppend(since: seen, timeout: views.map(\.pause).filter { $0 > .zero }.min() ?? Limits.tickInterval)
            seen = log.appendCount
        }
        untilTasksEnded()
        guard stop.failure == nil else { return }
        for view in views { view.drain() }
    }
}
