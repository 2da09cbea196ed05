/// Lines that are appended together.
struct LineBatch: Equatable {
    /// Newline-delimited, each line with its newline.
    var body: [UInt8] = []
    var lines = 0
    /// One past the last line, in bytes from the beginning of the input.
    var end = 0
    /// The batch ended because of its limits, not because the input did: reading the same input again, or a longer one
    /// that begins with it, gives the same batch.
    var isFull = false
}

/// Cuts an input's records into batches. Where a batch ends depends on nothing but the records since the last one, so that
/// a second run cuts at the same places as the first. What becomes of one row is never cut.
struct BatchCutter {
    static let linesMax = 5_000
    /// Below what the engine takes in one request. A longer line goes alone, and the engine says what it thinks of it.
    static let bytesMax = 1 << 20

    private static let lineBreakBytesMax = 2

    /// Lines of records that begin before `start`.
    private(set) var skipped = 0
    /// One past the last record, counted or not.
    private(set) var position = 0
    private let start: Int
    private var batch = LineBatch()
    private var full: [LineBatch] = []
    private var next = 0

    /// - Parameter start: where the first record that counts begins.
    init(start: Int = 0) {
        self.start = start
        batch.end = start
    }

    mutating func add(_ unit: RecordUnit) {
        position = unit.end
        // By its beginning, because a last line without newline that was appended gets a longer end when the newline comes.
        // When more came than that, a writer was in the middle of the record, which is appended now that it is whole.
        guard unit.start >= start || unit.end > start + Self.lineBreakBytesMax else {
            skipped += unit.lines
            return
        }
        let isOver = batch.body.count + unit.body.count + 1 > Self.bytesMax || batch.lines + unit.lines > Self.linesMax
        if batch.lines > 0, isOver { close() }
        batch.body += unit.body
        batch.body.append(0x0A)
        batch.lines += unit.lines
        batch.end = unit.end
        if batch.lines >= Self.linesMax { close() }
    }

    /// The next full batch; nil: more records are needed.
    mutating func takeFull() -> LineBatch? {
        guard next < full.count else {
            full.removeAll(keepingCapacity: true)
            next = 0
            return nil
        }
        defer { next += 1 }
        return full[next]
    }

    /// What is left, a batch that is not full; nil where that is nothing.
    mutating func takeRest() -> LineBatch? {
        guard batch.lines > 0 else { return nil }
        defer { batch = LineBatch(end: batch.end) }
        return batch
    }

    private mutating func close() {
        batch.isFull = true
        full.append(batch)
        batch = LineBatch(end: batch.end)
    }
}
