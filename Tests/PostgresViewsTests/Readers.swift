import Synchronization

@testable import PostgresViews

extension PostgresReaders {
    /// How many connections there are, to both.
    var connectionCount: Int { primary.count + (replica?.count ?? 0) }

    /// Without waiting until it has been left alone for long enough.
    func askReplicaAgain() { awayUntil.withLock { until in until = until.map { _ in 0 } } }
}
