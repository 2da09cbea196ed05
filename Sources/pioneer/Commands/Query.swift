import ArgumentParser
import Base
import Columns
import HTTPAPI

/// `pioneer query [VIEW [FILTER…]]`
struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a view, or list the views.",
        usage: "pioneer query [<view>] [<filter> ...] [<options>]",
        discussion: """
            A filter is COLUMN=OPERATOR.VALUE, as PostgREST has it; several must all hold. Operators: eq, neq, lt, lte, gt, \
            gte, in.(a,b), like and ilike with * for any text, is.null, and not. before any of them. or=(a.eq.1,b.gt.2) holds \
            where one of its conditions does. Times may count from now: now-24h, now-1h30m. Nested fields are flattened \
            with '_': window_start.

            With count(), sum(), avg(), min() or max() in --select the rows are grouped by the other columns there, and \
            --order takes the answer's names.

            EXAMPLES
              pioneer query
              pioneer query resource_metrics resource_id=eq.i-1 --limit 12
              pioneer query resource_metrics mean=gt.80 --order mean.desc
              pioneer query resource_metrics 'or=(mean.gt.80,resource_id.like.web-*)'
              pioneer query resource_metrics 'window_start=gte.now-24h' \\
                --select 'resource_id,busiest:max.max(),count()' --order busiest.desc
              pioneer query resource_metrics --select resource_id,mean
              pioneer query resource_metrics --all --csv > metrics.csv
              pioneer query resource_metrics --json | jq '.rows[].mean'

            EXIT STATUS
              0   answered, also with no rows
              2   unknown view or column, bad filter
              3   the engine is not reachable
            """)

    @Argument(help: ArgumentHelp("The view; without one, all views are listed.", valueName: "view"))
    var view: String?

    @Argument(help: ArgumentHelp("Conditions, such as resource_id=eq.i-1 or or=(…).", valueName: "filter"))
    var filters: [String] = []

    @Option(help: ArgumentHelp("Columns, with commas between; total:cost.sum() makes groups.", valueName: "columns"))
    var select: String?

    @Option(help: ArgumentHelp("Columns to order by: mean.desc,resource_id", valueName: "columns"))
    var order: String?

    @Option(help: ArgumentHelp("The most rows to give; without it 100.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Rows to pass over.", valueName: "n"))
    var offset: Int?

    @Flag(help: "Give all rows, page after page.")
    var all = false

    @Flag(help: "Print CSV, with a header line.")
    var csv = false

    @Flag(help: "Print the engine's answer as JSON; with --all a document a page.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        for filter in filters where ViewFilter(filter) == nil {
            throw ValidationError("'\(filter)' is no filter.\n\(ViewFilter.allowedForm)")
        }
        if all, limit != nil { throw ValidationError("--all and --limit exclude each other\nLeave --limit out for every row.") }
        if csv, json { throw ValidationError("--csv and --json are two formats\nLeave one out.") }
        if csv, view == nil {
            throw ValidationError("--csv is for the rows of a view, and none is named\nName one: pioneer query VIEW --csv.")
        }
    }

    func run() async throws {
        let terminal = Terminal.standardOutput
        let client = try await engine.client()
        guard let view else {
            let views = try await client.value(path)
            return json ? StandardStreams.print(views.description) : StandardStreams.print(lines: ViewAnswer.list(views, terminal))
        }
        if csv { return try await printCSV(client) }
        var answer: ViewAnswer?
        var page: RequestPath? = path
        while let current = page {
            let value = try await client.value(current)
            guard let rows = ViewAnswer(value) else {
                throw EngineAnswer.notUnderstood(Array(value.description.utf8), from: client.address)
            }
            if json { StandardStreams.print(value.description) }
            page = all ? rows.next.map { path(after: $0) } : nil
            // Only the table needs all the rows at once, for its widths.
            if json { continue }
            answer = answer.map { $0.followed(by: rows) } ?? rows
        }
        guard let answer else { return }
        StandardStreams.print(lines: answer.lines(terminal, now: SystemClock().now()))
        guard answer.rows.isEmpty, let hint = answer.hint(views: try await client.value(.api("views")), view) else { return }
        StandardStreams.complain(hint)
    }

    /// Pages follow each other without their header lines.
    private func printCSV(_ client: EngineClient) async throws {
        var page: RequestPath? = path, isFirst = true
        while let current = page {
            let (text, next) = try await client.table(current)
            let start = isFirst ? text.startIndex : text.firstIndex(of: 0x0A).map { $0 + 1 } ?? text.endIndex
            StandardStreams.write(String(decoding: text[start...], as: UTF8.self))
            isFirst = false
            page = all ? next.map { path(after: $0) } : nil
        }
    }

    var path: RequestPath { path(after: nil) }

    /// - Parameter cursor: of the page before.
    private func path(after cursor: String?) -> RequestPath {
        guard let view else { return .api("views") }
        var path = RequestPath.api("views", view)
        path.add(filters.compactMap(ViewFilter.init))
        path.add("select", select)
        path.add("order", order)
        path.add("limit", all ? String(Self.pageRows) : limit.map(String.init))
        path.add("offset", cursor == nil ? offset.map(String.init) : nil)
        path.add("cursor", cursor)
        return path
    }

    /// The most that the engine gives at once.
    private static let pageRows = APILimits.rowsMax
}
