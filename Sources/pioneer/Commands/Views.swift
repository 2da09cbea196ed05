import ArgumentParser
import Base
import Columns

/// `pioneer views …`
struct ViewsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "views", abstract: "List the views with their rows, columns and paths, or rebuild one.",
        usage: "pioneer views [<view>] [<options>]\n       pioneer views rebuild <view> [<options>]",
        discussion: """
            Without a name a line for each view; with one, its columns. 'rebuild' fills a view's table anew from its topic, \
            while the old one serves.

            EXAMPLES
              pioneer views
              pioneer views live_metrics
              pioneer views --json | jq -r '.views[].path'
              pioneer views rebuild live_metrics
              pioneer help views show
            """,
        subcommands: [Views.self, RebuildView.self], defaultSubcommand: Views.self)
}

/// `pioneer views [VIEW]`
struct Views: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "List the views, or show one's columns.",
        usage: "pioneer views [<view>] [<options>]",
        discussion: """
            Without a name a line for each view; with one, its columns. Views that stand still, and rebuilds, are told below.

            EXAMPLES
              pioneer views
              pioneer views live_metrics
              pioneer views --json | jq -r '.views[].path'

            EXIT STATUS
              0   answered
              2   unknown view
              3   the engine is not reachable
            """)

    @Argument(help: ArgumentHelp("The view whose columns to show.", valueName: "view"))
    var view: String?

    @Flag(help: "Print the engine's answer as JSON.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func run() async throws {
        let client = try await engine.client()
        let list = try await client.value(.api("views"))
        if let view { _ = try TopView(view, in: list) }
        let views = (list["views"]?.elements ?? []).filter { view == nil || $0["view"]?.string == view }
        if json { return StandardStreams.print(JSONValue(members: [("views", .list(views))]).description) }
        let terminal = Terminal.standardOutput
        let status = StatusAnswer(try await client.value(.api("status")))
        if let view, let only = views.first {
            return StandardStreams.print(lines: Self.columns(of: only, terminal) + Self.standing(of: view, status))
        }
        StandardStreams.print(lines: Self.lines(views, status, terminal))
    }

    static func lines(_ views: [JSONValue], _ status: StatusAnswer?, _ terminal: Terminal) -> [String] {
        guard !views.isEmpty else { return ["No views: no topology that runs has one."] }
        let known = status?.topologies.flatMap(\.views) ?? []
        var table = TextTable([.init("view"), .init("rows", .right), .init("columns", .right), .init("path")])
        for view in views {
            let name = view["view"]?.cell ?? ""
            let rows = known.first { $0.name == name }?.rows.map { Figures.count($0) } ?? "-"
            table.add([name, rows, "\(view["columns"]?.elements?.count ?? 0)", view["path"]?.string ?? view["url"]?.cell ?? ""])
        }
        let standing = known.flatMap { view in Self.standing(of: view.name, status) }
        return table.lines(width: terminal.width, style: Style(terminal)) + standing
    }

    /// Why a view stands still and how its rebuild goes, if either is so.
    private static func standing(of view: String, _ status: StatusAnswer?) -> [String] {
        guard let status, let known = status.topologies.flatMap(\.views).first(where: { $0.name == view }) else { return [] }
        let trouble = known.trouble.map { $0.sentence(of: view, now: status.readAt) }
        let rebuild = known.rebuild.flatMap { $0.isRunning ? "\(view) is rebuilt: \($0.progress)" : nil }
        return [trouble, rebuild].compactMap { $0 }
    }

    static func columns(of view: JSONValue, _ terminal: Terminal) -> [String] {
        let style = Style(terminal)
        let key = Set(view["key"]?.elements?.compactMap(\.string) ?? [])
        var table = TextTable([.init("column"), .init("type"), .init("key"), .init("description")])
        for column in view["columns"]?.elements ?? [] {
            let name = column["name"]?.cell ?? ""
            let type = (column["type"]?.cell ?? "") + (column["nullable"]?.bool == true ? "?" : "")
            table.add([name, type, key.contains(name) ? "key" : "", column["description"]?.string ?? ""])
        }
        let about = view["description"]?.string.map { WatermarkText.wrapped($0, width: terminal.width, indent: "") + [""] } ?? []
        return about + table.lines(width: terminal.width, style: style)
    }
}
