import Base
import Columns

extension ErrorCode {
    static let appendSortTooLarge = ErrorCode("append.sort_too_large")
}

/// All records of an input in the order of their event times; those of one time stay in the order they came in.
///
/// They are held in memory as lines of JSON. Records whose time cannot be read stay behind the one before them: the engine
/// makes dead letters of them.
final class SortedBatches: RecordBatches {
    /// Of the lines; about five million events. The engine runs beside it, on the same machine most times.
    static let bytesMax = 512 << 20

    let name: String
    let tally: ReadingTally
    private let lines: ByteArena
    private let order: [Line]
    private var cutter = BatchCutter()
    private var nextLine = 0
    /// Where the next line begins in the sorted text.
    private var start = 0

    private struct Line {
        var time: Int64
        var offset: Int
        var length: Int32
    }

    /// Reads everything. Throws what reading does, and `append.sort_too_large`.
    /// - Complexity: O(n log n).
    init(_ batches: StreamedBatches, _ scanner: EventTimeScanner, bytesMax: Int = SortedBatches.bytesMax, progress: () -> Void) throws {
        let lines = ByteArena(capacity: 1 << 16)
        var order: [Line] = []
        var last = Int64.min
        reading: while true {
            switch try batches.next() {
            case .end: break reading
            case .nothingYet: continue
            case .batch(let batch):
                guard lines.count + batch.body.count <= bytesMax else { throw Self.tooLarge(batches.name, bytesMax) }
                let base = lines.count
                batch.body.withUnsafeBufferPointer { _ = lines.append($0.baseAddress!, count: $0.count) }
                scanner.scan(batch) { range, time in
                    last = time ?? last
                    order.append(Line(time: last, offset: base + range.lowerBound, length: Int32(range.count)))
                }
                progress()
            }
        }
        order.sort { ($0.time, $0.offset) < ($1.time, $1.offset) }
        (self.lines, self.order, name, tally) = (lines, order, batches.name, batches.tally)
    }

    private static func tooLarge(_ name: String, _ bytesMax: Int) -> EngineError {
        EngineError(
            .appendSortTooLarge, .user, "'\(name)' has more than \(ByteCount(bytesMax)) of events, the most that --sort takes",
            remedy: "Sort it with sort(1) and append it without --sort, or split it by time.")
    }

    // MARK: Batches

    var skipped: Int { cutter.skipped }
    var position: Int { cutter.position }
    var share: Double? { order.isEmpty ? 1 : Double(nextLine) / Double(order.count) }

    func begin(at start: Int) { cutter = BatchCutter(start: start) }

    func next(patience: TimeSpan? = nil) throws -> BatchPiece {
        while true {
            if let batch = cutter.takeFull() { return .batch(batch) }
            guard nextLine < order.count else { return cutter.takeRest().map(BatchPiece.batch) ?? .end }
            let line = order[nextLine]
            nextLine += 1
            // The places are those in the sorted text, a newline behind each line.
            let end = start + Int(line.length) + 1
            let body = UnsafeBufferPointer(start: UnsafePointer(lines.base + line.offset), count: Int(line.length))
            cutter.add(RecordUnit(body: body, lines: 1, start: start, end: end))
            start = end
        }
    }

    func takeRest() -> LineBatch? { cutter.takeRest() }
}
