import Base
import Stores
import Telemetry

/// Fills the new table of a view that is rebuilt, beside the projection of the old one.
///
/// 1. Its partitions are projected from the first record that the topic holds.
/// 2. Once all of them, in whatever process, are close behind the old table's, the old one's projection is held: in each
///    process, for a moment, until the new table has passed it and the watermark.
/// 3. Then one transaction puts the new table in the old one's place. Whoever comes first does it.
///
/// What fails is tried again after a pause of its own: the old table goes on meanwhile.
final class RebuildFollower {
    enum Turn {
        case more, waiting
        /// It was finished or cancelled, here or elsewhere.
        case over
    }

    let number: Int64
    private let view: ViewDefinition
    private let parts: ViewFollower.Parts
    private let projectors: [PartitionNumber: ViewProjector]
    private var patience = ProjectionPatience()
    private var isRestored = false
    /// Monotonic nanoseconds until which the old table's projection may be held, and from which on it may be again.
    private var heldUntil: UInt64 = 0
    private var holdAgainAt: UInt64 = 0
    private var finishAt: UInt64 = 0

    /// Throws what the log throws.
    init(_ view: ViewDefinition, number: Int64, partitions: [PartitionNumber], _ parts: ViewFollower.Parts) throws {
        self.view = view
        self.number = number
        self.parts = parts
        // One of its own: a reader stands at one place of a partition, and the old table's is another.
        let log = try parts.log.reader()
        projectors = Dictionary(
            uniqueKeysWithValues: partitions.map { partition in
                let projector = ViewProjector(
                    view, partition: partition, rebuild: number, log: log, writtenEnd: parts.writtenEnd, views: parts.views,
                    board: parts.board)
                return (partition, projector)
            })
    }

    func position(of partition: PartitionNumber) -> ViewPosition? { projectors[partition]?.position }

    /// Takes over what the database tells of it, and of the table that serves.
    func look(_ found: ViewRebuild, old: [PartitionNumber: ViewPosition]) throws {
        for (partition, projector) in projectors {
            let position = found.positions[partition] ?? .start
            if !isRestored || position.next != projector.position.next || position.watermark > projector.position.watermark {
                try projector.restore(at: position)
            }
        }
        isRestored = true
        let now = Stopwatch.nanoseconds()
        let isClose = old.allSatisfy { partition, position in
            position.next.number - (found.positions[partition] ?? .start).next.number <= Limits.rebuildCloseRecords
        }
        guard isClose, now >= holdAgainAt else { return }
        heldUntil = now + Limits.rebuildHoldNanoseconds
        holdAgainAt = heldUntil + Limits.rebuildHoldNanoseconds * 4
    }

    /// Whether the old table's projection is to wait for the new one, which has passed it.
    func holds(_ old: ViewProjector) -> Bool {
        guard patience.trouble == nil, Stopwatch.nanoseconds() < heldUntil, let new = projectors[old.partition] else { return false }
        return new.position.next >= old.position.next
    }

    /// One turn of the partitions that are this process's.
    func turn(_ own: [ViewProjector]) -> Turn {
        guard patience.isDue else { return .waiting }
        do {
            let turn = try step(own)
            if patience.succeed() != nil { parts.board.publish(rebuildTrouble: nil, of: view.name) }
            return turn
        } catch let error as EngineError where error.code == .viewNotRebuilding {
            return .over
        } catch {
            let error = EngineError(describing: error)
            let isWorthALine = patience.fail(error, now: parts.clock.now())
            parts.board.publish(rebuildTrouble: patience.trouble, of: view.name)
            Telemetry.emit(ProjectionTried(view: view.name, code: error.code))
            if isWorthALine { Telemetry.emit(RebuildFailed(view: view.name, error: error, retryIn: patience.left)) }
            return .waiting
        }
    }

    private func step(_ own: [ViewProjector]) throws -> Turn {
        if let trouble = patience.trouble {
            // The new table may be what is missing: it is made again, empty.
            if trouble.error == .viewTableGone { try parts.views.prepare(view) }
            for projector in projectors.values { try projector.restore() }
        }
        var hasMore = false, isCaughtUp = true
        for old in own {
            guard let new = projectors[old.partition] else { continue }
            switch try new.step() {
            case .more: hasMore = true
            case .atEnd: break
            case .conflict:
                try new.restore()
                hasMore = true
            }
            if !RebuildRule.isCaughtUp(new: [old.partition: new.position], old: [old.partition: old.position]) { isCaughtUp = false }
        }
        let now = Stopwatch.nanoseconds()
        guard isCaughtUp, now >= finishAt else { return hasMore ? .more : .waiting }
        finishAt = now + Limits.rebuildFinishNanoseconds
        let outcome = try parts.views.finishRebuild(of: view.name, number: number, at: parts.clock.now())
        if outcome == .done { Telemetry.emit(ViewRebuilt(view: view.name, number: number)) }
        return outcome == .behind ? (hasMore ? .more : .waiting) : .over
    }
}
