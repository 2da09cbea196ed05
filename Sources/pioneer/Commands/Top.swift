import ArgumentParser
import Base
import Columns

/// `pioneer top VIEW COLUMN [FILTER…]`
struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch an engine: its figures, and the rows of a view with the highest values.",
        usage: "pioneer top <view> <column> [<filter> ...] [<options>]",
        discussion: """
            A live picture until Ctrl-C, or blocks of text where standard output is no terminal. Of a view with windows, each \
            key counts with its newest window. Filters are those of 'pioneer query'; COLUMN=VALUE stands for COLUMN=eq.VALUE. \
            A full bar is 1 where no value is above it, else the highest value, or what --max says.

            EXAMPLES
              pioneer top live_metrics mean metric=system.cpu.utilization
              pioneer top live_metrics mean metric=system.cpu.utilization \\
                  --label-from machines.name --percent --limit 20
              pioneer top resource_metrics max metric=system.memory.usage --once
              pioneer top live_metrics samples --label resource_id,metric --for 10s

            EXIT STATUS
              0   done, or stopped by Ctrl-C
              2   unknown view or column, bad filter
              3   the engine is not reachable
            """)

    @Argument(help: ArgumentHelp("The view.", valueName: "view"))
    var view: String

    @Argument(help: ArgumentHelp("The column with the numbers to rank by.", valueName: "column"))
    var column: String

    @Argument(help: ArgumentHelp("Conditions, such as metric=system.cpu.utilization.", valueName: "filter"))
    var filters: [String] = []

    @Option(help: ArgumentHelp("Columns that name a row; the view's key otherwise.", valueName: "columns"))
    var label: String?

    @Option(help: ArgumentHelp("Name a row by a column of another view, found by its key: machines.name", valueName: "view.column"))
    var labelFrom: String?

    @Option(help: ArgumentHelp("The most rows to show.", valueName: "n"))
    var limit = 10

    @Flag(help: "Rank the rows of all windows, not just each key's newest.")
    var allWindows = false

    @Option(help: ArgumentHelp("What a full bar stands for.", valueName: "number"))
    var max: Double?

    @Flag(help: "Show fractions as percentages.")
    var percent = false

    @Option(help: ArgumentHelp("How often to show it anew.", valueName: "span"))
    var every = TimeSpan.seconds(1)

    @Flag(help: "Show it once.")
    var once = false

    @Option(name: .customLong("for"), help: ArgumentHelp("End after this time.", valueName: "span"))
    var upTo: TimeSpan?

    @OptionGroup var engine: EngineOptions

    func validate() throws {
        for filter in filters where ViewFilter(filter) == nil {
            throw ValidationError("'\(filter)' is no filter.\n\(ViewFilter.allowedForm)")
        }
        guard (1...1_000).contains(limit) else { throw ValidationError("'--limit \(limit)' is out of range.\nIt takes 1 to 1000.") }
        if let max, !(max > 0) { throw ValidationError("'--max \(max)' is no length of a bar.\nIt takes a number above 0.") }
        try LiveFrames.check(every: every)
    }

    func run() async throws {
        let request = TopRequest(
            view: view, column: column, filters: filters.compactMap(ViewFilter.init),
            labels: label?.split(separator: ",").map(String.init) ?? [], labelFrom: labelFrom, allWindows: allWindows)
        let look = TopLook(limit: limit, scale: max, isPercent: percent)
        let session = try await TopSession(try await engine.client(), request, look)
        if once {
            let terminal = Terminal.standardOutput
            StandardStreams.print(lines: LiveScreen.spelled(try await session.frame().lines(terminal), terminal))
            return
        }
        let frames = LiveFrames(every: every, upTo: upTo)
        try await untilStopSignal {
            try await frames.run(asking: { try await session.frame() }) { $0.lines($1) }
        }
    }
}
