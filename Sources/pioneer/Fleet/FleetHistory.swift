import Base
import Fleet

/// Sends a fleet's history, batch after batch, and makes the next batch while one is under way.
///
/// Batches are named and numbered as those of `pioneer append` are (`AppendProducer`), by rows instead of bytes: full batches
/// are the same in every run, and the last, which is not, is written down by where it ended.
struct FleetHistory: Sendable {
    let plan: FleetPlan
    /// Where the run before stopped, in rows.
    let position: AppendPosition
    let state: FleetState
    let send: @Sendable (_ producer: String, _ number: Int64, _ lines: [UInt8]) async throws -> Void

    private struct Piece {
        var rows: Range<Int>
        var producer: String
        var number: Int64
        var isFull: Bool
    }

    func run() async throws {
        let watch = Stopwatch()
        let begin = position.stretch + Int(position.batches) * plan.rowsPerBatch
        var count = 0
        var next = piece(from: begin, after: position.batches)
        var making = next.map(make)
        while let current = next, let task = making {
            let batch = await task.value
            next = current.isFull ? piece(from: current.rows.upperBound, after: current.number) : nil
            making = next.map(make)
            try await pace(current.rows.lowerBound, since: begin, watch)
            try await send(current.producer, current.number, batch.lines)
            count += batch.eventCount
            let sent = count, rows = current.rows.upperBound - begin, all = plan.rowCount - begin
            state.line.show { _ in progress(rows: rows, of: all, events: sent, seconds: watch.elapsedSeconds) }
            try Task.checkCancellation()
        }
        state.line.clear()
        StandardStreams.complain(summary(count, begin: begin, seconds: watch.elapsedSeconds))
    }

    private func make(_ piece: Piece) -> Task<MetricEvents.Batch, Never> {
        let events = plan.history
        return Task { events.batch(piece.rows) }
    }

    /// The batch that begins at a row; nil at the history's end.
    private func piece(from row: Int, after batches: Int64) -> Piece? {
        let producer = plan.historyProducer
        if row + plan.rowsPerBatch <= plan.rowCount {
            return Piece(
                rows: row..<row + plan.rowsPerBatch, producer: producer.name(ofStretchAt: position.stretch), number: batches + 1,
                isFull: true)
        }
        guard row < plan.rowCount else { return nil }
        return Piece(
            rows: row..<plan.rowCount, producer: producer.name(ofRestAfter: batches, stretchAt: position.stretch),
            number: Int64(plan.rowCount), isFull: false)
    }

    /// Waits until it is the row's turn at the wanted speed.
    private func pace(_ row: Int, since begin: Int, _ watch: Stopwatch) async throws {
        guard let speed = plan.speed else { return }
        let due = (plan.history.time(ofRow: row) - plan.history.time(ofRow: begin)).seconds / speed
        let wait = due - watch.elapsedSeconds
        if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
    }

    /// `history: 3,200,000 events  33%  160,000/s  40.2 s left`
    private func progress(rows: Int, of all: Int, events: Int, seconds: Double) -> String {
        let left = seconds * Double(all - rows) / Double(max(1, rows)), rate = Int(Double(events) / max(seconds, 1e-9))
        return [
            "history: \(Figures.count(events, "event"))", "\(rows * 100 / max(1, all))%", "\(Figures.count(rate))/s",
            "\(Figures.duration(seconds: left)) left",
        ].joined(separator: "  ")
    }

    private func summary(_ count: Int, begin: Int, seconds: Double) -> String {
        let span = "\(plan.start) to \(plan.end)"
        guard begin < plan.rowCount else { return "history: there already, \(span)" }
        let rate = Figures.count(Int(Double(count) / max(seconds, 1e-9)))
        return "history: \(Figures.count(count, "event")) in \(Figures.duration(seconds: seconds)) (\(rate)/s), \(span)"
    }
}
