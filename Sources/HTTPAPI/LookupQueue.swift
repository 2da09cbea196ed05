import Base
import Stores
import Synchronization

/// Queries for one row each, asked of the store together.
///
/// The first goes to the store at once; what comes while as many calls for its view are under way as the store likes best goes
/// with the next one. So nothing waits for company, and the more there is to do the less of it is the way to the store:
/// changing threads, and the network to a database. Queries for more rows are not among them: a slow one would hold up those
/// it is asked with. Views have queues of their own, because a lock on one of them must not hold up another.
final class LookupQueue: Sendable {
    private struct Lookup {
        let output: RowsOutput
        let format: RowFormat
        let watch = Stopwatch()
        let answer: CheckedContinuation<RowsOutput.Page, any Error>
    }

    private struct Line {
        var waiting: [Lookup] = []
        var flights = 0
    }

    private let engine: any EngineFacade
    private let work: BlockingWork
    private let lines = Mutex<[String: Line]>([:])

    init(_ engine: any EngineFacade, _ work: BlockingWork) {
        self.engine = engine
        self.work = work
    }

    /// As the store's `page`. Throws `view.busy` too. - Precondition: the query is a lookup.
    func page(_ output: RowsOutput, as format: RowFormat) async throws -> RowsOutput.Page {
        try work.admitQuery()
        defer { work.endQuery() }
        let view = output.query.view.name, callsMax = engine.views.lookups.calls
        return try await withCheckedThrowingContinuation { answer in
            let begins = lines.withLock { lines in
                lines[view, default: Line()].waiting.append(Lookup(output: output, format: format, answer: answer))
                guard let flights = lines[view]?.flights, flights < callsMax else { return false }
                lines[view]?.flights += 1
                return true
            }
            if begins { fly(view) }
        }
    }

    /// Takes its turn among all queries, and again for what has come since.
    private func fly(_ view: String) {
        work.submitQuery { [self] isRunning in
            let lookups = board(view, max: isRunning ? engine.views.lookups.together : .max)
            if isRunning { answer(lookups) } else { for lookup in lookups { lookup.answer.resume(throwing: CancellationError()) } }
            let goesOn = lines.withLock { lines in
                guard lines[view]?.waiting.isEmpty ?? true else { return true }
                lines[view]?.flights -= 1
                return false
            }
            if goesOn { fly(view) }
        }
    }

    private func board(_ view: String, max: Int) -> [Lookup] {
        lines.withLock { lines in
            guard let waiting = lines[view]?.waiting else { return [] }
            lines[view]?.waiting = Array(waiting.dropFirst(max))
            return Array(waiting.prefix(max))
        }
    }

    private func answer(_ lookups: [Lookup]) {
        var asked: [Lookup] = []
        for lookup in lookups {
            if let error = work.waitedTooLong(lookup.watch) { lookup.answer.resume(throwing: error) } else { asked.append(lookup) }
        }
        guard let view = asked.first?.output.query.view else { return }
        do {
            let partitionCount = try engine.log.topic(view.topic)?.partitionCount
            let requests = asked.map { ViewPageRequest($0.output.query, to: $0.output.writer(for: $0.format)) }
            for (index, page) in engine.views.pages(requests).enumerated() {
                asked[index].answer.resume(with: page.map {
                    asked[index].output.page($0, requests[index].writer.arena, asked[index].format, partitionCount: partitionCount)
                })
            }
        } catch {
            for lookup in asked { lookup.answer.resume(throwing: error) }
        }
    }
}
