import ArgumentParser
import Base
import Columns

/// `pioneer query [VIEW [FILTER…]]`
struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a view, or list the views.",
        usage: "pioneer query [<view>] [<filter> ...] [<options>]",
        discussion: """
            A filter is COLUMN=OPERATOR.VALUE, as PostgREST has it; several must all hold. Operators: eq, neq, lt, lte, gt, \
            gte, in.(a,b), is.null, and not. before any of them. Nested fields are flattened with '_': window_start.

            EXAMPLES
              pioneer query
              pioneer query resource_metrics resource_id=eq.i-1 --limit 12
              pioneer query resource_metrics mean=gt.80 --order mean.desc
              pioneer query resource_metrics --select resource_id,mean
              pioneer query resource_metrics --json | jq '.rows[].mean'

            EXIT STATUS
              0   answered, also with no rows
              2   unknown view or column, bad filter
              3   the engine is not reachable
            """)

    @Argument(help: ArgumentHelp("The view; without one, all views are listed.", valueName: "view"))
    var view: String?

    @Argument(help: ArgumentHelp("Conditions, such as resource_id=eq.i-1.", valueName: "filter"))
    var filters: [String] = []

    @Option(help: ArgumentHelp("The columns wanted, with commas between them.", valueName: "columns"))
    var select: String?

    @Option(help: ArgumentHelp("Columns to order by: mean.desc,resource_id", valueName: "columns"))
    var order: String?

    @Option(help: ArgumentHelp("The most rows to give.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Rows to pass over.", valueName: "n"))
    var offset: Int?

    @Flag(help: "Print the engine's answer as JSON.")
    var json = false

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        for filter in filters where ViewFilter(filter) == nil {
            throw ValidationError("'\(filter)' is no filter.\n\(ViewFilter.allowedForm)")
        }
    }

    func run() async throws {
        let terminal = Terminal.standardOutput
        let client = try await engine.client()
        let answer = try await client.value(path)
        if json {
            StandardStreams.print(answer.description)
        } else if view != nil {
            guard let rows = ViewAnswer(answer) else {
                throw EngineAnswer.notUnderstood(Array(answer.description.utf8), from: client.address)
            }
            StandardStreams.print(lines: rows.lines(terminal, now: SystemClock().now()))
        } else {
            StandardStreams.print(lines: ViewAnswer.list(answer, terminal))
        }
    }

    var path: RequestPath {
        guard let view else { return .api("views") }
        var path = RequestPath.api("views", view)
        path.add(filters.compactMap(ViewFilter.init))
        path.add("select", select)
        path.add("order", order)
        path.add("limit", limit.map(String.init))
        path.add("offset", offset.map(String.init))
        return path
    }
}
