import Base
import Columns
public import Stores

/// Reading rows and positions: both of one answer come from one snapshot, in one round trip.
extension PostgresViews {
    public var queriesMax: Int { max(1, settings.readersMax) }

    public func query(_ query: ViewQuery) throws -> ViewRows {
        let (sql, positions, rows) = try answer(query)
        let columns = sql.columns.indices
        return ViewRows(
            columns: sql.columns, rows: try (0..<rows.rowCount).map { row in try columns.map { try value(row, $0, rows, sql) } },
            positions: positions)
    }

    public func page(_ query: ViewQuery, to writer: RowWriter) throws -> ViewPage {
        let question = try question(query)
        let (sql, positions, rows) = try answer(question.wanted)
        return try write(rows, sql, question, positions, to: writer)
    }

    /// A flight costs two processes a wake-up each and a packet or two, however many statements are in it. The server works
    /// while it lasts, so on one machine with it half of the processors are its own.
    public var lookups: (together: Int, calls: Int) { (32, max(1, min(queriesMax, Processors.count / 2))) }

    /// Those of one view in one flight, with its position once. Where a statement fails, those behind it were not run: then
    /// each is asked alone.
    public func pages(_ requests: [ViewPageRequest]) -> [Result<ViewPage, any Error>] {
        func alone() -> [Result<ViewPage, any Error>] {
            requests.map { request in Result { try page(request.query, to: request.writer) } }
        }
        guard requests.count > 1, let view = requests.first?.query.view.name,
            requests.allSatisfy({ $0.query.view.name == view })
        else { return alone() }
        do {
            let prepared = try preparedView(view)
            let questions = try requests.map { try question($0.query) }
            let statements = try questions.map { try QuerySQL($0.wanted, from: prepared.queried, in: PostgresDialect(view: prepared)) }
            let results = try read([positionsStatement(of: prepared)] + statements.map {
                .init(sql: $0.text, parameters: PostgresParameters($0.parameters))
            })
            let positions = positions(results[0])
            return requests.indices.map { index in
                Result { try write(results[index + 1], statements[index], questions[index], positions, to: requests[index].writer) }
            }
        } catch let error as EngineError where error.isTransient || error.code == .viewTimedOut {
            // It would be so for each, and take as long each time.
            return requests.map { _ in .failure(error) }
        } catch {
            return alone()
        }
    }

    private struct Question {
        var query: ViewQuery
        /// One row more, which says whether there is another page, and the columns of the place where it begins.
        var wanted: ViewQuery
        var place: ViewQuery.Place
    }

    private func question(_ query: ViewQuery) throws -> Question {
        var (wanted, place) = query.withPlace()
        wanted.limit += query.limit > 0 ? 1 : 0
        return Question(query: query, wanted: wanted, place: place)
    }

    private func write(
        _ rows: PostgresResult, _ sql: QuerySQL, _ question: Question, _ positions: [PartitionNumber: ViewPosition], to writer: RowWriter
    ) throws -> ViewPage {
        let query = question.query
        let columns = sql.columns.prefix(query.select.count).enumerated().map { index, column in
            (type: column.type, isSum: rows.type(index) == PostgresNumeric.type)
        }
        let count = min(rows.rowCount, query.limit)
        for row in 0..<count {
            for (index, column) in columns.enumerated() {
                if column.isSum {
                    writer.value(try value(row, index, rows, sql))
                } else if !rows.write(row, index, as: column.type, to: writer) {
                    throw corrupt(sql.columns[index])
                }
            }
            writer.endRow()
        }
        let hasMore = count > 0 && rows.rowCount > count
        let after = hasMore ? try question.place.columns.map { try value(count - 1, $0, rows, sql) } : nil
        return ViewPage(after: after, positions: positions)
    }

    private func answer(
        _ query: ViewQuery
    ) throws -> (sql: QuerySQL, positions: [PartitionNumber: ViewPosition], rows: PostgresResult) {
        let view = try preparedView(query.view.name)
        let sql = try QuerySQL(query, from: view.queried, in: PostgresDialect(view: view))
        let results = try read([positionsStatement(of: view), .init(sql: sql.text, parameters: PostgresParameters(sql.parameters))])
        return (sql, positions(results[0]), results[1])
    }

    public func rowCount(of view: String) throws -> Int {
        let view = try preparedView(view)
        let results = try read([.init(sql: "SELECT count(*) FROM \(view.table) WHERE \(view.visible)")])
        return Int(results[0].int64(0, 0))
    }

    private func read(_ statements: [PostgresConnection.Statement]) throws -> [PostgresResult] {
        try mappingErrors {
            do {
                return try readers.read(statements)
            } catch let failure as PostgresFailure where failure.state == "57014" {
                throw EngineError(
                    .viewTimedOut, .environment,
                    "a query took longer than \(settings.queryTimeout) on PostgreSQL at \(place): \(failure.message)",
                    remedy: "Ask for less: narrow the conditions, order by the view's key, or declare an index on what is asked for.")
            }
        }
    }

    // MARK: Positions

    private func positionsStatement(of view: PreparedView) -> PostgresConnection.Statement {
        var parameters = PostgresParameters()
        parameters.add(view.definition.name)
        return .init(
            sql: "SELECT partition::int8, next_offset, watermark FROM \(settings.positionsTable) WHERE view = $1", parameters: parameters)
    }

    private func positions(_ result: PostgresResult) -> [PartitionNumber: ViewPosition] {
        var positions: [PartitionNumber: ViewPosition] = [:]
        for row in 0..<result.rowCount {
            positions[PartitionNumber(Int(result.int64(row, 0)))] = ViewPosition(
                next: Offset(result.int64(row, 1)), watermark: result.time(row, 2))
        }
        return positions
    }

    // MARK: Cells

    /// Throws `view.sum_overflow` and `view.corrupt`.
    private func value(_ row: Int, _ index: Int, _ rows: PostgresResult, _ sql: QuerySQL) throws -> Value {
        let column = sql.columns[index]
        let value = rows.type(index) == PostgresNumeric.type ? try sum(row, index, rows, column) : rows.value(row, index, as: column.type)
        guard let value else { throw corrupt(column) }
        return value
    }

    /// Nil where the cell holds no whole number.
    private func sum(_ row: Int, _ index: Int, _ rows: PostgresResult, _ column: RowType.Column) throws -> Value? {
        if rows.isNull(row, index) { return .null }
        guard let sum = PostgresNumeric.whole(rows.bytes(row, index)) else { return nil }
        guard let number = Int64(exactly: sum) else { throw EngineError.viewSumOverflow("\(sum)") }
        return column.type == .duration ? .duration(TimeSpan(microseconds: number)) : .int(number)
    }

    private func corrupt(_ column: RowType.Column) -> EngineError {
        EngineError(
            .viewCorrupt, .environment, "column '\(column.flatName)' on PostgreSQL at \(place) holds something that is no \(column.type)",
            remedy: "Another program wrote to the table; drop the view, and it is filled again from the log.")
    }
}
