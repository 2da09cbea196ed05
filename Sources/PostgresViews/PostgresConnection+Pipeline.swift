import Base
import CPostgres

/// Several statements in one flight: sent together, answered together, within one transaction.
extension PostgresConnection {
    struct Statement {
        var sql: String
        var parameters = PostgresParameters()
    }

    /// Runs the statements as `query` would each, in one round trip; those that are not prepared yet are within the same.
    /// Their transaction ends with the last; where one fails, those after it were not run.
    ///
    /// Where no answer comes within `timeout` the connection counts as lost: the server is stopped, or behind a network that
    /// swallows everything. - Precondition: no transaction is open.
    func pipelined(_ statements: [Statement], timeout: TimeSpan) throws -> [PostgresResult] {
        let deadline = Stopwatch.nanoseconds() + UInt64(max(timeout.microseconds, 0)) * 1_000
        guard PQenterPipelineMode(handle) == 1 else { throw PostgresFailure(nil, of: handle, statement: nil) }
        var expected: [(sql: String, isRows: Bool)] = []
        do {
            for statement in statements { try send(statement, &expected) }
            guard PQpipelineSync(handle) == 1 else { throw PostgresFailure(nil, of: handle, statement: nil) }
            let results = try receive(expected, deadline)
            _ = PQexitPipelineMode(handle)
            return results
        } catch {
            for (sql, isRows) in expected where !isRows { forget(sql) }
            if expected.contains(where: { $0.sql == Self.deallocation }) { forgetLater() }
            if isUsable, PQexitPipelineMode(handle) != 1 { isAbandoned = true }
            throw error
        }
    }

    private func send(_ statement: Statement, _ expected: inout [(sql: String, isRows: Bool)]) throws {
        let sql = statement.sql
        var name = preparedName(of: sql)
        if name == nil {
            if isFullOfStatements {
                try check(PQsendQueryParams(handle, Self.deallocation, 0, nil, nil, nil, nil, 0), sql)
                expected.append((Self.deallocation, false))
                forgetStatements()
            }
            let new = nextName()
            try check(PQsendPrepare(handle, new, sql, Int32(statement.parameters.types.count), statement.parameters.types), sql)
            expected.append((sql, false))
            note(sql, preparedAs: new)
            name = new
        }
        let sent = statement.parameters.withPointers { count, values, lengths, formats in
            PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
        }
        try check(sent, sql)
        expected.append((sql, true))
    }

    private func check(_ sent: Int32, _ sql: String) throws {
        if sent != 1 { throw PostgresFailure(nil, of: handle, statement: sql) }
    }

    /// Reads everything up to the end of the flight, also past a failure, so that the connection can go on.
    private func receive(_ expected: [(sql: String, isRows: Bool)], _ deadline: UInt64) throws -> [PostgresResult] {
        var results: [PostgresResult] = []
        var failure: PostgresFailure?
        var isEnded = false
        var index = 0
        while !isEnded {
            guard let result = try nextResult(deadline) else {
                // The end of one statement's results.
                index += 1
                guard index <= expected.count else { throw PostgresFailure("the answer has no end", isConnectionLost: true) }
                continue
            }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                isEnded = true
            case PGRES_TUPLES_OK: results.append(PostgresResult(taking: result))
            case PGRES_COMMAND_OK, PGRES_PIPELINE_ABORTED: PQclear(result)
            default:
                if failure == nil {
                    let sql = index < expected.count ? expected[index].sql : nil
                    failure = PostgresFailure(result, of: handle, statement: sql)
                }
                PQclear(result)
                // A connection that was lost brings no end.
                if !isUsable { isEnded = true }
            }
        }
        if var failure {
            // What ends a connection says so before it does.
            failure.isConnectionLost = !isUsable
            throw failure
        }
        guard results.count == expected.count(where: \.isRows) else {
            throw PostgresFailure("\(results.count) results came for \(expected.count) statements")
        }
        return results
    }
}
