import ArgumentParser
import Base

/// `pioneer`: the engine, and the commands that talk to it.
@main
struct Pioneer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pioneer",
        abstract: "Event-sourced stream processing: topologies in, decisions and views out.",
        discussion: """
            A topology file says which topics are read, what is made of them, and which views and topics it ends in.

            EXAMPLES
              pioneer check topologies/usage.yaml            find what is wrong
              pioneer test topologies/usage.yaml             run the tests beside it
              pioneer run topologies/usage.yaml              run the engine
              pioneer plan topologies/usage.yaml             what a change does to its state
              pioneer append cloud.metrics metrics.jsonl     bring events in
              pioneer query resource_metrics --limit 5       ask a view

            The engine writes its address into its data directory; the other commands find it there, by --data or \
            $\(Settings.dataDir.declaration.variable), or are told it by --to.

            \(ExitStatus.table)
            """,
        version: "0.1.0",
        subcommands: [
            Run.self,
            Check.self,
            Explain.self,
            PlanCommand.self,
            TestCommand.self,
            Append.self,
            Tail.self,
            Query.self,
            Status.self,
            Top.self,
            Topics.self,
            ViewsCommand.self,
            AgentCommand.self,
            FleetCommand.self,
            Bench.self,
            ConfigCommand.self,
        ])

    /// Ends the process with the status that `ExitStatus` documents, whatever happens.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        switch error {
        case let status as ExitStatus:
            status.end()
        case let error as EngineError:
            tell(error)
            ExitStatus(error.domain).end()
        case let several as EngineErrors:
            for error in several.errors { tell(error) }
            ExitStatus(several.errors.first?.domain ?? .internal).end()
        case is CancellationError:
            ExitStatus.success.end()
        default:
            endParsing(with: error)
        }
    }

    private static func tell(_ error: EngineError) {
        let style = Style(.standardError)
        for line in ErrorText.lines(error, style: style) { StandardStreams.complain(line) }
    }

    /// Help and version are what was asked for; anything else that the argument parser throws is wrong usage, and what
    /// is no error of the parser's is a defect.
    private static func endParsing(with error: any Error) -> Never {
        let status = exitCode(for: error)
        if status == .success {
            StandardStreams.print(fullMessage(for: error))
            ExitStatus.success.end()
        }
        guard status == .validationFailure else {
            let defect = EngineError(.unexpected, .internal, "\(error)", remedy: "This is a defect of pioneer: please report it.")
            end(with: defect)
        }
        end(with: WrongUsage.error(message: message(for: error), fullMessage: fullMessage(for: error), root: Pioneer.self))
    }
}

extension ErrorCode {
    static let unexpected = ErrorCode("pioneer.unexpected")
}
