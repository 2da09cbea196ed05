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

    /// What the `where` names and what differs in the nearest row; all that is wanted where nothing does.
    private func compared(_ all: [PlannedExpectation.Condition]) -> TextTable {
        let ranked = ranked(by: all)
        let matching = failure.expectation.matching
        let differing = failure.expectation.row.filter { !$0.value.matches(ranked[0].row[$0.column]) }
        let conditions = differing.isEmpty ? all : matching + differing
        let columns = conditions.map { TextTable.Column($0.path, Self.alignment(failure.type.columns[$0.column].type)) }
        var table = TextTable([.init("")] + columns)
        table.add(["wanted"] + conditions.map { $0.value.cell })
        for nearest in ranked.prefix(Self.rowsMax) {
            table.add(["row \(nearest.index + 1)"] + conditions.map { condition in
                let value = nearest.row[condition.column]
                return (condition.value.matches(value) ? "" : "≠ ") + value.cell
            })
        }
        return table
    }

    /// Rows that the `where` picks first, then by how much of the rest fits; the order they came in breaks ties.
    private func ranked(by conditions: [PlannedExpectation.Condition]) -> [(index: Int, row: [Value])] {
        let matching = failure.expectation.matching
        let scored = failure.rows.enumerated().map { index, row in
            (index: index, picked: matching.count { $0.value.matches(row[$0.column]) },
                fitting: conditions.count { $0.value.matches(row[$0.column]) })
        }
        let sorted = scored.sorted { a, b in (b.picked, b.fitting, a.index) < (a.picked, a.fitting, b.index) }
        return sorted.map { ($0.index, failure.rows[$0.index]) }
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
