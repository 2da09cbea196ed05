import Base
import Planner
import Stores

extension Engine {
    /// Where everything stands. Reads snapshots, the ends of topics, and of each input that lags one record for its age;
    /// takes no lock that a task holds while it works. Throws what the stores throw.
    /// - Complexity: O(tasks + views); now and then also O(rows) of a view, see `ViewRowCounts`.
    public func status() throws -> EngineStatus {
        let now = parts.clock.now()
        return EngineStatus(
            readAt: now,
            topologies: try plans.map { plan in
                EngineStatus.Topology(
                    name: plan.topology,
                    tasks: try layout.tasks(of: [plan]).map { try task($0, of: plan, now: now) },
                    views: try plan.views.map { try view($0.definition) })
            })
    }

    /// One task, wherever it runs.
    private func task(_ id: TaskID, of plan: Plan, now: EventTime) throws -> EngineStatus.Task {
        switch board.place(of: id) {
        case .here(let status): try task(status, now: now)
        case .restoring(let progress, let last):
            try task(last.map { TaskStatus(id, $0, plan) } ?? TaskStatus(task: id), .restoring(progress), now: now)
        case .elsewhere(let entry): try task(TaskStatus(id, entry, plan), .elsewhere(entry.owner), now: now)
        case .nowhere: try task(TaskStatus(task: id), .nowhere, now: now)
        }
    }

    func task(_ status: TaskStatus, _ place: EngineStatus.Task.Place = .here, now: EventTime) throws -> EngineStatus.Task {
        let lags = try status.inputs.map { try lag(at: $0.reached, of: $0.position.input, now: now) }
        return EngineStatus.Task(
            status: status, place: place, lags: lags, rates: board.rates(of: status.task), copyLag: board.copyLags[status.task])
    }

    private func lag(at next: Offset, of input: TopicPartition, now: EventTime) throws -> EngineStatus.Lag {
        let range = try parts.log.range(of: input)
        let oldest = max(next, range.first)
        guard oldest < range.end else { return .none }
        let batch = RecordBatch(capacity: 1)
        var age = TimeSpan.zero
        // Retention may pass the record meanwhile; its age is then told by the next reading.
        switch try parts.log.read(input, from: oldest, recordsMax: 1, bytesMax: 1, into: batch) {
        case .records: age = max(.zero, now - EventTime(microseconds: batch[0].timestamp))
        // Places without records are nothing to read.
        case .atEnd(let reached) where reached >= range.end: return .none
        case .atEnd, .expired, .beyondEnd: break
        }
        return EngineStatus.Lag(records: range.end.number - oldest.number, age: age)
    }

    private func view(_ definition: ViewDefinition) throws -> EngineStatus.View {
        EngineStatus.View(
            name: definition.name, partitions: try projections(of: definition),
            rowCount: try rowCounts.count(of: definition.name, in: parts.views))
    }

    func projections(of view: ViewDefinition) throws -> [EngineStatus.View.Partition] {
        try (0..<layout.taskCount(of: view.topology)).map { number in
            let partition = PartitionNumber(number)
            let position = board.position(of: view.name, partition) ?? .start
            let end = try parts.log.range(of: TopicPartition(view.topic, partition)).end
            return EngineStatus.View.Partition(
                partition: partition, position: position, lagRecords: max(0, end.number - position.next.number))
        }
    }
}

/// How many rows views have, counted seldom enough that asking costs next to nothing: a count is used again until fifty
/// times as long has passed as it took, so that counting takes at most a fiftieth of the time.
final class ViewRowCounts: Sendable {
    private struct Count {
        var rows: Int
        /// Monotonic nanoseconds from which on it is counted anew.
        var until: UInt64
    }

    private static let restShare: UInt64 = 50

    private let counts = Monitor<[String: Count]>([:])

    func count(of view: String, in views: any ViewStore) throws -> Int {
        let now = Stopwatch.nanoseconds()
        if let known = counts.withLock({ $0[view] }), now < known.until { return known.rows }
        let watch = Stopwatch()
        let rows = try views.rowCount(of: view)
        let spent = watch.elapsedNanoseconds
        counts.withLock { $0[view] = Count(rows: rows, until: now + spent * Self.restShare) }
        return rows
    }
}
