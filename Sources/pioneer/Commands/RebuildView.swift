import ArgumentParser
import Base
import Columns
import NIOHTTP1

extension ErrorCode {
    /// A rebuild that was waited for was cancelled.
    static let rebuildCancelled = ErrorCode("views.rebuild_cancelled")
}

/// `pioneer views rebuild VIEW`
struct RebuildView: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Fill a view's table anew from its topic, while the old one serves.",
        usage: "pioneer views rebuild <view> [<options>]",
        discussion: """
            The engines fill a new table from the first record that the view's topic holds. Queries go on reading the old one, \
            which is kept up meanwhile, until the new one has caught up and takes its place at once. Needed when rows were \
            changed by other hands; what a topology's new version changes comes with its own start.

            The command waits for the end. Ctrl-C leaves the rebuild going; the same call waits for it again.

            EXAMPLES
              pioneer views rebuild live_metrics
              pioneer views rebuild live_metrics --detach
              pioneer views rebuild resource_metrics --cancel

            EXIT STATUS
              0   the new table serves; begun, with --detach; given up, with --cancel
              2   unknown view, or nothing to cancel
              3   the engine or the views' database is not reachable, or somebody gave the rebuild up
            """)

    @Argument(help: ArgumentHelp("The view.", valueName: "view"))
    var view: String

    @Flag(help: "Give the rebuild that runs up; the old table stays.")
    var cancel = false

    @Flag(help: "Begin it and return.")
    var detach = false

    @OptionGroup var engine: EngineOptions

    private static let askInterval = Duration.milliseconds(500)

    func validate() throws {
        if cancel, detach { throw ValidationError("--cancel and --detach exclude each other.") }
    }

    func run() async throws {
        let client = try await engine.client()
        let path = RequestPath.api("views", view, "rebuild")
        if cancel {
            _ = try await client.value(path, .DELETE)
            return StandardStreams.print("The rebuild of \(view) was given up; the table that was there serves on.")
        }
        guard let begun = RebuildAnswer(try await client.value(path, .POST)["rebuild"]) else {
            throw EngineAnswer.notUnderstood([], from: client.address)
        }
        guard !detach else {
            return StandardStreams.print("Rebuild \(begun.number) of \(view) runs: \(begun.progress).\n\(Self.advice(view))")
        }
        try await endingOnStopSignal(saying: "The rebuild goes on. \(Self.advice(view))") { try await follow(begun, client, path) }
    }

    private static func advice(_ view: String) -> String {
        "Follow it: pioneer views rebuild \(view). Give it up: pioneer views rebuild \(view) --cancel."
    }

    private func follow(_ begun: RebuildAnswer, _ client: EngineClient, _ path: RequestPath) async throws {
        let line = RateLine()
        defer { line.clear() }
        var told: ViewTroubleText?, begun = begun
        while true {
            let answer = try await client.value(path)
            guard let now = RebuildAnswer(answer["rebuild"]) else {
                throw EngineError(
                    .rebuildCancelled, .environment, "the views' database knows nothing of a rebuild of '\(view)' any more",
                    remedy: "It was lost, or the view was; either is filled again from the log by itself.")
            }
            guard now.isRunning else { return try report(now, seconds: line.elapsedSeconds, line) }
            // The one that was begun is over, and somebody has begun another: with that the view is rebuilt, too.
            if now.number != begun.number { begun = now }
            line.show { "\(view): " + now.progress(since: begun, seconds: $0) }
            if let trouble = now.trouble, trouble.code != told?.code {
                line.clear()
                StandardStreams.complain("The new table stands still: \(trouble.message) [\(trouble.code)]")
                if let remedy = trouble.remedy { StandardStreams.complain("    " + remedy) }
            }
            told = now.trouble
            try await Task.sleep(for: Self.askInterval)
        }
    }

    private func report(_ end: RebuildAnswer, seconds: Double, _ line: RateLine) throws {
        line.clear()
        guard end.state == "cancelled" else {
            return StandardStreams.print("\(view) was rebuilt in \(Figures.duration(seconds: seconds)).")
        }
        throw EngineError(
            .rebuildCancelled, .environment, "somebody has given the rebuild of '\(view)' up",
            remedy: "The table that was there serves on. Begin another with 'pioneer views rebuild \(view)'.")
    }
}
