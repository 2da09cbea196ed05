import Base
import CPostgres
import Stores

/// One connection to PostgreSQL: libpq, with errors thrown and memory owned.
///
/// Statements of the extended protocol are prepared once a text and kept, up to `statementsMax` of them; parameters and
/// results go in binary. Every method blocks until the server has answered. After an error with `isConnectionLost` the
/// connection is of no more use; after another one it is, once an open transaction was ended.
///
/// `@unchecked Sendable`: one thread at a time uses it, which its owner sees to (a mutex, or a pool that lends it).
final class PostgresConnection: @unchecked Sendable {
    enum Limits {
        /// Statements that a connection keeps prepared: those of some dashboards.
        static let statementsMax = 64
        /// Bytes handed to libpq at once in a COPY: it sends as they come.
        static let copyBytes = 1 << 20
    }

    let handle: OpaquePointer
    /// Whether nobody waits for the server's answer any more.
    var isAbandoned = false
    /// How long an answer is waited for; nil: for as long as it takes. Where none comes the connection counts as lost: the
    /// server is stopped, or behind a network that swallows everything.
    var answerTimeout: TimeSpan?
    /// How many statements the connection keeps prepared.
    var statementsMax = Limits.statementsMax
    /// By text.
    private var statements: [String: String] = [:]
    /// Since the server was told to forget them all.
    private var statementsHeld = 0
    private var statementsMade = 0
    private var executedOnce: Set<String> = []

    /// Connects, and sets the session up: names are looked up nowhere but where statements say, times are UTC.
    ///
    /// `defaults` are libpq's keywords, for what the address does not say. Throws `PostgresFailure`.
    init(_ address: PostgresAddress, applicationName: String, defaults: [(keyword: String, value: String)] = []) throws {
        // Later entries win: what stands before the address gives way to it, what stands behind does not.
        let entries =
            [
                ("connect_timeout", "10"), ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
                ("tcp_user_timeout", "60000"), ("fallback_application_name", applicationName),
            ] + defaults + [("dbname", address.text), ("client_encoding", "UTF8")]
        let opened = Self.withCStrings(entries.map(\.0)) { keywords in
            Self.withCStrings(entries.map(\.1)) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let opened, PQstatus(opened) == CONNECTION_OK else {
            let failure = PostgresFailure(connecting: opened)
            if let opened { PQfinish(opened) }
            throw failure
        }
        handle = opened
        // What the server does not take at once waits here, not in a call that nothing ends.
        PQsetnonblocking(opened, 1)
        // By itself libpq prints notices on standard error.
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        try execute("SET search_path = pg_catalog; SET TimeZone = 'UTC'; SET DateStyle = ISO; SET standard_conforming_strings = on")
    }

    deinit { PQfinish(handle) }

    /// Whether the connection was not lost, as far as is known.
    var isUsable: Bool { !isAbandoned && PQstatus(handle) == CONNECTION_OK }
    /// Takes in what the server said meanwhile: that it has closed the connection, above all.
    func noticeLoss() { _ = PQconsumeInput(handle) }
    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }
    /// As `PQserverVersion` has it: 150004 is 15.4.
    var serverVersion: Int { Int(PQserverVersion(handle)) }
    /// What the server told of a parameter without being asked: `server_encoding`.
    func parameter(_ name: String) -> String? { PQparameterStatus(handle, name).map { String(cString: $0) } }

    /// Where it leads, without user and password: `db.example:5432/metrics`.
    var place: String {
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String { value.map { String(cString: $0) } ?? "" }
        return "\(text(PQhost(handle))):\(text(PQport(handle)))/\(text(PQdb(handle)))"
    }

    // MARK: Statements

    /// Runs statements without parameters, several with `;` between; the result is that of the last, as text.
    @discardableResult
    func execute(_ sql: String) throws -> PostgresResult {
        try answer(to: sql) { PQsendQuery(handle, sql) }
    }

    /// Within a transaction: what may take as long as there are rows.
    @discardableResult
    func untimed<Result>(_ body: () throws -> Result) throws -> Result {
        try execute("SET LOCAL statement_timeout = 0")
        let timeout = answerTimeout
        answerTimeout = nil
        defer { answerTimeout = timeout }
        return try body()
    }

    /// Runs a statement that is good for the connection's life, the first time it is asked for.
    func executeOnce(_ sql: String) throws {
        guard !executedOnce.contains(sql) else { return }
        try execute(sql)
        executedOnce.insert(sql)
    }

    /// Runs one statement, which is prepared and kept by its text. The result is binary.
    ///
    /// A text always comes with parameters of the same types.
    @discardableResult
    func query(_ sql: String, _ parameters: PostgresParameters = PostgresParameters()) throws -> PostgresResult {
        let name = try prepared(sql, parameters)
        return try answer(to: sql) {
            parameters.withPointers { count, values, lengths, formats in
                PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
            }
        }
    }

    private func prepared(_ sql: String, _ parameters: PostgresParameters) throws -> String {
        if let name = preparedName(of: sql) { return name }
        if isFullOfStatements {
            try execute(Self.deallocation)
            forgetStatements()
        }
        let name = nextName()
        try answer(to: sql) { PQsendPrepare(handle, name, sql, Int32(parameters.types.count), parameters.types) }
        note(sql, preparedAs: name)
        return name
    }

    func preparedName(of sql: String) -> String? { statements[sql] }
    var isFullOfStatements: Bool { statementsHeld >= statementsMax }

    func note(_ sql: String, preparedAs name: String) {
        statements[sql] = name
        statementsHeld += 1
    }

    /// Where it is not known whether the server has it.
    func forget(_ sql: String) { statements[sql] = nil }

    func forgetStatements() {
        statements.removeAll()
        statementsHeld = 0
    }

    static let deallocation = "DEALLOCATE ALL"

    /// Where it is not known whether the server has forgotten them: it is told again before the next one.
    func forgetLater() {
        statements.removeAll()
        statementsHeld = Limits.statementsMax
    }

    /// One that no statement of the connection ever had.
    func nextName() -> String {
        statementsMade += 1
        return "s\(statementsMade)"
    }

    // MARK: Transactions

    /// Runs `body` between BEGIN and COMMIT, or ROLLBACK where it throws or says so.
    ///
    /// A failure of the COMMIT itself leaves open whether it happened.
    func transaction<Result>(_ body: () throws -> (Result, isCommitted: Bool)) throws -> Result {
        try execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        do {
            let (result, isCommitted) = try body()
            try execute(isCommitted ? "COMMIT" : "ROLLBACK")
            return result
        } catch {
            // Where even this fails the connection is lost, and the server rolls back by itself.
            if isUsable, isInTransaction { _ = try? execute("ROLLBACK") }
            throw error
        }
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        // One buffer of all texts, each with its NUL; libpq wants an array of pointers that ends in nil.
        let bytes = texts.flatMap { Array($0.utf8CString) }
        return bytes.withUnsafeBufferPointer { buffer in
            var pointers: [UnsafePointer<CChar>?] = []
            var start = 0
            for text in texts {
                pointers.append(buffer.baseAddress.map { $0 + start })
                start += text.utf8.count + 1
            }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
