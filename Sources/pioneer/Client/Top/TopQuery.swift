import Base
import Columns

/// A row of a ranking.
struct TopRow: Equatable {
    /// Values of the label columns.
    var labels: [String]
    var value: Double
    /// Nil where the view has no windows.
    var window: String?
    /// The value that names are looked up by; nil where none are.
    var lookup: String?
}

/// Which rows of a view are ranked by which column.
struct TopQuery {
    var view: TopView
    var column: String
    var filters: [ViewFilter]
    var labels: [String]
    /// Rows of all windows, instead of each key's newest.
    var allWindows: Bool
    /// The column that names are looked up by.
    var lookup: String?

    /// The engine's largest answer.
    private static let rowsMax = 10_000
    /// How many windows before the newest a key's last row may be of. Partitions close windows one after another, and
    /// agents report one after another: the newest window alone would lack some.
    private static let windowsBack: Int64 = 2

    /// The rows that count, the highest value first.
    func rows(_ client: EngineClient) async throws -> [TopRow] {
        guard view.hasWindows, !allWindows else { return Self.ranked(try await ask(client, from: nil), self) }
        guard let newest = try await newestWindow(client) else { return [] }
        var rows = try await ask(client, from: newest.back(Self.windowsBack))
        // More than an answer holds: then the newest window alone, so that no key shows an older row than its newest.
        if rows.count >= Self.rowsMax { rows = try await ask(client, from: newest.start) }
        return Self.ranked(rows, self)
    }

    /// Each key's newest row, or all rows; the highest value first. Rows without a value are left out.
    static func ranked(_ rows: [JSONValue], _ query: TopQuery) -> [TopRow] {
        var kept: [(json: JSONValue, value: Double)] = []
        var places: [[String]: Int] = [:]
        for row in rows {
            guard let value = row[query.column]?.double else { continue }
            guard query.view.hasWindows, !query.allWindows else {
                kept.append((row, value))
                continue
            }
            let key = query.view.key.map { row[$0]?.description ?? "" }
            if let place = places[key] {
                // Times in this form sort as text.
                let isNewer = (row[TopView.windowStart]?.string ?? "") > (kept[place].json[TopView.windowStart]?.string ?? "")
                if isNewer { kept[place] = (row, value) }
            } else {
                places[key] = kept.count
                kept.append((row, value))
            }
        }
        let ranked = kept.enumerated().sorted { ($1.element.value, $0.offset) < ($0.element.value, $1.offset) }
        return ranked.map { _, row in
            TopRow(
                labels: query.labels.map { row.json[$0]?.cell ?? "" }, value: row.value, window: row.json[TopView.windowStart]?.string,
                lookup: query.lookup.flatMap { row.json[$0]?.cell })
        }
    }

    private struct Window {
        var start: EventTime
        var size: TimeSpan
        func back(_ count: Int64) -> EventTime { start - TimeSpan(microseconds: size.microseconds * count) }
    }

    private func newestWindow(_ client: EngineClient) async throws -> Window? {
        var path = RequestPath.api("views", view.name)
        path.add(filters)
        path.add("select", view.columns.contains { $0.name == "window_end" } ? "window_start,window_end" : "window_start")
        path.add("order", "window_start.desc")
        path.add("limit", "1")
        guard let row = try await client.value(path)["rows"]?.elements?.first,
            let start = row[TopView.windowStart]?.string.flatMap({ EventTime($0) })
        else { return nil }
        let end = row["window_end"]?.string.flatMap { EventTime($0) } ?? start
        return Window(start: start, size: end - start)
    }

    private func ask(_ client: EngineClient, from start: EventTime?) async throws -> [JSONValue] {
        var path = RequestPath.api("views", view.name)
        path.add(filters)
        if let start { path.add(TopView.windowStart, "gte.\(start)") }
        var names = labels + view.key + [column] + (lookup.map { [$0] } ?? [])
        if view.hasWindows { names.append(TopView.windowStart) }
        var seen: Set<String> = []
        path.add("select", names.filter { seen.insert($0).inserted }.joined(separator: ","))
        path.add("order", "\(column).desc.nullslast")
        path.add("limit", "\(Self.rowsMax)")
        return try await client.value(path)["rows"]?.elements ?? []
    }
}
