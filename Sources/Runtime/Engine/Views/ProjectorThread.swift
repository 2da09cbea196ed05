import Base
import Stores
import Telemetry

/// The thread that keeps all views up with their topics.
final class ProjectorThread: @unchecked Sendable {
    private let projectors: [ViewProjector]
    private let log: any EventLog
    private let stop: StopSignal
    private var backoff: Backoff

    init(_ projectors: [ViewProjector], log: any EventLog, stop: StopSignal) {
        self.projectors = projectors
        self.log = log
        self.stop = stop
        backoff = Backoff(stop: stop)
    }

    /// Runs until a stop is asked for and the tasks have ended; then once more to the topics' ends.
    func run(untilTasksEnded: () -> Void) {
        var seen = log.appendCount
        while !stop.isStopping {
            do {
                var hasMore = false
                for projector in projectors where try projector.step() { hasMore = true }
                backoff.reset()
                if !hasMore {
                    // The committed watermark moves with epochs, and an epoch's journal record is an append.
                    log.waitForAppend(since: seen, timeout: Limits.tickInterval)
                    seen = log.appendCount
                }
            } catch {
                backoff.handle(error) { Telemetry.emit(ProjectionFailed(error: $0, retryIn: $1)) }
            }
        }
        untilTasksEnded()
        drain()
    }

    private func drain() {
        guard stop.failure == nil else { return }
        do {
            for projector in projectors { while try projector.step() {} }
        } catch {
            // Rows stay in the topic; the next start projects them.
            Telemetry.emit(ProjectionFailed(error: EngineError(describing: error), retryIn: nil))
        }
    }
}
