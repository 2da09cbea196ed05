import Base
import Columns
import Planner
import Runtime
import TopologyFile

/// The rows that come nearest to what a failed expectation wants, beside it in a table: what is wanted first, and in the
/// rows `≠` before each value that differs.
struct NearestRows {
    private let failure: TopologyTestResult.Failure

    private static let rowsMax = 5
    /// Of all columns, when the expectation names none.
    private static let columnsMax = 8

    init(_ failure: TopologyTestResult.Failure) { self.failure = failure }

    /// Nil where nothing came out, which the message says. - Complexity: O(rows · conditions).
    var table: TextTable? {
        guard !failure.rows.isEmpty else { return nil }
        let conditions = failure.expectation.matching + failure.expectation.row
        return conditions.isEmpty ? everything : compared(conditions)
    }

    private func compared(_ conditions: [PlannedExpectation.Condition]) -> TextTable {
        let columns = conditions.map { TextTable.Column($0.path, Self.alignment(failure.type.columns[$0.column].type)) }
        var table = TextTable([.init("")] + columns)
        table.add(["wanted"] + conditions.map { $0.value.cell })
        // Rows that the `where` picks first, then by how much of the rest fits; the order they came in breaks ties.
        let matching = failure.expectation.matching
        let ranked = failure.rows.enumerated().map { index, row in
            (index, row, matching.count { $0.value.matches(row[$0.column]) }, conditions.count { $0.value.matches(row[$0.column]) })
        }.sorted { ($1.2, $1.3, $0.0) < ($0.2, $0.3, $1.0) }
        for (index, row, _, _) in ranked.prefix(Self.rowsMax) {
            table.add(["row \(index + 1)"] + conditions.map { condition in
                let value = row[condition.column]
                return (condition.value.matches(value) ? "" : "≠ ") + value.cell
            })
        }
        return table
    }

    private var everything: TextTable {
        let shown = failure.type.columns.indices.prefix(Self.columnsMax)
        let columns = shown.map { failure.type.columns[$0] }.map { TextTable.Column($0.path, Self.alignment($0.type)) }
        var table = TextTable([.init("")] + columns)
        for (index, row) in failure.rows.prefix(Self.rowsMax).enumerated() {
            table.add(["row \(index + 1)"] + shown.map { row[$0].cell })
        }
        return table
    }

    private static func alignment(_ type: ValueType) -> TextTable.Alignment { type == .int || type == .double ? .right : .left }
}

extension Value {
    /// The value as a table's cell.
    var cell: String {
        switch self {
        case .string(let text): return text
        case .timestamp(let time): return "\(time)"
        case .duration(let span): return "\(span)"
        default:
            let arena = ByteArena(capacity: 64)
            JSONText.append(self, to: arena)
            return String(decoding: arena.bytes, as: UTF8.self)
        }
    }
}

extension TestValue {
    /// The value as a table's cell: text without quotes.
    var cell: String {
        if case .string(let text) = content { return text }
        return json
    }
}
