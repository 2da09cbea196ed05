public import Base
public import Columns
public import TopologyFile

/// A test, checked against its topology's plan: records ready to be appended, columns resolved.
public struct PlannedTest: Sendable {
    public var name: String
    public var location: SourceLocation
    /// Appended in this order.
    public var inputs: [PlannedTestInput]
    /// Where watermark and clock are moved after the input. Nil: they are left where the input brought them.
    public var advanceTo: EventTime?
    public var expectations: [PlannedExpectation]
}

/// Records of one source or table.
public struct PlannedTestInput: Sendable {
    public enum Target: Hashable, Sendable {
        /// An index into `Plan.sources`.
        case source(Int)
        /// An index into `Plan.tables`.
        case table(Int)
    }

    public var target: Target
    /// The records' values: JSON, or what the test calls raw. Of a deletion an object with the fields of the key.
    public var values: [String]
    /// Whether the records have no value, only the key that `values` say.
    public var isDeletion = false
    /// Nil: each record goes where its key belongs, and a raw one to partition 0.
    public var partition: PartitionNumber?
    public var isRaw: Bool
    public var location: SourceLocation
}

/// What must have come out.
public struct PlannedExpectation: Sendable {
    public enum Target: Hashable, Sendable {
        /// Every row that the source or stream gave.
        case rows(PlanInput)
        /// The rows of `Plan.views` at this index.
        case view(Int)
        /// The topology's dead letters, in the columns of `PlannedExpectation.deadLetterType`.
        case deadLetters
    }

    public struct Condition: Sendable {
        /// An index into the target's row type.
        public var column: Int
        public var path: String
        public var value: TestValue
    }

    public var target: Target
    /// `stream 'usage_5m'`, for messages.
    public var what: String
    public var matching: [Condition]
    public var count: TestExpectation.Count
    public var row: [Condition]
    public var location: SourceLocation

    public static let deadLetterType = RowType([
        .init("code", .string), .init("message", .string), .init("topic", .string), .init("partition", .int), .init("offset", .int),
        .init("operator", .string, isNullable: true),
    ])

    /// Checks the expectation against all rows of its target, in the order they came.
    /// - Returns: Nil when it holds; else a sentence or two with what was found instead.
    /// - Complexity: O(rows · conditions).
    public func failure(in rows: [[Value]], of type: RowType) -> String? {
        let picked = rows.filter { row in matching.allSatisfy { $0.value.matches(row[$0.column]) } }
        switch count {
        case .exactly(let wanted) where picked.count != wanted:
            return "\(what): \(picked.count) of \(rows.count) rows match, where \(wanted) should" + shown(
                picked.isEmpty ? rows : picked, type)
        case .atLeastOne where picked.isEmpty:
            return "\(what): none of \(rows.count) rows matches" + shown(rows, type)
        default: break
        }
        for values in picked {
            let wrong = row.filter { !$0.value.matches(values[$0.column]) }
            guard wrong.isEmpty else {
                let differences = wrong.map { "\($0.path) is \(values[$0.column].testText), not \($0.value.json)" }
                return "\(what): " + differences.joined(separator: "; ") + shown([values], type)
            }
        }
        return nil
    }

    private static let rowsShownMax = 5

    private func shown(_ rows: [[Value]], _ type: RowType) -> String {
        guard !rows.isEmpty else { return "" }
        let lines = rows.prefix(Self.rowsShownMax).map { row in
            "\n    { " + zip(type.columns, row).map { "\($0.path): \($1.testText)" }.joined(separator: ", ") + " }"
        }
        let more = rows.count > Self.rowsShownMax ? "\n    and \(rows.count - Self.rowsShownMax) more" : ""
        return lines.joined() + more
    }
}

extension Value {
    /// The value as a test would write it.
    var testText: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): text
        case .bytes(let bytes): "\(bytes.count) bytes"
        case .timestamp(let time): "\(time)"
        case .duration(let span): "\(span)"
        case .map(let map): "{ " + map.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + " }"
        }
    }
}
