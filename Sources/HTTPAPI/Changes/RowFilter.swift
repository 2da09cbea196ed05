import Columns
import Stores

/// A view query's conditions, applied to a row in memory with SQL's logic: a comparison with null is neither true nor
/// false, and only rows of which the whole is true pass.
struct RowFilter: Sendable {
    private let filter: ViewQuery.Filter
    /// By flattened name.
    private let columns: [String: Int]

    init(_ filter: ViewQuery.Filter, of view: ViewDefinition) {
        self.filter = filter
        columns = Dictionary(uniqueKeysWithValues: view.type.columns.enumerated().map { ($1.flatName, $0) })
    }

    /// - Parameter row: in the order of the view's type, as a view answers it.
    func passes(_ row: [Value]) -> Bool { isTrue(filter, row) == true }

    private func isTrue(_ filter: ViewQuery.Filter, _ row: [Value]) -> Bool? {
        func value(_ name: String) -> Value { columns[name].map { row[$0] } ?? .null }
        switch filter {
        case .compare(let column, let comparison, let wanted):
            return Self.order(value(column), wanted).map { Self.holds(comparison, $0) }
        case .isNull(let column): return value(column) == .null
        case .isOneOf(let column, let wanted):
            let value = value(column)
            // An empty list is false even of null, as SQLite has it.
            if wanted.isEmpty { return false }
            return value == .null ? nil : wanted.contains { Self.order(value, $0) == 0 }
        case .matches(let column, let pattern):
            guard case .string(let text) = value(column) else { return nil }
            return pattern.matches(text)
        case .not(let inner): return isTrue(inner, row).map { !$0 }
        case .all(let parts):
            let results = parts.map { isTrue($0, row) }
            return results.contains(false) ? false : results.contains(nil) ? nil : true
        case .any(let parts):
            let results = parts.map { isTrue($0, row) }
            return results.contains(true) ? true : results.contains(nil) ? nil : false
        }
    }

    private static func holds(_ comparison: ViewQuery.Filter.Comparison, _ order: Int) -> Bool {
        switch comparison {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }

    /// Negative, zero or positive as stores order the values: text and bytes byte by byte. Nil with a null.
    private static func order(_ a: Value, _ b: Value) -> Int? {
        switch (a, b) {
        case (.bool(let a), .bool(let b)): order(a ? 1 : 0, b ? 1 : 0)
        case (.int(let a), .int(let b)): order(a, b)
        case (.double(let a), .double(let b)): order(a, b)
        case (.timestamp(let a), .timestamp(let b)): order(a, b)
        case (.duration(let a), .duration(let b)): order(a, b)
        case (.string(let a), .string(let b)): order(Array(a.utf8), Array(b.utf8))
        case (.bytes(let a), .bytes(let b)): order(a, b)
        default: nil
        }
    }

    private static func order<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }

    private static func order(_ a: [UInt8], _ b: [UInt8]) -> Int { a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1 }
}
