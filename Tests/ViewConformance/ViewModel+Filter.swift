import Base
import Columns
import Stores

extension ViewModel {
    /// SQL's three values: nil is "unknown".
    func evaluate(_ filter: ViewQuery.Filter, _ row: FixtureRow) -> Bool? {
        switch filter {
        case .isNull(let column): return row[column] ?? .null == .null
        case .not(let inner): return evaluate(inner, row).map { !$0 }
        case .all(let parts):
            let values = parts.map { evaluate($0, row) }
            return values.contains(false) ? false : values.contains(nil) ? nil : true
        case .any(let parts):
            let values = parts.map { evaluate($0, row) }
            return values.contains(true) ? true : values.contains(nil) ? nil : false
        case .isOneOf(let column, let values):
            return evaluate(.any(values.map { .compare(column: column, .equal, $0) }), row)
        case .matches(let column, let pattern):
            guard case .string(let text) = row[column] ?? .null else { return nil }
            return Self.matches(Array(text.unicodeScalars)[...], Array(pattern.text.unicodeScalars)[...], pattern.ignoresCase)
        case .compare(let column, let comparison, let value):
            let cell = row[column] ?? .null
            if cell == .null { return nil }
            let order = Canonical.compare(cell, value)
            switch comparison {
            case .equal: return order == 0
            case .notEqual: return order != 0
            case .less: return order < 0
            case .lessOrEqual: return order <= 0
            case .greater: return order > 0
            case .greaterOrEqual: return order >= 0
            }
        }
    }

    /// As the definition of `LIKE` says it, a character at a time.
    private static func matches(_ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>, _ ignoresCase: Bool) -> Bool {
        guard var sign = pattern.first else { return text.isEmpty }
        var rest = pattern.dropFirst()
        if sign == "%" { return (text.startIndex...text.endIndex).contains { matches(text[$0...], rest, ignoresCase) } }
        guard let character = text.first else { return false }
        if sign == "_" { return matches(text.dropFirst(), rest, ignoresCase) }
        if sign == "\\", let next = rest.popFirst() { sign = next }
        func folded(_ scalar: Unicode.Scalar) -> String {
            let lower = scalar.properties.lowercaseMapping
            return ignoresCase && lower.unicodeScalars.count == 1 ? lower : String(scalar)
        }
        return folded(sign).utf8.elementsEqual(folded(character).utf8) && matches(text.dropFirst(), rest, ignoresCase)
    }
}
