public import Base
import Planner
public import Stores
import Synchronization

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
        let trouble = board.trouble(of: definition.name)
        return EngineStatus.View(
            name: definition.name, partitions: try projections(of: definition),
            rowCount: rowCounts.count(of: definition.name, in: parts.views, mayAsk: trouble == nil), trouble: trouble,
            rebuild: try rebuild(of: definition))
    }

    /// The view's latest rebuild, as its projection last told or `note` did; nil: none is known. Throws what the log throws.
    public func rebuild(of view: ViewDefinition) throws -> EngineStatus.View.Rebuild? {
        try board.rebuild(of: view.name).map { .init($0.rebuild, ranges: try ranges(of: view), trouble: $0.trouble) }
    }

    func projections(of view: ViewDefinition) throws -> [EngineStatus.View.Partition] {
        try ranges(of: view).sorted { $0.key < $1.key }.map { partition, range in
            let position = board.position(of: view.name, partition) ?? .start
            return EngineStatus.View.Partition(
                partition: partition, position: position, lagRecords: max(0, range.end.number - position.next.number))
        }
    }

    private func ranges(of view: ViewDefinition) throws -> [PartitionNumber: OffsetRange] {
        try (0..<layout.taskCount(of: view.topology)).reduce(into: [:]) { ranges, number in
            let partition = PartitionNumber(number)
            ranges[partition] = try parts.log.range(of: TopicPartition(view.topic, partition))
        }
    }

    /// Takes what the database has just told of a view's rebuild.
    public func note(rebuild: ViewRebuild?, of view: ViewDefinition) { board.publish(rebuild: rebuild, of: view.name) }

    /// Where a view stands, as its projection last told. Partitions that it has not come to are absent.
    public func positions(of view: ViewDefinition) -> [PartitionNumber: ViewPosition] { board.positions(of: view.name) }

    /// The views whose projection stands still, by name.
    public var viewTroubles: [String: ViewTrouble] {
        viewDefinitions.reduce(into: [:]) { $0[$1.name] = board.trouble(of: $1.name) }
    }
}

/// How many rows views have, counted seldom enough that asking costs next to nothing: a count is used again until fifty
/// times as long has passed as it took, so that counting takes at most a fiftieth of the time. One thread counts at a time;
/// others take the last count meanwhile, so that a database which is slow to answer holds one of them.
final class ViewRowCounts: Sendable {
    private struct Count {
        var rows: Int
        /// Monotonic nanoseconds from which on it is counted anew.
        var until: UInt64
    }

    private static let restShare: UInt64 = 50

    private let counts = Monitor<[String: Count]>([:])
    private let isCounting = Atomic(false)

    /// - Parameter mayAsk: false: the database is not asked, which does not answer.
    /// - Returns: the last count where the database has no other; nil where there never was one.
    func count(of view: String, in views: any ViewStore, mayAsk: Bool) -> Int? {
        let now = Stopwatch.nanoseconds(), known = counts.withLock { $0[view] }
        if let known, now < known.until || !mayAsk { return known.rows }
        guard isCounting.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
        else { return known?.rows }
        defer { isCounting.store(false, ordering: .releasing) }
        let watch = Stopwatch()
        guard mayAsk, let rows = try? views.rowCount(of: view) else { return known?.rows }
        let spent = watch.elapsedNanoseconds
        counts.withLock { $0[view] = Count(rows: rows, until: now + spent * Self.restShare) }
        return rows
    }
}
