import Base
import GRDB
import GRDBSQLite
import Stores

/// What queries need and SQLite lacks: `LIKE` that minds case and folds beyond ASCII, and sums of whole numbers that
/// overflow only where the result does.
enum SQLFunctions {
    static let likeName = "pioneer_like"
    static let likeFoldedName = "pioneer_ilike"
    static let sumName = "pioneer_sum"
    static let meanName = "pioneer_mean"
    static let wholeMeanName = "pioneer_whole_mean"

    /// What the error of a sum that is too large begins with; the sum follows.
    static let overflowMessage = "pioneer_sum: "

    static func install(in db: Database) throws {
        let like: SQLFunction = { SQLFunctions.answer($0, $2, ignoresCase: false) }
        let likeFolded: SQLFunction = { SQLFunctions.answer($0, $2, ignoresCase: true) }
        let take: SQLFunction = { context, _, arguments in
            guard let argument = arguments?[0], sqlite3_value_type(argument) == SQLITE_INTEGER else { return }
            Total.change(context) { $0.add(sqlite3_value_int64(argument)) }
        }
        try install(function: likeName, like, in: db)
        try install(function: likeFoldedName, likeFolded, in: db)
        try install(aggregate: sumName, of: take, in: db) { context in
            guard let total = Total.final(context) else { return sqlite3_result_null(context) }
            guard let sum = Int64(exactly: total.sum) else {
                return sqlite3_result_error(context, SQLFunctions.overflowMessage + "\(total.sum)", -1)
            }
            sqlite3_result_int64(context, sum)
        }
        try install(aggregate: meanName, of: take, in: db) { context in
            guard let total = Total.final(context) else { return sqlite3_result_null(context) }
            sqlite3_result_double(context, Double(total.sum) / Double(total.count))
        }
        try install(aggregate: wholeMeanName, of: take, in: db) { context in
            guard let total = Total.final(context) else { return sqlite3_result_null(context) }
            let (quotient, rest) = total.sum.quotientAndRemainder(dividingBy: Int128(total.count))
            let away: Int128 = rest.magnitude * 2 >= UInt128(total.count) ? (total.sum < 0 ? -1 : 1) : 0
            sqlite3_result_int64(context, Int64(quotient + away))
        }
    }

    typealias SQLFunction = @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void

    private static func install(function name: String, _ body: SQLFunction, in db: Database) throws {
        try check(sqlite3_create_function_v2(db.sqliteConnection, name, 2, flags, nil, body, nil, nil, nil), name)
    }

    private static func install(
        aggregate name: String, of take: SQLFunction, in db: Database, final: @convention(c) (OpaquePointer?) -> Void
    ) throws {
        try check(sqlite3_create_function_v2(db.sqliteConnection, name, 1, flags, nil, nil, take, final, nil), name)
    }

    private static let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC

    private static func check(_ code: Int32, _ name: String) throws {
        if code != SQLITE_OK { throw DatabaseError(resultCode: ResultCode(rawValue: code), message: "function \(name)") }
    }

    // MARK: Sums

    /// A group's numbers so far, in the memory that SQLite keeps for it, zero at first.
    private struct Total {
        var sum: Int128
        var count: Int64

        mutating func add(_ number: Int64) {
            // Fewer than 2^64 numbers of 64 bits: 128 are enough.
            sum += Int128(number)
            count += 1
        }

        /// SQLite aligns its memory to eight bytes, a wide integer wants sixteen.
        static func change(_ context: OpaquePointer?, _ body: (inout Total) -> Void) {
            guard let memory = sqlite3_aggregate_context(context, Int32(MemoryLayout<Total>.size)) else {
                return sqlite3_result_error_nomem(context)
            }
            var total = memory.loadUnaligned(as: Total.self)
            body(&total)
            withUnsafeBytes(of: &total) { memory.copyMemory(from: $0.baseAddress!, byteCount: MemoryLayout<Total>.size) }
        }

        /// Nil where there was no number.
        static func final(_ context: OpaquePointer?) -> Total? {
            sqlite3_aggregate_context(context, 0)?.loadUnaligned(as: Total.self)
        }
    }

    // MARK: Patterns

    private static func answer(
        _ context: OpaquePointer?, _ arguments: UnsafeMutablePointer<OpaquePointer?>?, ignoresCase: Bool
    ) {
        guard let text = arguments?[0], let pattern = arguments?[1], sqlite3_value_type(text) != SQLITE_NULL else {
            return sqlite3_result_null(context)
        }
        let matcher = PatternMatcher(pattern: bytes(pattern), ignoresCase: ignoresCase)
        sqlite3_result_int(context, matcher.matches(bytes(text)) ? 1 : 0)
    }

    private static func bytes(_ value: OpaquePointer) -> UnsafeBufferPointer<UInt8> {
        let start = sqlite3_value_text(value)
        return UnsafeBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))
    }
}
