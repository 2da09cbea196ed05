import Base
import Stores

/// Connections to one server that queries use in turn.
///
/// 1. A query takes one that is idle, the last that was given back; else one is opened, up to `max`; else it waits.
/// 2. One that failed is closed, and with it all that are idle: what broke it (a restart) most likely broke them.
///
/// Thread-safe.
final class PostgresPool: Sendable {
    private struct State {
        var idle: [PostgresConnection] = []
        /// Connections there are or that are being opened.
        var count = 0
        var isClosed = false
    }

    private enum Found {
        case idle(PostgresConnection)
        case room
        case closed
    }

    private let max: Int
    private let wait: TimeSpan
    private let open: @Sendable () throws -> PostgresConnection
    private let state: Monitor<State>

    /// `wait` is how long a query waits for a connection.
    init(max: Int, wait: TimeSpan, open: @escaping @Sendable () throws -> PostgresConnection) {
        self.max = Swift.max(1, max)
        self.wait = wait
        self.open = open
        state = Monitor(State())
    }

    /// Runs `body` with a connection. Where one that had been idle turns out to be lost, the body runs once more with a new
    /// one, so it must change nothing. Where no answer came in time the body does not run again: it would take as long.
    ///
    /// Throws `view.busy` where none became free in time, `view.closed`, and what `open` and `body` throw.
    func read<Result>(_ body: (PostgresConnection) throws -> Result) throws -> Result {
        let (connection, wasIdle) = try take()
        do {
            return try run(body, connection)
        } catch let failure as PostgresFailure where failure.isConnectionLost && wasIdle && !connection.isAbandoned {
            return try run(body, try take(fresh: true).connection)
        }
    }

    /// Closes the idle connections; those in use are closed as they come back.
    func close() {
        state.withLock {
            $0.isClosed = true
            $0.count -= $0.idle.count
            $0.idle = []
        }
        state.wakeAll()
    }

    /// How many connections there are.
    var count: Int { state.withLock { $0.count } }

    private func run<Result>(_ body: (PostgresConnection) throws -> Result, _ connection: PostgresConnection) throws -> Result {
        defer { giveBack(connection) }
        return try body(connection)
    }

    /// A fresh one takes the place of one that is idle.
    private func take(fresh isFresh: Bool = false) throws -> (connection: PostgresConnection, wasIdle: Bool) {
        let found: Found? = state.wait(timeout: wait) { [max] state in
            if state.isClosed { return .closed }
            if let idle = state.idle.popLast() { return isFresh ? .room : .idle(idle) }
            guard state.count < max else { return nil }
            state.count += 1
            return .room
        }
        switch found {
        case .idle(let connection): return (connection, true)
        case .room: return (try opened(), false)
        case .closed:
            throw EngineError(.viewClosed, .internal, "the views' connections were closed", remedy: "The engine is stopping.")
        case nil:
            throw EngineError(
                .viewBusy, .environment, "all \(max) connections for queries of views were in use for \(wait)",
                remedy: "Ask again later, ask for less at once, or raise the number of connections for queries.", isTransient: true)
        }
    }

    private func opened() throws -> PostgresConnection {
        do {
            return try open()
        } catch {
            state.withLock { $0.count -= 1 }
            state.wakeAll()
            throw error
        }
    }

    private func giveBack(_ connection: PostgresConnection) {
        state.withLock { state in
            if connection.isUsable, !connection.isInTransaction, !state.isClosed { return state.idle.append(connection) }
            state.count -= 1
            guard !connection.isUsable else { return }
            state.count -= state.idle.count
            state.idle = []
        }
        state.wakeAll()
    }
}
