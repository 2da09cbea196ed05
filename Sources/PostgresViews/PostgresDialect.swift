import Columns
import Stores

/// How queries are said to PostgreSQL, so that answers are those of every store:
///
/// - Strings compare by bytes because their columns are `COLLATE "C"`.
/// - Case is ignored by `translate`, not by `ILIKE`, which folds as the database's locale does (`FoldedPattern`).
/// - Sums of whole numbers are `numeric`: only the answer must fit 64 bits. Those of durations count microseconds.
/// - Sums of doubles that pass their range are infinite, as arithmetic has it, where PostgreSQL's are an error.
struct PostgresDialect: QueryDialect {
    let view: PreparedView

    var always: String { "TRUE" }
    var never: String { "FALSE" }

    func table(of view: ViewDefinition) -> String { self.view.table }

    func visible(in view: ViewDefinition) -> String? { self.view.visible }

    func placeholder(_ number: Int) -> String { "$\(number)" }

    // MARK: Aggregates

    func expression(_ aggregate: ViewQuery.Aggregate, of type: ValueType, _ name: String) -> String {
        let isMean = aggregate == .avg
        switch type {
        case .double: return isMean ? Self.mean(ofDoubles: name) : Self.sum(ofDoubles: name)
        case .duration:
            let seconds = "sum(extract(epoch FROM \(name)))", count = "count(\(name))"
            guard isMean else { return "(\(seconds) * 1000000)" }
            // Half of the count more, away from zero, and then cut.
            return "div(\(seconds) * 2000000 + sign(\(seconds)) * \(count), 2 * \(count))"
        default:
            return isMean ? "(sum(\(name))::float8 / count(\(name))::float8)" : "sum(\(name))"
        }
    }

    func boundType(of aggregate: ViewQuery.Aggregate, _ result: ValueType) -> ValueType {
        // Of durations these are numbers of microseconds.
        result == .duration && (aggregate == .sum || aggregate == .avg) ? .int : result
    }

    /// PostgreSQL refuses sums of doubles beyond their range. Those so large that some billions of them might get there,
    /// hardly ever any, are added apart as `numeric`, which has room (and infinities).
    private static func sum(ofDoubles name: String) -> String {
        let small = "sum(\(name)) FILTER (WHERE abs(\(name)) <= 1e292)"
        let large = "sum(\(name)::text::numeric) FILTER (WHERE abs(\(name)) > 1e292)"
        let whole = "(\(large) + coalesce((\(small))::text::numeric, 0))"
        // The zero makes a sum of negative zeros plain zero.
        return "CASE WHEN \(large) IS NULL THEN \(small) + 0.0 WHEN \(whole) = 'NaN' THEN NULL"
            + " WHEN \(whole) > 1.7976931348623157e308 THEN 'Infinity' WHEN \(whole) < -1.7976931348623157e308 THEN '-Infinity'"
            + " ELSE \(whole)::float8 END"
    }

    /// Where the quotient rounds to zero, which PostgreSQL refuses too, it is said without dividing.
    private static func mean(ofDoubles name: String) -> String {
        let sum = "(\(sum(ofDoubles: name)))", count = "count(\(name))::float8"
        return "CASE WHEN abs(\(sum)) < 1e-290 AND 2 * abs(\(sum)) <= '4.94e-324'::float8 * \(count) THEN 0.0 ELSE \(sum) / \(count) END"
    }

    // MARK: Conditions

    func stored(_ value: Value, in column: String) -> Value {
        // Only long ones are another; looking the column up costs more than the rest.
        switch value {
        case .string(let text) where text.utf8.count > Self.shortMax: view.stored(value, in: column)
        case .bytes(let bytes) where bytes.count > Self.shortMax: view.stored(value, in: column)
        default: value
        }
    }

    /// Bytes of a value that every table holds as it is.
    private static let shortMax = 64

    func append(_ column: QueriedView.Column, isOneOf values: [Value], to sql: inout QuerySQL) throws {
        sql.text += column.quoted + " = ANY ("
        try sql.bind(values, to: column)
        sql.text += ")"
    }

    func append(_ column: QueriedView.Column, matches pattern: ViewQuery.Pattern, to sql: inout QuerySQL) {
        let name = column.quoted
        guard pattern.ignoresCase else {
            sql.text += name + " LIKE "
            return sql.bind(pattern.text)
        }
        let folded = FoldedPattern(pattern)
        sql.text += "translate(\(name), "
        sql.bind(folded.others)
        sql.text += ", "
        sql.bind(folded.lower)
        sql.text += ") LIKE "
        sql.bind(folded.text)
    }

    // MARK: Pages

    /// The limit stands in the text a second time, rounded up to a power of two: a plan that is made once for all values
    /// has to know whether some rows are wanted or all, or it sorts the table for a page of it.
    func appendPage(limit: Int64, offset: Int64, to sql: inout QuerySQL) {
        let (end, overflow) = limit.addingReportingOverflow(offset)
        let isBounded = !overflow && end <= Self.boundMax
        let bound = isBounded ? " LIMIT \(max(16, UInt64(max(end, 1)).roundedUpToPowerOfTwo))" : ""
        sql.text = "SELECT * FROM (" + sql.text + bound + ") AS \"page\" LIMIT "
        sql.bind(limit)
        sql.text += " OFFSET "
        sql.bind(offset)
    }

    /// Beyond, nearly all of a table is read anyway.
    private static let boundMax: Int64 = 1 << 24
}

extension UInt64 {
    fileprivate var roundedUpToPowerOfTwo: UInt64 { self <= 1 ? 1 : 1 << (64 - (self - 1).leadingZeroBitCount) }
}
