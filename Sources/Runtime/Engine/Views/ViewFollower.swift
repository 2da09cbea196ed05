import Base
import Stores
import Telemetry

/// Keeps one view up with its topic: the partitions that are this process's to project, and a rebuild where one runs.
///
/// 1. Now and then it looks at the database: where the view stands, and whether a rebuild runs. Where somebody else has moved
///    a partition (another process, or the database was lost), it goes on from there.
/// 2. Several processes may project into one database. Who has a partition's task projects it; others leave it alone once they
///    have met there, and look on. Where nobody moves it on although there is more, one of them takes it up again: so it does
///    not matter whether processes share their database. Positions are compared and set: two at once do no harm.
/// 3. What fails is tried again from step 1, after a pause; beginning with the table itself, where that may not be as it was
///    made. Other views do not wait.
final class ViewFollower {
    /// One partition, and whether it is this process's to project.
    private struct Share {
        let projector: ViewProjector
        var isOwn = true
        /// Looks in a row that saw it where it was.
        var stillLooks = 0
        var lastSeen: [Offset] = []
    }

    struct Parts {
        var log: any EventLog
        var writtenEnd: (@Sendable (TopicPartition) throws -> Offset)?
        var views: any ViewStore
        var board: StatusBoard
        var clock: any WallClock
    }

    private let view: ViewDefinition
    private let parts: Parts
    private var shares: [Share]
    /// Whether the table is as the view wants it, as far as is known.
    private var isPrepared = false
    private var rebuild: RebuildFollower?
    private var patience = ProjectionPatience()
    /// Monotonic nanoseconds.
    private var nextLook: UInt64 = 0

    init(_ view: ViewDefinition, partitionCount: Int, _ parts: Parts) {
        self.view = view
        self.parts = parts
        shares = (0..<partitionCount).map { number in
            Share(
                projector: ViewProjector(
                    view, partition: PartitionNumber(number), log: parts.log, writtenEnd: parts.writtenEnd, views: parts.views,
                    board: parts.board))
        }
    }

    /// Makes the table. Throws what `ViewStore` throws.
    func prepare() throws {
        try parts.views.prepare(view)
        isPrepared = true
    }

    /// Takes over where the table stands. Throws what `ViewStore` throws, and `view.ahead_of_log`.
    func begin() throws {
        if !isPrepared { try prepare() }
        let positions = try parts.views.positions(of: view.name, log: parts.log.id)
        for share in shares { try share.projector.restore(at: positions[share.projector.partition] ?? .start) }
        rebuild = nil
        nextLook = 0
    }

    /// How long until there is something to do of itself; zero: at once.
    var pause: TimeSpan { patience.trouble == nil ? Limits.tickInterval : patience.left }

    /// One turn. True when there may be more to project at once.
    func turn() -> Bool {
        guard patience.isDue else { return false }
        do {
            if patience.trouble != nil { try begin() }
            let hasMore = try round()
            if let over = patience.succeed() {
                parts.board.publish(trouble: nil, of: view.name)
                Telemetry.emit(ProjectionRecovered(view: view.name, trouble: over, now: parts.clock.now()))
            }
            return hasMore
        } catch {
            note(EngineError(describing: error))
            return false
        }
    }

    /// To the topic's end, for the last time. What fails stays in the topic.
    func drain() {
        guard patience.trouble == nil else { return }
        do {
            for share in shares where share.isOwn { while try share.projector.step() == .more {} }
        } catch {
            Telemetry.emit(ProjectionFailed(view: view.name, error: EngineError(describing: error), retryIn: nil))
        }
    }

    private func note(_ error: EngineError) {
        let now = parts.clock.now()
        // A lock or a lost connection changes no table, and looking at its definition needs locks of its own.
        if !error.isTransient || error.code == .viewTableGone { isPrepared = false }
        let isWorthALine = patience.fail(error, now: now)
        parts.board.publish(trouble: patience.trouble, of: view.name)
        Telemetry.emit(ProjectionTried(view: view.name, code: error.code))
        if isWorthALine { Telemetry.emit(ProjectionFailed(view: view.name, error: error, retryIn: patience.left)) }
    }

    private func round() throws -> Bool {
        let now = Stopwatch.nanoseconds()
        if now >= nextLook {
            nextLook = now + Limits.viewLookNanoseconds
            try look()
        }
        var hasMore = false
        for index in shares.indices where shares[index].isOwn {
            let projector = shares[index].projector
            if rebuild?.holds(projector) ?? false { continue }
            switch try projector.step() {
            case .more: hasMore = true
            case .atEnd: break
            case .conflict:
                try meet(index)
                hasMore = true
            }
        }
        return try turnRebuild() || hasMore
    }

    // MARK: Others

    private func isHere(_ projector: ViewProjector) -> Bool {
        switch parts.board.place(of: projector.task) {
        case .here, .restoring: true
        case .elsewhere, .nowhere: false
        }
    }

    /// Somebody else has moved the partition on.
    private func meet(_ index: Int) throws {
        let projector = shares[index].projector
        if isHere(projector) {
            Telemetry.emit(ProjectionConflicted(view: view.name, partition: projector.partition, expected: projector.position.next))
        } else {
            shares[index].isOwn = false
            Telemetry.emit(ProjectionLeft(view: view.name, partition: projector.partition))
        }
        try projector.restore()
    }

    private func look() throws {
        let positions = try parts.views.positions(of: view.name, log: parts.log.id)
        let hasGoneBack = shares.contains { (positions[$0.projector.partition] ?? .start).next < $0.projector.position.next }
        // It may be another table: of a database that was made again, or of a view that was rebuilt.
        if hasGoneBack { try prepare() }
        try lookAtRebuild(positions)
        for index in shares.indices {
            let projector = shares[index].projector, found = positions[projector.partition] ?? .start
            if found.next != projector.position.next || found.watermark > projector.position.watermark {
                try projector.restore(at: found)
            }
            guard !shares[index].isOwn else { continue }
            if try isHere(projector) || isLeftLying(index) {
                shares[index].isOwn = true
                Telemetry.emit(ProjectionTakenUp(view: view.name, partition: projector.partition, next: found.next))
            }
        }
    }

    /// Whether nobody moves a partition on although there is more of it.
    private func isLeftLying(_ index: Int) throws -> Bool {
        let projector = shares[index].projector
        let new = rebuild?.position(of: projector.partition)?.next
        let seen = [projector.position.next] + [new].compactMap { $0 }
        shares[index].stillLooks = seen == shares[index].lastSeen ? shares[index].stillLooks + 1 : 0
        shares[index].lastSeen = seen
        // The log is not asked at every look.
        guard shares[index].stillLooks % Limits.viewStillLooks == Limits.viewStillLooks - 1 else { return false }
        if let new, new < projector.position.next { return true }
        return try parts.log.range(of: projector.topic).end > projector.position.next
    }

    // MARK: Rebuilding

    private func lookAtRebuild(_ positions: [PartitionNumber: ViewPosition]) throws {
        let mark = parts.board.rebuildMark(of: view.name)
        let found = try parts.views.rebuild(of: view.name)
        parts.board.publish(rebuild: found, of: view.name, since: mark)
        guard let found, found.isRunning else {
            rebuild = nil
            return
        }
        if rebuild?.number != found.number {
            rebuild = try RebuildFollower(view, number: found.number, partitions: shares.map(\.projector.partition), parts)
            Telemetry.emit(RebuildJoined(view: view.name, number: found.number))
        }
        try rebuild?.look(found, old: positions)
    }

    private func turnRebuild() throws -> Bool {
        guard let rebuild else { return false }
        switch rebuild.turn(shares.filter(\.isOwn).map(\.projector)) {
        case .more: return true
        case .waiting: return false
        case .over:
            // The table that serves may be another one now.
            nextLook = 0
            return true
        }
    }
}
