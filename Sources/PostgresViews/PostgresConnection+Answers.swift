import Base
import CPostgres
import Glibc

/// Sending, and waiting for what the server says: never in a call of libpq's that nothing ends.
extension PostgresConnection {
    private var deadline: UInt64 {
        answerTimeout.map { Stopwatch.nanoseconds() + UInt64(max($0.microseconds, 0)) * 1_000 } ?? .max
    }

    /// Sends a statement, and returns the last of its results. Throws the first failure, once the connection can go on.
    @discardableResult
    func answer(to statement: String, sending send: () -> Int32) throws -> PostgresResult {
        guard send() == 1 else { throw PostgresFailure(nil, of: handle, statement: statement) }
        return try lastResult(of: statement, deadline)
    }

    private func lastResult(of statement: String, _ deadline: UInt64) throws -> PostgresResult {
        var last: PostgresResult?, failure: PostgresFailure?
        while let result = try nextResult(deadline) {
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = PostgresResult(taking: result)
            case PGRES_COPY_IN:
                PQclear(result)
                // Nobody here has rows for it; the server answers with an error.
                PQputCopyEnd(handle, "the statement asks for rows")
            default:
                if failure == nil { failure = PostgresFailure(result, of: handle, statement: statement) }
                PQclear(result)
            }
        }
        if let failure { throw failure }
        guard let last else { throw PostgresFailure(nil, of: handle, statement: statement) }
        return last
    }

    /// Sends `bytes` as the rows of a `COPY … FROM STDIN`; returns how many rows the server took.
    @discardableResult
    func copy(_ sql: String, _ bytes: UnsafeBufferPointer<UInt8>) throws -> Int {
        guard PQsendQuery(handle, sql) == 1, let begun = try nextResult(deadline) else {
            throw PostgresFailure(nil, of: handle, statement: sql)
        }
        let status = PQresultStatus(begun)
        guard status == PGRES_COPY_IN else {
            let failure = PostgresFailure(begun, of: handle, statement: sql)
            PQclear(begun)
            while let rest = try nextResult(deadline) { PQclear(rest) }
            throw status == PGRES_FATAL_ERROR ? failure : PostgresFailure("the statement asks for no rows", statement: sql)
        }
        PQclear(begun)
        let limit = deadline
        var sent = 0
        while sent < bytes.count {
            let count = min(Limits.copyBytes, bytes.count - sent)
            let isTaken = bytes.withMemoryRebound(to: CChar.self) { PQputCopyData(handle, $0.baseAddress! + sent, Int32(count)) == 1 }
            guard isTaken, try flush(until: limit) else { break }
            sent += count
        }
        // A part of the rows must not count as all of them.
        _ = PQputCopyEnd(handle, sent < bytes.count ? "not all rows could be sent" : nil)
        let result = try lastResult(of: sql, limit)
        return result.rowsTouched
    }

    /// False: the connection is lost. What the server has to say of rows it says with the results, and takes them until then;
    /// what it says meanwhile has to be read, or it may wait for that.
    private func flush(until deadline: UInt64) throws -> Bool {
        while true {
            let unsent = PQflush(handle)
            if unsent <= 0 { return unsent == 0 }
            if try wait(for: Int16(POLLIN | POLLOUT), until: deadline) & ~Int16(POLLOUT) != 0, PQconsumeInput(handle) != 1 { return false }
        }
    }

    /// Nil at the end of a statement's results.
    func nextResult(_ deadline: UInt64) throws -> OpaquePointer? {
        while PQisBusy(handle) != 0 {
            try waitForBytes(until: deadline)
            if PQconsumeInput(handle) != 1 { break }
        }
        return PQgetResult(handle)
    }

    /// Until there is something to read; meanwhile what is still to be sent goes.
    private func waitForBytes(until deadline: UInt64) throws {
        while true {
            let unsent = PQflush(handle)
            if unsent < 0 { return }
            // Also where the connection failed: reading says how.
            if try wait(for: Int16(POLLIN) | (unsent > 0 ? Int16(POLLOUT) : 0), until: deadline) & ~Int16(POLLOUT) != 0 { return }
        }
    }

    /// What the socket is ready for.
    private func wait(for events: Int16, until deadline: UInt64) throws -> Int16 {
        var ready = pollfd(fd: PQsocket(handle), events: events, revents: 0)
        while true {
            let now = Stopwatch.nanoseconds()
            let left = deadline == .max ? -1 : deadline > now ? Int32(clamping: (deadline - now) / 1_000_000 + 1) : 0
            let count = poll(&ready, 1, left)
            if count > 0 { return ready.revents }
            guard count == 0 else { continue }
            isAbandoned = true
            throw PostgresFailure("no answer came in time", isConnectionLost: true)
        }
    }
}
