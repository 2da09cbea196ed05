import CPostgres

/// What PostgreSQL or libpq said when something failed. `PostgresViews.mappingErrors` makes it an `EngineError`.
struct PostgresFailure: Error {
    /// Five letters and digits (PostgreSQL's manual, appendix A); empty where no server answered.
    var state: String
    /// The server's primary message, or libpq's words; without a line end.
    var message: String
    /// Whether the connection is of no more use: what was under way on it may have happened or not.
    var isConnectionLost: Bool
    /// The statement that failed, for defects; never with values.
    var statement: String?
    /// No connection came about.
    var isConnecting = false
    /// The server wanted a password and was given none.
    var needsPassword = false

    init(connecting handle: OpaquePointer?) {
        state = ""
        message = Self.message(of: handle)
        isConnectionLost = true
        isConnecting = true
        if let handle { needsPassword = PQconnectionNeedsPassword(handle) != 0 }
    }

    init(_ result: OpaquePointer?, of handle: OpaquePointer, statement: String?) {
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
        }
        // PG_DIAG_SQLSTATE and _MESSAGE_PRIMARY, macros that Swift does not import.
        state = field("C") ?? ""
        message = field("M") ?? Self.message(of: handle)
        isConnectionLost = PQstatus(handle) != CONNECTION_OK
        self.statement = statement
    }

    init(_ message: String, state: String = "", isConnectionLost: Bool = false, statement: String? = nil) {
        self.state = state
        self.message = message
        self.isConnectionLost = isConnectionLost
        self.statement = statement
    }

    static func message(of handle: OpaquePointer?) -> String {
        guard let words = handle.flatMap({ PQerrorMessage($0) }) else { return "out of memory" }
        let lines = String(cString: words).split(separator: "\n")
        return lines.isEmpty ? "the connection failed without a word" : lines.joined(separator: "; ")
    }
}
