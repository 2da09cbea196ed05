import Base
import GRDB
import Stores

extension SQLiteViews {
    func mappingErrors<Result>(_ body: () throws -> Result) throws -> Result {
        try Self.mappingErrors(path: path, body)
    }

    /// Runs `body` and makes what SQLite reports into errors that a person can act on.
    static func mappingErrors<Result>(path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw engineError(error, path: path)
        }
    }

    static func engineError(_ error: DatabaseError, path: String) -> EngineError {
        let reason = "SQLite says: \(error.message ?? "nothing") (\(error.extendedResultCode.rawValue))"
        let rebuild = "delete '\(path)' (with its -wal and -shm files): the views are then filled again from the log"
        if let sum = error.message, sum.hasPrefix(SQLFunctions.overflowMessage) {
            return .viewSumOverflow(sum.dropFirst(SQLFunctions.overflowMessage.count))
        }
        switch error.resultCode {
        case .SQLITE_FULL:
            return EngineError(
                .viewDiskFull, .environment, "no space is left for '\(path)'. \(reason)",
                remedy: "Free space on that disk; nothing is lost, the views go on where they stand.", isTransient: true)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return EngineError(
                .viewLocked, .environment, "another process holds a lock on '\(path)'. \(reason)",
                remedy: "Close the program that has the file open; readers may use a copy.", isTransient: true)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return EngineError(.viewCorrupt, .environment, "'\(path)' is damaged. \(reason)", remedy: rebuild)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            return EngineError(
                .viewNotWritable, .environment, "'\(path)' cannot be opened for writing. \(reason)",
                remedy: "Let the engine's user write the directory and the views files in it.")
        case .SQLITE_IOERR:
            return EngineError(
                .viewIO, .environment, "reading or writing '\(path)' failed. \(reason)",
                remedy: "Check the disk; if the file is damaged, \(rebuild).", isTransient: true)
        case .SQLITE_INTERRUPT:
            return EngineError(
                .viewTimedOut, .environment, "a query took longer than queries may take on '\(path)'",
                remedy: "Ask for less: narrow the conditions, order by the view's key, or declare an index on what is asked for.")
        case .SQLITE_MISUSE:
            return EngineError(.viewClosed, .internal, "'\(path)' was closed. \(reason)")
        default:
            return EngineError(
                .viewSQL, .internal, "a statement on '\(path)' failed. \(reason)",
                remedy: error.sql.map { "report it, with the statement: \($0)" })
        }
    }
}
