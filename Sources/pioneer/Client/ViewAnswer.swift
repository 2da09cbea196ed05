import Base
import Columns

/// What the engine answers to a question to a view: rows, and how fresh they are.
struct ViewAnswer {
    var view: String
    var rows: [JSONValue]
    /// All rows of event time before this are in the answer. Nil: nothing is known yet.
    var watermark: EventTime?
    /// The cursor of the next page; nil on the last.
    var next: String?

    /// Nil where the value has no rows.
    init?(_ value: JSONValue) {
        guard let rows = value["rows"]?.elements else { return nil }
        view = value["view"]?.string ?? ""
        self.rows = rows
        watermark = value["fresh"]?["watermark"]?.string.flatMap { EventTime($0) }
        next = value["next"]?.string
    }

    /// Both pages as one.
    func followed(by page: ViewAnswer) -> ViewAnswer {
        var both = page
        both.rows = rows + page.rows
        return both
    }

    /// Why there may be no rows yet. Nil where the engine's list of views has nothing to say to it.
    func hint(views: JSONValue, _ name: String) -> String? {
        guard rows.isEmpty, let view = views["views"]?.elements?.first(where: { $0["view"]?.string == name }) else { return nil }
        guard let watermark, watermark > .earliest else {
            return "Nothing has come into the view yet: its topology has not seen time pass in all of its inputs."
        }
        let hasWindows = view["columns"]?.elements?.contains { $0["name"]?.string == "window_end" } ?? false
        return hasWindows
            ? "A window's row comes when the watermark, now \(watermark), passes the window's end." : nil
    }

    /// The rows as a table, and a line below it: how many, how fresh.
    func lines(_ terminal: Terminal, now: EventTime) -> [String] {
        let style = Style(terminal)
        let table = rows.isEmpty ? [] : Self.table(of: rows).lines(width: terminal.width, style: style)
        return table + [style(.dim, footer(now: now))]
    }

    func footer(now: EventTime) -> String {
        let count = (rows.isEmpty ? "no rows" : Figures.count(rows.count, "row")) + (next == nil ? "" : ", and more with --all")
        guard let watermark, watermark > .earliest else { return "(\(count))" }
        let age = (now - watermark).seconds
        return "(\(count); everything before \(watermark) is in" + (age >= 1 ? ", \(Figures.duration(seconds: age)) ago)" : ")")
    }

    /// Columns in the order they first appear; those with numbers alone are right-aligned.
    static func table(of rows: [JSONValue]) -> TextTable {
        var names: [String] = []
        var known: Set<String> = []
        for row in rows { for member in row.members ?? [] where known.insert(member.key).inserted { names.append(member.key) } }
        let columns = names.map { name in
            let values = rows.compactMap { $0[name] }.filter { !$0.isNull }
            if !values.isEmpty, values.allSatisfy(\.isNumber) { return TextTable.Column(name, .right) }
            let isTime = !values.isEmpty && values.allSatisfy { $0.string.flatMap { EventTime($0) } != nil }
            return TextTable.Column(name, isWhole: isTime)
        }
        var table = TextTable(columns)
        for row in rows { table.add(names.map { row[$0]?.cell ?? "" }) }
        return table
    }

    /// All views, a line each.
    static func list(_ value: JSONValue, _ terminal: Terminal) -> [String] {
        let views = value["views"]?.elements ?? []
        guard !views.isEmpty else { return ["No views: no topology that runs has one."] }
        var table = TextTable([.init("view"), .init("topology"), .init("key"), .init("keep"), .init("path"), .init("description")])
        for view in views {
            let key = view["key"]?.elements?.map(\.cell).joined(separator: ", ")
            table.add([
                view["view"]?.cell ?? "", view["topology"]?.cell ?? "", key ?? "", view["keep"]?.cell ?? "", view["path"]?.cell ?? "",
                view["description"]?.cell ?? "",
            ])
        }
        return table.lines(width: terminal.width, style: Style(terminal))
    }
}
