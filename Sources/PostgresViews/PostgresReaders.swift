import Base
import Synchronization
import Telemetry

/// Where queries read: from the replica, if there is one and it answers, else from the primary.
///
/// Freshness stays honest, because positions come with the rows, from the same server and snapshot.
final class PostgresReaders: Sendable {
    enum Limits {
        /// How long a replica that could not be reached is left alone: looking for it may take `connectTimeout` each time.
        static let replicaAway = TimeSpan.seconds(5)
        /// Seconds, for libpq.
        static let connectTimeout = "3"
        /// A replica has somebody to stand in for it, so one that a network swallows is given up soon: milliseconds until what was
        /// sent and not received, and seconds until a silence is looked into. For libpq.
        static let replicaDefaults = [("tcp_user_timeout", "5000"), ("keepalives_idle", "5"), ("keepalives_interval", "2")]
        /// What the server is given beyond its own limit on a query, until the connection counts as lost.
        static let answerGrace = TimeSpan.seconds(5)
    }

    let primary: PostgresPool
    let replica: PostgresPool?
    /// When the replica may be asked again (`Stopwatch.nanoseconds`), while it is away.
    let awayUntil = Mutex<UInt64?>(nil)
    private let queryTimeout: TimeSpan

    /// Throws `view.address`. Connects to nobody yet.
    init(_ settings: PostgresSettings, primary: PostgresAddress) throws {
        queryTimeout = settings.queryTimeout
        func pool(_ address: PostgresAddress, _ defaults: [(String, String)] = []) -> PostgresPool {
            PostgresPool(max: settings.readersMax, wait: settings.queryWait) { try Self.connect(address, settings, defaults) }
        }
        self.primary = pool(primary)
        replica = try settings.replicaURL.map { pool(try PostgresAddress($0), Limits.replicaDefaults) }
    }

    func close() {
        primary.close()
        replica?.close()
    }

    /// Runs the statements in one transaction that changes nothing and sees one state of the database.
    func read(_ statements: [PostgresConnection.Statement]) throws -> [PostgresResult] {
        let timeout = TimeSpan(microseconds: queryTimeout.microseconds + Limits.answerGrace.microseconds)
        func ask(_ pool: PostgresPool) throws -> [PostgresResult] { try pool.read { try $0.pipelined(statements, timeout: timeout) } }
        guard let replica, mayAskReplica() else { return try ask(primary) }
        do {
            let results = try ask(replica)
            noteReplica(isThere: true, "")
            return results
        } catch let failure as PostgresFailure where failure.isOfReplica {
            if failure.isConnectionLost { noteReplica(isThere: false, failure.message) }
            return try ask(primary)
        }
    }

    /// Of a replica that is away, one query at a time finds out whether it still is; others do not wait for that.
    private func mayAskReplica() -> Bool {
        awayUntil.withLock { until in
            guard let end = until else { return true }
            guard end <= Stopwatch.nanoseconds() else { return false }
            until = Self.nextLook
            return true
        }
    }

    private static var nextLook: UInt64 { Stopwatch.nanoseconds() + UInt64(Limits.replicaAway.microseconds) * 1_000 }

    private func noteReplica(isThere: Bool, _ reason: String) {
        let wasThere = awayUntil.withLock { until in
            let wasThere = until == nil
            until = isThere ? nil : Self.nextLook
            return wasThere
        }
        guard wasThere != isThere else { return }
        if isThere { Telemetry.emit(ViewReplicaReturned()) } else { Telemetry.emit(ViewReplicaLost(reason: reason)) }
    }

    /// A session that only reads, each of its transactions from one snapshot. Plans are made once for all values: making one
    /// anew costs more than running it, where it reads by an index.
    private static func connect(
        _ address: PostgresAddress, _ settings: PostgresSettings, _ defaults: [(String, String)]
    ) throws -> PostgresConnection {
        let connection = try PostgresConnection(
            address, applicationName: settings.applicationName + " queries",
            defaults: [("connect_timeout", Limits.connectTimeout)] + defaults)
        try connection.execute(
            """
            SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on; \
            SET statement_timeout = \(max(1, settings.queryTimeout.microseconds / 1_000)); \
            SET plan_cache_mode = force_generic_plan; SET jit = off
            """)
        return connection
    }
}

extension PostgresFailure {
    /// Whether a query that failed so on a replica may do better on the primary: the replica is away, has not caught up with
    /// a view's table, or stopped the query for the sake of catching up.
    fileprivate var isOfReplica: Bool {
        isConnectionLost || state.hasPrefix("57P") || ["42P01", "42703", "3F000", "40001", "40P01"].contains(state)
    }
}

struct ViewReplicaLost: InternalEvent {
    static let name = "view_replica_lost"
    static let level = EventLevel.warning
    var reason: String
    var message: String { "The replica that views are queried on does not answer; queries go to the primary." }
    var fields: [EventField] { [.init("reason", reason)] }
    var effects: [MetricEffect] { [] }
}

struct ViewReplicaReturned: InternalEvent {
    static let name = "view_replica_returned"
    static let level = EventLevel.info
    var message: String { "The replica that views are queried on answers again." }
    var effects: [MetricEffect] { [] }
}
