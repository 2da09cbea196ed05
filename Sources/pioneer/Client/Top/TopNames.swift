import Base
import Columns

/// Names of rows that another view has: `machines.name` beside a row's `resource_id`.
///
/// A name is asked for once and again when it is old; a row that has none is shown by its own labels.
struct TopNames {
    let view: String
    let column: String
    /// The column that both views have in their keys.
    let key: String

    private struct Name {
        var text: String?
        /// Monotonic nanoseconds.
        var askedAt: UInt64
    }

    private var known: [String: Name] = [:]
    /// What is known may have changed; what is not may have come.
    private static let knownFor: UInt64 = 30_000_000_000
    private static let unknownFor: UInt64 = 3_000_000_000
    /// Values of one question.
    private static let askedMax = 200

    static let allowedForm = "VIEW.COLUMN, such as machines.name"

    /// Throws `top.labels` where the views have no one key column in common.
    init(_ text: String, for ranked: TopView, in list: JSONValue) throws {
        guard let point = text.firstIndex(of: ".") else {
            throw EngineError(.topLabels, .user, "'--label-from \(text)' names no column", remedy: "Its form is \(Self.allowedForm).")
        }
        view = String(text[..<point])
        column = String(text[text.index(after: point)...])
        let other = try TopView(view, in: list)
        try other.check(column)
        guard other.key.count == 1, let key = other.key.first, ranked.columns.contains(where: { $0.name == key }) else {
            throw EngineError(
                .topLabels, .user,
                "view '\(view)' is keyed by [\(other.key.joined(separator: ", "))], "
                    + "which does not lead from a row of '\(ranked.name)' to one name",
                remedy: "Name a view with one key column that '\(ranked.name)' has too, or use --label.")
        }
        self.key = key
    }

    /// Asks for the names of these values as far as they are not known.
    mutating func look(up values: [String], _ client: EngineClient) async throws {
        let now = Stopwatch.nanoseconds()
        let wanted = values.filter { value in
            guard let name = known[value] else { return true }
            return now - name.askedAt > (name.text == nil ? Self.unknownFor : Self.knownFor)
        }
        guard !wanted.isEmpty else { return }
        var path = RequestPath.api("views", view)
        let asked = Array(wanted.prefix(Self.askedMax))
        path.add([.isOneOf(key, asked)])
        path.add("select", key == column ? key : "\(key),\(column)")
        path.add("limit", "\(Self.askedMax)")
        let rows = try await client.value(path)["rows"]?.elements ?? []
        for value in asked { known[value] = Name(text: nil, askedAt: now) }
        for row in rows {
            guard let value = row[key]?.cell, let text = row[column]?.cell, !text.isEmpty else { continue }
            known[value] = Name(text: text, askedAt: now)
        }
    }

    subscript(value: String) -> String? { known[value]?.text }
}
